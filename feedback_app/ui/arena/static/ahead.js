// The comparisons that can be shown at once: those that were taken off the page, then those that lie ready on the service. One
// more is asked for while the page is looked at.
import { el } from "./board.js";
import { decided } from "./decided.js";
import { kind, offer } from "./kind.js";
import { ask, Refused, Unreachable } from "./service.js";

const FILL_MS = 1500;
const LOOK_MS = 15000;
const ENOUGH = 3;

/** @type {Board[]} */
let aside = []; // taken off the page, by an undo for one: shown again before anything else
/** @type {Board[]} */
let ready = [];
let timer = 0;
/** @type {() => Partial<Board> | null} */
let shown = () => null;

// `current()` is the comparison on the page.
/** @param {() => Partial<Board> | null} current */
export function fillBehind(current) {
  shown = current;
}

export function count() {
  el("arena").dataset.ahead = String(aside.length + ready.length);
}

export const next = () => aside.shift() || ready.shift();
export const fresh = () => ready.shift();

/** @param {Board} board */
export function setAside(board) {
  ready = ready.filter((one) => one.id !== board.id);
  aside = [board, ...aside.filter((one) => one.id !== board.id)];
  count();
}

/** @param {string} id */
export function forget(id) {
  aside = aside.filter((board) => board.id !== id);
}

// Another kind is wanted from now on.
export function restart() {
  ready = [];
  count();
  plan(0);
}

/** @param {number} ms */
export function plan(ms) {
  clearTimeout(timer);
  timer = setTimeout(fill, ms);
}

export async function fill() {
  clearTimeout(timer);
  const asked = kind();
  const current = shown();
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
  plan(ready.length < ENOUGH ? FILL_MS : LOOK_MS);
}

/** @param {Ahead} told */
export function take({ ahead: found, progress, topics, undo = true }) {
  const known = new Set([shown()?.id, ...decided, ...aside.map((board) => board.id)]);
  ready = found.filter((board) => !known.has(board.id));
  if (progress) el("progress").innerHTML = progress;
  if (topics) offer(topics);
  if (topics) el("arena").toggleAttribute("data-untouched", !undo && !decided.length);
  count();
}
