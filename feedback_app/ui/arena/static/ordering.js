// Ordering three or four replies: by letters from best to worst, by numbers, by dragging a letter onto another reply, or with the
// arrow keys. The cards stay where they are; a badge on each shows its place.
import { el } from "./board.js";

const ORDINALS = ["", "1st", "2nd", "3rd", "4th"];
/** @type {() => Card[]} */
const cards = () => [...document.querySelectorAll("#cards .card[data-id]:has(.places)")];
/** @param {Card} card */
const placeOf = (card) => Number(card.querySelector(".places input:checked")?.value || 0);
const allPlaces = () => cards().map(placeOf);

/** @type {number[][]} */
let earlierPlaces = []; // the places before each change, for taking it back
/** @type {number[]} */
let currentPlaces = [];
let lastPlace = 0; // the place that was set last
let nextTies = false; // the next reply shares the last place
let onChanged = () => {};

/** @param {Card} card @param {number} number */
function setPlace(card, number) {
  for (const radio of card.querySelectorAll(".places input")) radio.checked = Number(radio.value) === number;
}

// Another comparison is shown, without places.
export function reset() {
  earlierPlaces = [];
  currentPlaces = allPlaces();
  lastPlace = 0;
  nextTies = false;
  showPlaces();
}

function recordChange() {
  const places = allPlaces();
  if (places.join() === currentPlaces.join()) return;
  earlierPlaces.push(currentPlaces);
  currentPlaces = places;
  nextTies = false;
  showPlaces();
  onChanged();
}

// Groups of ids, best first. Replies without a place share the last one. Null where no reply has a place.
export function groups() {
  /** @type {[string, number][]} */
  const places = cards().map((card) => [card.dataset.id, placeOf(card)]);
  if (!places.some(([, number]) => number)) return null;
  /** @type {[string, number][]} */
  const filled = places.map(([id, number]) => [id, number || 9]);
  const numbers = [...new Set(filled.map(([, number]) => number))].sort();
  return numbers.map((wanted) => filled.filter(([, number]) => number === wanted).map(([id]) => id));
}

// A letter was pressed: its reply takes the next free place, or loses the place that it has. The last reply follows automatically.
/** @param {number} index */
export function chooseReply(index) {
  const card = cards()[index];
  if (!card) return false;
  if (nextTies && lastPlace) setPlace(card, lastPlace);
  else if (placeOf(card)) setPlace(card, 0);
  else {
    const taken = allPlaces();
    lastPlace = taken.findIndex((_, i) => !taken.includes(i + 1)) + 1;
    setPlace(card, lastPlace);
    const left = cards().filter((other) => !placeOf(other));
    if (left.length === 1) setPlace(left[0], cards().length);
  }
  recordChange();
  return true;
}

// The next letter shares the place that was set last.
export function tieNext() {
  if (!cards().length || !lastPlace) return false;
  nextTies = true;
  showPlaces();
  return true;
}

export function takeBack() {
  if (!earlierPlaces.length || !cards().length) return false;
  currentPlaces = earlierPlaces.pop();
  cards().forEach((card, i) => setPlace(card, currentPlaces[i]));
  lastPlace = Math.max(...currentPlaces);
  nextTies = false;
  showPlaces();
  onChanged();
  return true;
}

const inOrder = () => cards().sort((a, b) => (placeOf(a) || 9) - (placeOf(b) || 9));

// `card` takes the place of `target`; the other replies move up or down.
/** @param {Card} card @param {Card} target */
function moveTo(card, target) {
  const order = inOrder();
  const to = order.indexOf(target);
  order.splice(order.indexOf(card), 1);
  order.splice(to, 0, card);
  order.forEach((reply, i) => setPlace(reply, i + 1));
  lastPlace = to + 1;
  recordChange();
}

// For example `A > B = C`.
/** @type {(groups: string[][], ids: string[]) => string} */
export const letters = (ranked, ids) =>
  ranked.map((group) => group.map((id) => "ABCD"[ids.indexOf(id)]).join(" = ")).join(" > ");

function showPlaces() {
  const all = cards();
  el("places-line").hidden = !all.length;
  el("place-back").disabled = !earlierPlaces.length;
  const places = all.map(placeOf);
  for (const [i, card] of all.entries()) showPlace(card, places[i], places.filter((place) => place === places[i]).length > 1);
  el("places-told").textContent = placesLine(all, places);
}

/** @param {Card} card @param {number} number @param {boolean} shared */
function showPlace(card, number, shared) {
  const badge = card.querySelector(".given");
  badge.hidden = !number;
  badge.textContent = number ? `${ORDINALS[number]}${shared ? " (tie)" : ""}` : "";
  const at = number ? `place ${number}` : "no place yet";
  const grip = card.querySelector(".grip");
  grip.setAttribute("aria-label", `Reply ${grip.textContent}, ${at}: drag it onto another reply, or use the arrow keys`);
}

/** @param {Card[]} all @param {number[]} places */
function placesLine(all, places) {
  if (!places.some(Boolean)) return "Press letters from best to worst, or give each reply a number.";
  if (nextTies) return "The next letter shares the last place.";
  const placed = all.filter((_, i) => places[i]);
  const ids = all.map((card) => card.dataset.id);
  const ranked = groups().map((group) => group.filter((id) => placed.some((card) => card.dataset.id === id)));
  const order = letters(ranked.filter((group) => group.length), ids);
  const left = all.length - placed.length;
  if (!left) return `Your ranking: ${order}. Submit it, or press a letter to take its place back.`;
  return `Your ranking so far: ${order}. ${left === 1 ? "The other reply comes last" : `The other ${left} share the last place`}.`;
}

/** @param {MouseEvent} event @param {Card} except @returns {Card} */
function cardUnder(event, except) {
  const under = document.elementsFromPoint(event.clientX, event.clientY).map((element) => /** @type {Card} */ (element.closest(".card[data-id]")));
  return under.find((card) => card && card !== except);
}

// `onChange` is called after every change.
/** @param {HTMLElement} root @param {() => void} onChange */
export function listen(root, onChange) {
  onChanged = onChange;
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
    if (held && target && event.type === "pointerup") moveTo(held, target);
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
    aim(cardUnder(event, held) || null);
  });
  root.addEventListener("click", (event) => {
    const grip = event.target.closest(".grip");
    if (grip && !dragged) chooseReply(cards().indexOf(grip.closest(".card")));
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
    moveTo(card, order[order.indexOf(card) + step] || card);
  });
  root.addEventListener("change", (event) => {
    const card = event.target.closest(".card");
    if (!event.target.closest(".places")) return;
    lastPlace = placeOf(card);
    recordChange();
  });
  el("place-back").addEventListener("click", takeBack);
  // A click leaves the focus where it is: Enter submits.
  for (const box of [root, el("place-back")]) {
    box.addEventListener("mousedown", (event) => event.target.closest(".grip, #place-back") && event.preventDefault());
  }
}
