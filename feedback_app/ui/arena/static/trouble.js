// Replies that could not be written: the reason, and what to do. While the engine does not answer it is asked again and again, and
// the page continues once it does. A prompt that is too long comes back into the box, to be shortened.
import { sentence } from "../../shared/static/ask.js";
import { el } from "./board.js";
import { continueAgain } from "./conversation.js";
import { ask } from "./service.js";

const ASK_MS = 3000;
const SLOWEST_MS = 60000;
/** @type {Record<string, string>} */
const TITLES = { engine: "The model does not answer.", too_long: "The prompt is too long for the model." };
/** @type {Record<string, string>} */
const ADVICE = {
  engine: "This page continues as soon as it answers.",
  too_long: "It is in the box above. Edit it there and compare again.",
};
const OTHER_TITLE = "The replies could not be written.";
const OTHER_ADVICE = "Try again, or continue with another prompt.";
const DRAWN_ADVICE = "Continue with another prompt.";

let pause = ASK_MS; // doubled each time the engine answered and then failed again
let triedAt = 0;

/** @param {Board} board @param {() => void} again */
export function showTrouble(board, again) {
  const kind = board.trouble;
  el("cards").innerHTML = `<div class="empty bad" id="trouble" role="alert"><p class="empty-title"></p><p class="why"></p><p class="way"></p></div>`;
  const box = el("trouble");
  box.dataset.kind = kind;
  const [title, why, way] = box.children;
  title.textContent = TITLES[kind] || OTHER_TITLE;
  why.textContent = sentence(board.problem);
  way.textContent = (kind === "too_long" && board.drawn && DRAWN_ADVICE) || ADVICE[kind] || OTHER_ADVICE;
  if (kind === "too_long") offerToShorten(board);
  else offerRetry(box, again);
  if (kind === "engine") waitForEngine(board, box, again);
  else if (!board.drawn) el("prompt").value ||= board.prompt;
}

/** @param {Board} board */
function offerToShorten(board) {
  el("again").hidden = true;
  if (board.drawn) return;
  el("asked").hidden = true;
  el("prompt").value = board.prompt;
  continueAgain();
  el("prompt").focus();
}

/** @param {HTMLElement} box @param {() => void} again */
function offerRetry(box, again) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", id: "try-again", className: "main", textContent: "Try again" });
  button.addEventListener("click", again);
  el("again").hidden = false;
  box.append(button);
}

/** @param {number} ms */
const later = (ms) => new Promise((done) => setTimeout(done, ms));

/** @param {Board} board @param {HTMLElement} box @param {() => void} again */
async function waitForEngine(board, box, again) {
  const shown = () => el("trouble") === box;
  if (Date.now() - triedAt > 2 * SLOWEST_MS) pause = ASK_MS;
  for (;;) {
    await later(pause);
    if (!shown()) return;
    if (document.hidden) continue;
    const answer = await ask("GET", `c/${board.id}/engine`).catch(() => ({}));
    if (answer.answers && shown()) {
      pause = Math.min(2 * pause, SLOWEST_MS);
      triedAt = Date.now();
      return again();
    }
  }
}
