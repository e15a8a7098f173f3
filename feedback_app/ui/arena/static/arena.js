// The arena: what is shown, what comes next, and what is sent. The next comparisons lie here ready, so that a verdict shows
// the next one at once, while it is sent. If it is refused its comparison comes back.
import * as ahead from "./ahead.js";
import { conversation, draw, el, empty, grow, line, loading, strip } from "./board.js";
import { follow, following, goingOn, thread, unfollow } from "./conversation.js";
import { decided, note } from "./decided.js";
import * as said from "./details.js";
import { goesOn, keep, kind, recall } from "./kind.js";
import { ask, inWords, Outbox } from "./service.js";
import * as keys from "./keys.js";
import * as places from "./places.js";
import { meet } from "./trouble.js";

const GROW_MS = 150;
const WRITING = "The replies are still being written: save your version when they are complete.";

/** @type {Board | null} */
let current = null;
let began = 0;
let asking = 0; // how many requests for replies are under way: nothing else is shown in their place
/** @type {Map<string, Board>} */
const seen = new Map();

ahead.fillBehind(() => (asking ? { state: "generating" } : current));

const outbox = new Outbox((waiting) => {
  el("arena").toggleAttribute("data-offline", waiting > 0);
  line(waiting ? "codeLynn does not answer. What you decided is kept here and sent as soon as it does." : "");
  if (waiting) return;
  if (!current && !asking && !following()) next();
  ahead.fill();
});

/** @param {Board} board */
function show(board) {
  const fresh = current?.id !== board.id;
  current = board;
  if (board.state === "open") seen.set(board.id, board);
  unfollow();
  draw(board);
  fresh ? said.restore(board) : said.update(board);
  places.reset();
  if (board.state === "failed") meet(board, again);
  ahead.count();
  window.codelynn.remember(board.id);
  began = performance.now();
  if (board.state === "generating") watch(board.id);
  else ahead.plan(0);
}

/** @param {string} id */
async function watch(id) {
  while (current?.id === id) {
    const board = await ask("GET", `c/${id}`).catch(fails);
    if (!board || current?.id !== id) return;
    if (board.state !== "generating") return show(board);
    grow(board);
    await new Promise((later) => setTimeout(later, GROW_MS));
  }
}

/** @param {unknown} error */
const fails = (error) => line(inWords(error));

/** What was asked for, or null where it does not come: then the pair that made room for it comes back. @param {number} n @param {() => Promise<Board>} asked @returns {Promise<Board | null>} */
async function inPlace(n, asked) {
  const here = current;
  current = null; // it is not to be judged or drawn anew meanwhile
  asking += 1;
  loading(n);
  try {
    const board = await asked();
    if (current?.state === "open") ahead.setAside(current); // an undo has brought it back meanwhile
    return board;
  } catch (error) {
    if (!current) here ? show(here) : following() ? conversation(thread()) : empty();
    fails(error);
    return null;
  } finally {
    asking -= 1;
  }
}

/** @param {{ topic: string, n: number, prompt?: string, after?: string, reply?: string }} request */
async function begin(request) {
  const board = await inPlace(request.n, () => ask("POST", "open", request));
  if (board) show(board);
  return Boolean(board);
}

function next() {
  const board = ahead.next();
  if (board) return show(board);
  current = null; // decided already: it must not come back where no other can be had
  return begin(kind());
}

/** @param {string} path @param {object | null} body @param {string} told */
function decide(path, body, told) {
  const judged = current;
  line("");
  strip(told);
  note(judged.id);
  const sent = outbox.send(body ? "PUT" : "POST", path, body);
  if (goesOn()) next();
  else if (!body) {
    current = null;
    window.codelynn.remember("");
    empty();
  }
  sent.then(
    (answer) => {
      if (decided.at(-1) === judged.id) strip(answer.told, answer.go_on, followed);
      el("progress").innerHTML = answer.progress;
      if (answer.board && current?.id === judged.id && decided.includes(judged.id)) show(answer.board);
    },
    (error) => putBack(judged, error),
  );
}

/** @param {Board} judged @param {Error} error */
function putBack(judged, error) {
  if (!decided.includes(judged.id)) return; // taken back meanwhile
  decided.splice(decided.lastIndexOf(judged.id), 1);
  note();
  if (current && current.id !== judged.id) ahead.setAside(current);
  strip("");
  show(judged);
  line(`This vote was not kept: ${error.message}. Here are the replies again.`);
}

/** @param {string[][]} groups @param {string} told @param {boolean} allBad */
function rank(groups, told, allBad = false) {
  if (current?.state !== "open") return;
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  decide(`c/${current.id}/ranking`, { groups, all_bad: allBad, seconds, ...said.details() }, told);
}

/** @param {number} i */
const better = (i) => rank([[current.ids[i]], [current.ids[1 - i]]], `You ranked ${"AB"[i]} > ${"BA"[i]}.`);

function submit() {
  const given = places.groups();
  if (!given) return line("Give at least one reply a place first; the others share the last one.");
  rank(given, `You ranked ${places.letters(given, current.ids)}.`);
}

async function undo() {
  const id = decided.pop();
  note();
  /** @param {Board} board */
  const back = (board) => {
    const here = current;
    if (here && here.id !== board.id && here.state !== "ranked" && here.state !== "failed") ahead.setAside(here);
    show(board);
  };
  line("");
  const known = id && seen.get(id);
  if (known) back(known);
  strip("Taken back: decide again.");
  try {
    const { board, progress } = id ? await outbox.send("DELETE", `c/${id}/ranking`) : await ask("POST", "undo");
    el("progress").innerHTML = progress;
    if (!known) back(board);
  } catch (error) {
    strip("");
    fails(error);
  }
}

async function again() {
  const old = current;
  if (!old) return;
  const board = await inPlace(old.ids.length, () => ask("POST", `c/${old.id}/again`));
  if (!board) return;
  note(old.id);
  strip("Fresh replies to the same prompt.");
  line("");
  said.carry(old.id, board.id);
  show(board);
}

/** The pair on the page makes room for the conversation, and comes back when that is left. @param {Way} way */
function followed(way) {
  if (current?.state === "open" || current?.state === "generating") ahead.setAside(current);
  current = null;
  window.codelynn.remember("");
  line("");
  strip("");
  follow({ ...way, after: decided.at(-1) }, next);
  conversation(way.thread);
}

/** @param {Event} event */
async function compare(event) {
  event.preventDefault();
  const prompt = el("prompt").value;
  if (!prompt.trim()) return line("The prompt is empty: write something to answer.");
  line("");
  const here = current;
  if (await begin({ ...kind(), prompt, ...goingOn() })) {
    if (here?.state === "open") ahead.setAside(here);
    if (el("prompt").value === prompt && current?.state !== "failed") el("prompt").value = "";
    el("prompt").blur();
    strip("");
  }
}

function drawOne() {
  line("");
  strip("");
  unfollow();
  if (current?.state === "open") ahead.forget(current.id);
  const board = ahead.fresh();
  if (board) show(board);
  else begin(kind());
}

// The owner's own version, with the ranking that there is; without one no reply is better than another.
function saveOwn() {
  if (current.state === "ranked") return save();
  if (current.state !== "open") return line(WRITING);
  rank(places.groups() || [current.ids], "Saved. The next round can learn from your version.");
}

function save() {
  const { groups, all_bad } = current.ranking;
  outbox.send("PUT", `c/${current.id}/ranking`, { groups, all_bad, ...said.details() }).then((answer) => {
    const own = answer.board.ranking.edit;
    strip(own ? "Saved. The next round can learn from your version." : "Saved with the ranking.", answer.go_on, followed);
    el("progress").innerHTML = answer.progress;
    show(answer.board);
  }, fails);
}

// Other languages or topics are wanted: what was drawn for the old ones makes room.
async function changeInterests() {
  ahead.restart();
  if (asking || following() || (current && !current.drawn)) return;
  try {
    const told = await ask("POST", "start", kind());
    ahead.take(told);
    told.board ? show(told.board) : begin(kind());
  } catch (error) {
    fails(error);
  }
}

const chooseKind = () => [keep(), ahead.restart()];

function connect() {
  const clicks = {
    "better-1": () => better(0),
    "better-2": () => better(1),
    tie: () => rank([current.ids], "A tie."),
    "all-bad": () => rank([], "All bad.", true),
    skip: () => current && decide(`c/${current.id}/skip`, null, "Skipped."),
    "submit-ranking": submit,
    undo,
    again,
    next: () => {
      strip("");
      next();
    },
    draw: drawOne,
    "save-details": save,
  };
  for (const [id, act] of Object.entries(clicks)) el(id).addEventListener("click", act);
  el("ask").addEventListener("submit", compare);
  el("prompt").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) compare(event);
  });
  for (const id of ["topic", "number", "auto"]) el(id).addEventListener("change", chooseKind);
  window.addEventListener("codelynn:interests", changeInterests);
  document.addEventListener("visibilitychange", () => ahead.plan(0));
  places.listen(el("cards"), () => line(""));
  said.listen(saveOwn);
  keys.listen();
  for (const id of ["draw", "compare"]) el(id).disabled = false;
}

async function start() {
  recall();
  connect();
  loading();
  const named = new URLSearchParams(location.search).get("c") || "";
  for (let failed = false; ; failed = true) {
    try {
      const told = await ask("POST", `start?c=${encodeURIComponent(named)}`, kind());
      if (failed) line(""); // else what it says is an answer to something done meanwhile
      if (!current && !asking) told.board ? show(told.board) : empty(); // else it comes too late
      ahead.take(told);
      return ahead.plan(0);
    } catch (error) {
      fails(error);
      await new Promise((later) => setTimeout(later, 2000));
    }
  }
}

const whenThere = () => (el("arena") ? start() : requestAnimationFrame(whenThere));
whenThere();
