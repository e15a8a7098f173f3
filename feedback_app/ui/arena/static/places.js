// Ranking three or four replies: by letters in turn, by numbers, by dragging a letter onto another reply, by arrow keys on it.
// The cards stay where they are; a mark on each says its place.
import { el } from "./board.js";

const NAMES = ["", "1st", "2nd", "3rd", "4th"];
/** @type {() => Card[]} */
const cards = () => [...document.querySelectorAll("#cards .card[data-id]:has(.places)")];
/** @param {Card} card */
const place = (card) => Number(card.querySelector(".places input:checked")?.value || 0);
const now = () => cards().map(place);

/** @type {number[][]} */
let steps = []; // the places before each change, for taking them back
/** @type {number[]} */
let before = []; // the places since the last change
let last = 0; // the place that was given last
let tie = false; // the next reply shares it
let changed = () => {};

/** @param {Card} card @param {number} number */
function give(card, number) {
  for (const radio of card.querySelectorAll(".places input")) radio.checked = Number(radio.value) === number;
}

// A comparison is shown: no places yet.
export function reset() {
  steps = [];
  before = now();
  last = 0;
  tie = false;
  tell();
}

function done() {
  const places = now();
  if (places.join() === before.join()) return;
  steps.push(before);
  before = places;
  tie = false;
  tell();
  changed();
}

// Groups of ids, best first; replies without a place share the last one. Null where none has any.
export function groups() {
  /** @type {[string, number][]} */
  const found = cards().map((card) => [card.dataset.id, place(card)]);
  if (!found.some(([, number]) => number)) return null;
  /** @type {[string, number][]} */
  const filled = found.map(([id, number]) => [id, number || 9]);
  const numbers = [...new Set(filled.map(([, number]) => number))].sort();
  return numbers.map((wanted) => filled.filter(([, number]) => number === wanted).map(([id]) => id));
}

// The reply of that letter takes the next free place, or gives its own back; the last one follows automatically.
/** @param {number} index */
export function choose(index) {
  const card = cards()[index];
  if (!card) return false;
  if (tie && last) give(card, last);
  else if (place(card)) give(card, 0);
  else {
    const taken = now();
    last = taken.findIndex((_, i) => !taken.includes(i + 1)) + 1;
    give(card, last);
    const left = cards().filter((other) => !place(other));
    if (left.length === 1) give(left[0], cards().length);
  }
  done();
  return true;
}

// The next letter shares the place that was given last.
export function tieNext() {
  if (!cards().length || !last) return false;
  tie = true;
  tell();
  return true;
}

// The last change is taken back.
export function back() {
  if (!steps.length || !cards().length) return false;
  before = steps.pop();
  cards().forEach((card, i) => give(card, before[i]));
  last = Math.max(...before);
  tie = false;
  tell();
  changed();
  return true;
}

const inOrder = () => cards().sort((a, b) => (place(a) || 9) - (place(b) || 9));

// `card` takes the place of `target`; the others move up or down.
/** @param {Card} card @param {Card} target */
function put(card, target) {
  const order = inOrder();
  const to = order.indexOf(target);
  order.splice(order.indexOf(card), 1);
  order.splice(to, 0, card);
  order.forEach((one, i) => give(one, i + 1));
  last = to + 1;
  done();
}

// A > B = C
/** @type {(groups: string[][], ids: string[]) => string} */
export const letters = (ranked, ids) =>
  ranked.map((group) => group.map((id) => "ABCD"[ids.indexOf(id)]).join(" = ")).join(" > ");

function tell() {
  const all = cards();
  el("places-line").hidden = !all.length;
  el("place-back").disabled = !steps.length;
  const places = all.map(place);
  for (const [i, card] of all.entries()) mark(card, places[i], places.filter((one) => one === places[i]).length > 1);
  el("places-told").textContent = told(all, places);
}

/** @param {Card} card @param {number} number @param {boolean} shared */
function mark(card, number, shared) {
  const badge = card.querySelector(".given");
  badge.hidden = !number;
  badge.textContent = number ? `${NAMES[number]}${shared ? " (tie)" : ""}` : "";
  const at = number ? `place ${number}` : "no place yet";
  const grip = card.querySelector(".grip");
  grip.setAttribute("aria-label", `Reply ${grip.textContent}, ${at}: drag it onto another reply, or use the arrow keys`);
}

/** @param {Card[]} all @param {number[]} places */
function told(all, places) {
  if (!places.some(Boolean)) return "Press letters from best to worst, or give each reply a number.";
  if (tie) return "The next letter shares the last place.";
  const placed = all.filter((_, i) => places[i]);
  const ids = all.map((card) => card.dataset.id);
  const ranked = groups().map((group) => group.filter((id) => placed.some((card) => card.dataset.id === id)));
  const order = letters(ranked.filter((group) => group.length), ids);
  const left = all.length - placed.length;
  if (!left) return `Your ranking: ${order}. Submit it, or press a letter to take its place back.`;
  return `Your ranking so far: ${order}. ${left === 1 ? "The other reply comes last" : `The other ${left} share the last place`}.`;
}

/** @param {MouseEvent} event @param {Card} not @returns {Card} */
function under(event, not) {
  const found = document.elementsFromPoint(event.clientX, event.clientY).map((one) => /** @type {Card} */ (one.closest(".card[data-id]")));
  return found.find((card) => card && card !== not);
}

// `onChange` hears of every change.
/** @param {HTMLElement} root @param {() => void} onChange */
export function listen(root, onChange) {
  changed = onChange;
  /** @type {Card | null} */
  let held = null;
  /** @type {Card | null} */
  let target = null;
  /** @param {Card | null} card */
  const aim = (card) => {
    target?.classList.remove("target");
    target = card;
    target?.classList.add("target");
  };
  let dragged = false;
  /** @param {Event} event */
  const drop = (event) => {
    if (held && target && event.type === "pointerup") put(held, target);
    held?.classList.remove("held");
    held = null;
    aim(null);
  };
  root.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest(".grip");
    if (!grip) return;
    held = grip.closest(".card");
    dragged = false;
    grip.setPointerCapture(event.pointerId);
  });
  root.addEventListener("pointermove", (event) => {
    if (!held || Math.abs(event.movementX) + Math.abs(event.movementY) === 0) return;
    dragged = true;
    held.classList.add("held");
    aim(under(event, held) || null);
  });
  root.addEventListener("click", (event) => {
    const grip = event.target.closest(".grip");
    if (grip && !dragged) choose(cards().indexOf(grip.closest(".card")));
    dragged = false;
  });
  root.addEventListener("pointerup", drop);
  root.addEventListener("pointercancel", drop);
  root.addEventListener("keydown", (event) => {
    const grip = event.target.closest(".grip");
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (!grip || !step) return;
    event.preventDefault();
    const order = inOrder();
    const card = grip.closest(".card");
    put(card, order[order.indexOf(card) + step] || card);
  });
  root.addEventListener("change", (event) => {
    const card = event.target.closest(".card");
    if (!event.target.closest(".places")) return;
    last = place(card);
    done();
  });
  el("place-back").addEventListener("click", back);
  // A click leaves the focus where it is: Enter submits.
  for (const box of [root, el("place-back")]) {
    box.addEventListener("mousedown", (event) => event.target.closest(".grip, #place-back") && event.preventDefault());
  }
}
