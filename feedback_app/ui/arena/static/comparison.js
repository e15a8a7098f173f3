// The comparison on the page: shown, followed while its replies are written, and replaced by another one.
import { drawConversation, drawEmpty, drawLoading, draw, showAlert, showOutcome, updateReplies } from "./board.js";
import { isContinuing, stopContinuing, thread } from "./conversation.js";
import * as details from "./details.js";
import { options } from "./options.js";
import * as ordering from "./ordering.js";
import * as prefetch from "./prefetch.js";
import { ask, inWords } from "./service.js";
import { showTrouble } from "./trouble.js";
import * as undoHistory from "./undo_history.js";

const UPDATE_MS = 150;

/** @type {Board | null} */
export let current = null;
let shownAt = 0;
let openRequests = 0; // requests for replies that have no answer yet: meanwhile nothing else takes their place
/** @type {Map<string, Board>} */
const seen = new Map();

prefetch.fillWhileShown(() => (openRequests ? { state: "generating" } : current));

export const isRequesting = () => openRequests > 0;
export const secondsShown = () => Math.round((performance.now() - shownAt) / 100) / 10;

// The comparison as it was before its vote.
/** @param {string} id */
export const shownBefore = (id) => seen.get(id);

/** @param {unknown} error */
export const showError = (error) => showAlert(inWords(error));

/** @param {Board} board */
export function show(board) {
  const isOther = current?.id !== board.id;
  current = board;
  if (board.state === "open") seen.set(board.id, board);
  stopContinuing();
  draw(board);
  isOther ? details.restore(board) : details.update(board);
  ordering.reset();
  if (board.state === "failed") showTrouble(board, again);
  prefetch.showCount();
  window.codelynn.remember(board.id);
  shownAt = performance.now();
  if (board.state === "generating") follow(board.id);
  else prefetch.schedule(0);
}

/** @param {string} id */
async function follow(id) {
  while (current?.id === id) {
    const board = await ask("GET", `c/${id}`).catch(showError);
    if (!board || current?.id !== id) return;
    if (board.state !== "generating") return show(board);
    updateReplies(board);
    await new Promise((later) => setTimeout(later, UPDATE_MS));
  }
}

// No comparison is on the page, nor in its address.
export function leave() {
  current = null;
  window.codelynn.remember("");
}

/** The answer of `request`, or null if it fails. Then the comparison that made room for it comes back. @param {number} n @param {() => Promise<Board>} request @returns {Promise<Board | null>} */
async function replaced(n, request) {
  const before = current;
  current = null; // nobody can vote on it or replace it meanwhile
  openRequests += 1;
  drawLoading(n);
  try {
    const board = await request();
    if (current?.state === "open") prefetch.setAside(current); // an undo has brought it back meanwhile
    return board;
  } catch (error) {
    if (!current) before ? show(before) : isContinuing() ? drawConversation(thread()) : drawEmpty();
    showError(error);
    return null;
  } finally {
    openRequests -= 1;
  }
}

// Whether there is a new comparison.
/** @param {{ topic: string, n: number, prompt?: string, after?: string, reply?: string }} request */
export async function open(request) {
  const board = await replaced(request.n, () => ask("POST", "open", request));
  if (board) show(board);
  return Boolean(board);
}

export function showNext() {
  const board = prefetch.next();
  if (board) return show(board);
  current = null; // it has its vote: it must not come back if there is no other
  return open(options());
}

// New replies to the same prompt.
export async function again() {
  const old = current;
  if (!old) return;
  const board = await replaced(old.ids.length, () => ask("POST", `c/${old.id}/again`));
  if (!board) return;
  undoHistory.add(old.id);
  showOutcome("Fresh replies to the same prompt.");
  showAlert("");
  details.copyDraft(old.id, board.id);
  show(board);
}
