// The options of the next comparison: topic, number of replies, and whether it comes automatically. The browser remembers them.
import { el } from "./board.js";

const KEPT = "codelynn.arena";

export const options = () => ({
  topic: el("topic").value,
  n: Number(document.querySelector("#number input:checked").value),
});
export const nextIsAutomatic = () => el("auto").querySelector("input").checked;

export function saveOptions() {
  localStorage.setItem(KEPT, JSON.stringify({ ...options(), auto: nextIsAutomatic() }));
}

export function restoreOptions() {
  const saved = JSON.parse(localStorage.getItem(KEPT) || "{}");
  if ([...el("topic").options].some((option) => option.value === saved.topic)) el("topic").value = saved.topic;
  const number = document.querySelector(`#number input[value="${saved.n}"]`);
  if (number) number.checked = true;
  if (saved.auto === false) el("auto").querySelector("input").checked = false;
}

// Only topics that have a prompt in the owner's languages can be chosen.
/** @param {string[]} topics */
export function showTopics(topics) {
  for (const option of el("topic").options) {
    option.hidden = option.disabled = Boolean(option.value) && !topics.includes(option.value);
  }
  if (el("topic").selectedOptions[0]?.disabled) el("topic").value = "";
}
