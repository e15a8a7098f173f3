// What is on the page. The HTML of replies comes from the service, which has made it harmless.
import { bound } from "./bounds.js";

/** @type {(id: string) => PageElement} */
export const el = (id) => document.getElementById(id);
/** @type {Record<string, boolean>} */
const OPENS = { open: true, generating: true };

const EMPTY = `<div class="empty"><p class="empty-title">Which reply sounds more like you?</p><p>Write a message above, or press
  “Give me a prompt”: two replies appear here side by side, without the names of their models.</p></div>`;
const FOLLOWING = `<div class="empty"><p class="empty-title">Write your next message</p><p>New replies to it appear here. The pair
  that was on the page comes back afterwards.</p></div>`;
const WAITING = `<article class="card loading"><div class="bone"></div><div class="bone"></div><div class="bone short"></div></article>`;

/** @param {string} id @param {boolean} on */
const show = (id, on) => {
  el(id).hidden = !on;
};

/** @type {() => Iterable<HTMLButtonElement>} */
const verdicts = () => el("verdicts").querySelectorAll(":scope > *");

/** @param {string} state @param {number} n */
function buttons(state, n) {
  const asking = Boolean(OPENS[state]);
  for (const button of verdicts()) {
    const one = button.classList.contains("two") ? n === 2 : button.classList.contains("many") ? n > 2 : true;
    button.hidden = !(asking && one);
    button.disabled = state === "generating" && !["skip", "rewrite"].includes(button.id);
  }
  el("tie").querySelector(".does").textContent = n > 2 ? "All equal" : "Tie";
  show("undo", true);
  el("undo").disabled = false;
  el("again").hidden = !(asking || state === "failed");
  el("rewrite").hidden = !(asking || state === "ranked");
  show("next", state === "ranked" || state === "failed");
  show("details", asking || state === "ranked");
  show("save-details", state === "ranked");
}

/** @param {Board} board */
export function draw(board) {
  el("arena").dataset.state = board.state;
  el("asked").innerHTML = board.asked;
  show("asked", true);
  el("cards").innerHTML = board.cards;
  el("cards").dataset.n = String(board.ids.length);
  el("cards").setAttribute("aria-busy", String(board.state === "generating"));
  buttons(board.state, board.ids.length);
  bound(el("asked"));
  bound(el("cards"));
}

// Replies that grow.
/** @param {Board} board */
export function grow(board) {
  const replies = el("cards").querySelectorAll(".reply");
  board.replies.forEach((html, i) => {
    if (replies[i] && replies[i].innerHTML !== html) replies[i].innerHTML = html;
  });
  bound(el("cards"));
}

export function empty() {
  el("arena").dataset.state = "empty";
  show("asked", false);
  el("cards").innerHTML = EMPTY;
  blank();
}

// The conversation that goes on, in place of the pair that was on the page.
/** @param {string} thread */
export function conversation(thread) {
  el("arena").dataset.state = "following";
  el("asked").innerHTML = thread;
  show("asked", true);
  el("cards").innerHTML = FOLLOWING;
  el("cards").removeAttribute("aria-busy");
  blank();
  bound(el("asked"));
}

export function loading(n = 2) {
  el("arena").dataset.state = "loading";
  show("asked", false);
  el("cards").innerHTML = WAITING.repeat(n);
  el("cards").setAttribute("aria-busy", "true");
  blank();
}

function blank() {
  for (const button of verdicts()) button.hidden = button.id !== "undo";
  for (const id of ["details", "own", "own-kept", "places-line"]) show(id, false);
}

/** @param {string} text */
export function line(text) {
  el("line").innerHTML = text ? `<p class="notice alert"></p>` : "";
  if (text) el("line").firstChild.textContent = text;
}

// What the last verdict was, and how the conversation may go on.
/** @param {string} text @param {Way[]} goOn @param {(way: Way) => void} follow */
export function strip(text, goOn = [], follow = () => {}) {
  el("decided").innerHTML = text ? `<p class="notice"></p>` : "";
  const told = el("decided").querySelector(".notice");
  if (!told) return;
  told.textContent = `${text} `;
  for (const way of goOn) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link go-on";
    button.textContent = `Continue with ${way.label}`;
    button.addEventListener("click", () => follow(way));
    told.append(button, " ");
  }
}
