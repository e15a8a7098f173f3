// Replies that could not be written: what is wrong, in words, and the way on. An engine that is away is asked again and again,
// and the page continues once it is back; a prompt that is too long lies in the box to be shortened.
import { sentence } from "../../shared/static/ask.js";
import { el } from "./board.js";
import { followAgain } from "./conversation.js";
import { ask } from "./service.js";

const ASK_MS = 3000;
const SLOWEST_MS = 60000;
/** @type {Record<string, string>} */
const TITLES = { engine: "The model does not answer.", too_long: "The prompt is too long for the model." };
/** @type {Record<string, string>} */
const WAYS = {
  engine: "This page continues as soon as it answers.",
  too_long: "It is in the box above. Edit it there and compare again.",
};
const OTHER = ["The replies could not be written.", "Try again, or go on with another prompt."];
const DRAWN = "Go on with another prompt.";

let pause = ASK_MS; // longer each time the engine seemed to be back and was not
let tried = 0;

/** @param {Board} board @param {() => void} again */
export function meet(board, again) {
  const kind = board.trouble;
  el("cards").innerHTML = `<div class="empty bad" id="trouble" role="alert"><p class="empty-title"></p><p class="why"></p><p class="way"></p></div>`;
  const box = el("trouble");
  box.dataset.kind = kind;
  const [title, why, way] = box.children;
  title.textContent = TITLES[kind] || OTHER[0];
  why.textContent = sentence(board.problem);
  way.textContent = (kind === "too_long" && board.drawn && DRAWN) || WAYS[kind] || OTHER[1];
  if (kind === "too_long") shorten(board);
  else retry(box, again);
  if (kind === "engine") wait(board, box, again);
  else if (!board.drawn) el("prompt").value ||= board.prompt;
}

/** @param {Board} board */
function shorten(board) {
  el("again").hidden = true;
  if (board.drawn) return;
  el("asked").hidden = true;
  el("prompt").value = board.prompt;
  followAgain();
  el("prompt").focus();
}

/** @param {HTMLElement} box @param {() => void} again */
function retry(box, again) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", id: "try-again", className: "main", textContent: "Try again" });
  button.addEventListener("click", again);
  el("again").hidden = false;
  box.append(button);
}

/** @param {number} ms */
const later = (ms) => new Promise((done) => setTimeout(done, ms));

/** @param {Board} board @param {HTMLElement} box @param {() => void} again */
async function wait(board, box, again) {
  const shown = () => el("trouble") === box;
  if (Date.now() - tried > 2 * SLOWEST_MS) pause = ASK_MS;
  for (;;) {
    await later(pause);
    if (!shown()) return;
    if (document.hidden) continue;
    const told = await ask("GET", `c/${board.id}/engine`).catch(() => ({}));
    if (told.answers && shown()) {
      pause = Math.min(2 * pause, SLOWEST_MS);
      tried = Date.now();
      return again();
    }
  }
}
