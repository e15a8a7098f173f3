// The keyboard of the arena. Silent while something is written.
import { el } from "./board.js";
import { choose } from "./places.js";

const KEYS = { t: "tie", b: "all-bad", s: "skip", u: "undo", r: "again", n: "next" };

const writes = (on) =>
  on &&
  (on.isContentEditable ||
    on.matches("textarea, select") ||
    on.matches("input:not([type=radio]):not([type=checkbox]):not([type=range])"));

function press(id) {
  const button = el(id);
  if (!button || button.disabled || !button.offsetParent) return false;
  button.click();
  return true;
}

function open(id, field) {
  const fold = el(id);
  if (fold.hidden) return false;
  fold.open = field ? true : !fold.open;
  (field ? el(field) : fold.querySelector("summary")).focus();
  fold.scrollIntoView({ block: "nearest" });
  return true;
}

function act(event) {
  const key = event.key.toLowerCase();
  const number = "1234".indexOf(key);
  if (key.length === 1 && number >= 0) return press(`better-${number + 1}`) || choose(number);
  if (KEYS[key]) return press(KEYS[key]);
  if (key === "e") return open("details", "edit");
  if (key === "?") return open("help");
  const onButton = event.target.closest?.("button, a, summary");
  return key === "enter" && !onButton && press("submit-ranking");
}

export function listen() {
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const on = document.activeElement;
    if (writes(on)) {
      if (event.key === "Escape") on.blur();
      return;
    }
    if (act(event)) event.preventDefault();
  });
}
