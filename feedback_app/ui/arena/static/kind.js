// What is drawn next: topic, number of replies, and whether the next pair comes automatically. The choice is remembered.
import { el } from "./board.js";

const CHOSEN = "codelynn.arena";

export const kind = () => ({
  topic: el("topic").value,
  n: Number(document.querySelector("#number input:checked").value),
});
export const goesOn = () => el("auto").querySelector("input").checked;

export function keep() {
  localStorage.setItem(CHOSEN, JSON.stringify({ ...kind(), auto: goesOn() }));
}

export function recall() {
  const chosen = JSON.parse(localStorage.getItem(CHOSEN) || "{}");
  if ([...el("topic").options].some((option) => option.value === chosen.topic)) el("topic").value = chosen.topic;
  const number = document.querySelector(`#number input[value="${chosen.n}"]`);
  if (number) number.checked = true;
  if (chosen.auto === false) el("auto").querySelector("input").checked = false;
}

// Only topics with a prompt in the owner's languages can be chosen.
/** @param {string[]} topics */
export function offer(topics) {
  for (const option of el("topic").options) {
    option.hidden = option.disabled = Boolean(option.value) && !topics.includes(option.value);
  }
  if (el("topic").selectedOptions[0]?.disabled) el("topic").value = "";
}
