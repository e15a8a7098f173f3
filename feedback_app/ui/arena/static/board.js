// Draws the page. The HTML of replies comes from the service, which has escaped it.
import { bound } from "./bounds.js";

/** @type {(id: string) => PageElement} */
export const el = (id) => document.getElementById(id);
/** @type {Record<string, boolean>} */
const CAN_VOTE = { open: true, generating: true };

const EMPTY = `<div class="empty"><p class="empty-title">Which reply sounds more like you?</p><p>Write a message above, or press
  “Give me a prompt”: two replies appear here side by side, without the names of their models.</p></div>`;
const FOLLOWING = `<div class="empty"><p class="empty-title">Write your next message</p><p>New replies to it appear here. The pair
  that was on the page comes back afterwards.</p></div>`;
const WAITING = `<article class="card loading"><div class="bone"></div><div class="bone"></div><div class="bone short"></div></article>`;

/** @param {string} id @param {boolean} on */
const setVisible = (id, on) => {
  el(id).hidden = !on;
};

/** @type {() => Iterable<HTMLButtonElement>} */
const voteButtons = () => el("verdicts").querySelectorAll(":scope > *");

/** @param {string} state @param {number} n */
function showButtons(state, n) {
  const canVote = Boolean(CAN_VOTE[state]);
  for (const button of voteButtons()) {
    const fits = button.classList.contains("two") ? n === 2 : button.classList.contains("many") ? n > 2 : true;
    button.hidden = !(canVote && fits);
    button.disabled = state === "generating" && !["skip", "rewrite"].includes(button.id);
  }
  el("tie").querySelector(".does").textContent = n > 2 ? "All equal" : "Tie";
  setVisible("undo", true);
  el("undo").disabled = false;
  el("again").hidden = !(canVote || state === "failed");
  el("rewrite").hidden = !(canVote || state === "ranked");
  setVisible("next", state === "ranked" || state === "failed");
  setVisible("details", canVote || state === "ranked");
  setVisible("save-details", state === "ranked");
}

/** @param {Board} board */
export function draw(board) {
  el("arena").dataset.state = board.state;
  el("asked").innerHTML = board.asked;
  setVisible("asked", true);
  el("cards").innerHTML = board.cards;
  el("cards").dataset.n = String(board.ids.length);
  el("cards").setAttribute("aria-busy", String(board.state === "generating"));
  showButtons(board.state, board.ids.length);
  bound(el("asked"));
  bound(el("cards"));
}

// Show as much of the replies as is written.
/** @param {Board} board */
export function updateReplies(board) {
  const replies = el("cards").querySelectorAll(".reply");
  board.replies.forEach((html, i) => {
    if (replies[i] && replies[i].innerHTML !== html) replies[i].innerHTML = html;
  });
  bound(el("cards"));
}

export function drawEmpty() {
  el("arena").dataset.state = "empty";
  setVisible("asked", false);
  el("cards").innerHTML = EMPTY;
  hideVoting();
}

// The conversation that the owner continues, in place of the pair that was on the page.
/** @param {string} thread */
export function drawConversation(thread) {
  el("arena").dataset.state = "following";
  el("asked").innerHTML = thread;
  setVisible("asked", true);
  el("cards").innerHTML = FOLLOWING;
  el("cards").removeAttribute("aria-busy");
  hideVoting();
  bound(el("asked"));
}

export function drawLoading(n = 2) {
  el("arena").dataset.state = "loading";
  setVisible("asked", false);
  el("cards").innerHTML = WAITING.repeat(n);
  el("cards").setAttribute("aria-busy", "true");
  hideVoting();
}

function hideVoting() {
  for (const button of voteButtons()) button.hidden = button.id !== "undo";
  for (const id of ["details", "own", "own-kept", "places-line"]) setVisible(id, false);
}

/** @param {string} text */
export function showAlert(text) {
  el("line").innerHTML = text ? `<p class="notice alert"></p>` : "";
  if (text) el("line").firstChild.textContent = text;
}

// Say what the last vote was, and offer the replies that the conversation can continue with.
/** @param {string} text @param {Way[]} ways @param {(way: Way) => void} onContinue */
export function showOutcome(text, ways = [], onContinue = () => {}) {
  el("decided").innerHTML = text ? `<p class="notice"></p>` : "";
  const outcome = el("decided").querySelector(".notice");
  if (!outcome) return;
  outcome.textContent = `${text} `;
  for (const way of ways) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link go-on";
    button.textContent = `Continue with ${way.label}`;
    button.addEventListener("click", () => onContinue(way));
    outcome.append(button, " ");
  }
}
