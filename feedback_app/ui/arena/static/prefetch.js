// The comparisons that can be shown at once: those that were taken off the page, then those that are ready on the service. The
// service is asked for one more while the current comparison is read.
import { el } from "./board.js";
import { options, showTopics } from "./options.js";
import { ask, Refused, Unreachable } from "./service.js";
import { decidedIds } from "./undo_history.js";

const FILL_MS = 1500;
const IDLE_MS = 15000;
const ENOUGH = 3;

/** @type {Board[]} */
let setAsideBoards = []; // taken off the page, for example by an undo: shown before any other
/** @type {Board[]} */
let readyBoards = [];
let timer = 0;
/** @type {() => Partial<Board> | null} */
let currentBoard = () => null;

// `current` returns the comparison on the page.
/** @param {() => Partial<Board> | null} current */
export function fillWhileShown(current) {
  currentBoard = current;
}

export function showCount() {
  el("arena").dataset.ahead = String(setAsideBoards.length + readyBoards.length);
}

export const next = () => setAsideBoards.shift() || readyBoards.shift();
export const nextReady = () => readyBoards.shift();

/** @param {Board} board */
export function setAside(board) {
  readyBoards = readyBoards.filter((other) => other.id !== board.id);
  setAsideBoards = [board, ...setAsideBoards.filter((other) => other.id !== board.id)];
  showCount();
}

/** @param {string} id */
export function forget(id) {
  setAsideBoards = setAsideBoards.filter((board) => board.id !== id);
}

// The options have changed: what is ready no longer fits.
export function restart() {
  readyBoards = [];
  showCount();
  schedule(0);
}

/** @param {number} ms */
export function schedule(ms) {
  clearTimeout(timer);
  timer = setTimeout(fill, ms);
}

export async function fill() {
  clearTimeout(timer);
  const asked = options();
  const current = currentBoard();
  if (!document.hidden && current?.state !== "generating") {
    try {
      const held = current ? [current.id] : [];
      const answer = await ask("POST", "prefetch", { ...asked, held });
      const wanted = options();
      if (wanted.topic === asked.topic && wanted.n === asked.n) accept(answer);
    } catch (error) {
      if (!(error instanceof Unreachable) && !(error instanceof Refused)) throw error;
    }
  }
  schedule(readyBoards.length < ENOUGH ? FILL_MS : IDLE_MS);
}

/** @param {Prefetched} answer */
export function accept({ ready, progress, topics, undo = true }) {
  const known = new Set([currentBoard()?.id, ...decidedIds, ...setAsideBoards.map((board) => board.id)]);
  readyBoards = ready.filter((board) => !known.has(board.id));
  if (progress) el("progress").innerHTML = progress;
  if (topics) showTopics(topics);
  if (topics) el("arena").toggleAttribute("data-untouched", !undo && !decidedIds.length);
  showCount();
}
