// Ranking three or four replies: by places, by keys in turn, by dragging a letter, by arrow keys on it.
const cards = () => [...document.querySelectorAll("#cards .card[data-id]")];
const inOrder = () => cards().sort((a, b) => (a.style.order || 0) - (b.style.order || 0));
const place = (card) => Number(card.querySelector(".places input:checked")?.value || 0);

function give(card, number) {
  const radio = card.querySelector(`.places input[value="${number}"]`);
  if (radio) radio.checked = true;
}

// Groups of ids, best first; replies without a place share the last one. Null where none has any.
export function groups() {
  const found = cards().map((card) => [card.dataset.id, place(card)]);
  if (!found.some(([, number]) => number)) return null;
  const filled = found.map(([id, number]) => [id, number || 9]);
  const numbers = [...new Set(filled.map(([, number]) => number))].sort();
  return numbers.map((wanted) => filled.filter(([, number]) => number === wanted).map(([id]) => id));
}

// The reply of that letter takes the next place; the last one follows by itself.
export function choose(index) {
  const card = cards()[index];
  if (!card || !card.querySelector(".places") || place(card)) return false;
  const taken = new Set(cards().map(place).filter(Boolean)).size;
  give(card, taken + 1);
  const left = cards().filter((other) => !place(other));
  if (left.length === 1) give(left[0], cards().length);
  arrange();
  return true;
}

// Cards stand as they are placed.
function arrange() {
  for (const card of cards()) card.style.order = place(card) || 9;
}

// `card` comes to stand where `target` is; all places follow from how the cards stand then.
function put(card, target) {
  const order = inOrder();
  const to = order.indexOf(target);
  order.splice(order.indexOf(card), 1);
  order.splice(to, 0, card);
  order.forEach((one, i) => {
    one.style.order = i + 1;
    give(one, i + 1);
  });
  told(card, to + 1);
}

function told(card, number) {
  const grip = card.querySelector(".grip");
  const letter = grip.textContent;
  grip.setAttribute("aria-label", `Reply ${letter}, place ${number}: drag it, or move it with the arrow keys`);
}

function under(event, not) {
  const found = document.elementsFromPoint(event.clientX, event.clientY).map((one) => one.closest(".card[data-id]"));
  return found.find((card) => card && card !== not);
}

export function listen(root) {
  let held = null;
  const drop = () => {
    held?.classList.remove("held");
    held = null;
  };
  root.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest(".grip");
    if (!grip) return;
    held = grip.closest(".card");
    held.classList.add("held");
    grip.setPointerCapture(event.pointerId);
  });
  root.addEventListener("pointermove", (event) => {
    const target = held && under(event, held);
    if (target) put(held, target);
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
    const target = order[order.indexOf(card) + step];
    put(card, target || card);
  });
  root.addEventListener("change", (event) => {
    if (event.target.closest(".places")) arrange();
  });
}

// A > B = C
export const letters = (groups, ids) =>
  groups.map((group) => group.map((id) => "ABCD"[ids.indexOf(id)]).join(" = ")).join(" > ");
