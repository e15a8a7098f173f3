// The arena: what is shown, what comes next, and what is sent. The next comparisons lie here ready, so that a verdict shows
// the next one at once, while it is sent. If it is refused its comparison comes back.
import { clearDetails, details, draw, el, empty, grow, line, loading, strip } from "./board.js";
import { follow, goingOn, sent } from "./conversation.js";
import { decided, note } from "./decided.js";
import { goesOn, keep, kind, recall } from "./kind.js";
import { ask, inWords, Outbox, Refused, Unreachable } from "./service.js";
import * as keys from "./keys.js";
import * as places from "./places.js";
import { meet } from "./trouble.js";

const GROW_MS = 150;
const FILL_MS = 1500;
const LOOK_MS = 15000;
const ENOUGH = 3;

let current = null;
let began = 0;
let returning = []; // taken off the page by an undo: shown again before anything else
let ahead = []; // ready on the service
let timer = 0;
const seen = new Map();

const outbox = new Outbox((waiting) => {
  el("arena").toggleAttribute("data-offline", waiting > 0);
  line(waiting ? "codeLynn does not answer. What you decided is kept here and sent as soon as it does." : "");
  if (waiting) return;
  if (!current) next();
  fill();
});

function show(board) {
  const fresh = current?.id !== board.id;
  current = board;
  if (board.state === "open") seen.set(board.id, board);
  if (fresh) clearDetails();
  draw(board);
  if (board.state === "failed") meet(board, again);
  count();
  window.codelynn.remember(board.id);
  began = performance.now();
  if (board.state === "generating") watch(board.id);
  else plan(0);
}

function count() {
  el("arena").dataset.ahead = returning.length + ahead.length;
}

async function watch(id) {
  while (current?.id === id) {
    let board;
    try {
      board = await ask("GET", `c/${id}`);
    } catch (error) {
      return fails(error);
    }
    if (current?.id !== id) return;
    if (board.state !== "generating") return show(board);
    grow(board);
    await new Promise((later) => setTimeout(later, GROW_MS));
  }
}

function fails(error) {
  line(inWords(error));
}

// Ready comparisons, and the next one in the making. Nothing is asked for by a page that nobody looks at.
function plan(ms) {
  clearTimeout(timer);
  timer = setTimeout(fill, ms);
}

async function fill() {
  clearTimeout(timer);
  const asked = kind();
  if (!document.hidden && current?.state !== "generating") {
    try {
      const held = current ? [current.id] : [];
      const told = await ask("POST", "ahead", { ...asked, held });
      const now = kind();
      if (now.topic === asked.topic && now.n === asked.n) take(told);
    } catch (error) {
      if (!(error instanceof Unreachable) && !(error instanceof Refused)) throw error;
    }
  }
  plan(ahead.length < ENOUGH ? FILL_MS : LOOK_MS);
}

function take({ ahead: found, progress }) {
  const known = new Set([current?.id, ...decided, ...returning.map((board) => board.id)]);
  ahead = found.filter((board) => !known.has(board.id));
  if (progress) el("progress").innerHTML = progress;
  count();
}

async function begin(request) {
  loading(request.n);
  try {
    show(await ask("POST", "open", request));
  } catch (error) {
    current ? show(current) : empty();
    fails(error);
    return false;
  }
  return true;
}

function next() {
  const board = returning.shift() || ahead.shift();
  if (board) return show(board);
  current = null; // decided already: it must not come back where no other can be had
  return begin(kind());
}

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

function putBack(judged, error) {
  if (!decided.includes(judged.id)) return; // taken back meanwhile
  decided.splice(decided.lastIndexOf(judged.id), 1);
  note();
  if (current && current.id !== judged.id) returning.unshift(current);
  strip("");
  show(judged);
  line(`This verdict was not kept: ${error.message}. Here are the replies again.`);
}

function rank(groups, told, allBad = false) {
  if (current?.state !== "open") return;
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  decide(`c/${current.id}/ranking`, { groups, all_bad: allBad, seconds, ...details() }, told);
}

const better = (i) => rank([[current.ids[i]], [current.ids[1 - i]]], `You ranked ${"AB"[i]} > ${"BA"[i]}.`);

function submit() {
  const given = places.groups();
  if (!given) return line("Give at least one reply a place first; the others share the last one.");
  rank(given, `You ranked ${places.letters(given, current.ids)}.`);
}

async function undo() {
  const id = decided.pop();
  note();
  const here = current;
  const back = (board) => {
    if (here && here.id !== board.id && here.state !== "ranked" && here.state !== "failed") returning.unshift(here);
    show(board);
  };
  line("");
  const known = id && seen.get(id);
  if (known) back(known);
  strip("Taken back: decide again.");
  try {
    const board = id ? await outbox.send("DELETE", `c/${id}/ranking`) : await ask("POST", "undo");
    if (!known) back(board);
  } catch (error) {
    strip("");
    fails(error);
  }
}

async function again() {
  const old = current;
  if (!old) return;
  loading(old.ids.length);
  try {
    const board = await ask("POST", `c/${old.id}/again`);
    note(old.id);
    strip("Fresh replies to the same prompt.");
    line("");
    show(board);
  } catch (error) {
    show(old);
    fails(error);
  }
}

const followed = (reply, label) => follow(decided.at(-1), reply, label);

async function compare(event) {
  event.preventDefault();
  const prompt = el("prompt").value;
  if (!prompt.trim()) return line("The prompt is empty: write something to answer.");
  line("");
  const here = current;
  if (await begin({ ...kind(), prompt, ...goingOn() })) {
    if (here?.state === "open") returning.unshift(here);
    el("prompt").value = "";
    el("prompt").blur();
    sent();
    strip("");
    count();
  }
}

function drawOne() {
  line("");
  strip("");
  if (current?.state === "open") returning = returning.filter((board) => board.id !== current.id);
  const board = ahead.shift();
  if (board) show(board);
  else begin(kind());
}

function save() {
  outbox.send("PUT", `c/${current.id}/ranking`, { ...current.ranking, ...details() }).then(
    (answer) => {
      strip("Saved with the ranking.", answer.go_on, followed);
      show(answer.board);
    },
    fails,
  );
}

function chooseKind() {
  keep();
  ahead = [];
  count();
  plan(0);
}

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
  el("topic").addEventListener("change", chooseKind);
  el("number").addEventListener("change", chooseKind);
  el("auto").addEventListener("change", chooseKind);
  document.addEventListener("visibilitychange", () => plan(0));
  places.listen(el("cards"));
  keys.listen();
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
      told.board ? show(told.board) : empty();
      take(told);
      return plan(0);
    } catch (error) {
      fails(error);
      await new Promise((later) => setTimeout(later, 2000));
    }
  }
}

const whenThere = () => (el("arena") ? start() : requestAnimationFrame(whenThere));
whenThere();
