// The keyboard of the arena. Off while something is typed.
import { el } from "./board.js";
import { back, choose, tieNext } from "./places.js";

/** @type {Record<string, string>} */
const KEYS = { t: "tie", x: "all-bad", s: "skip", u: "undo", e: "rewrite", r: "again", n: "next" };

/** @param {any} on */
const writes = (on) =>
  on &&
  (on.isContentEditable ||
    on.matches("textarea, select") ||
    on.matches("input:not([type=radio]):not([type=checkbox]):not([type=range])"));

/** @param {string} id */
function press(id) {
  const button = el(id);
  if (!button || button.disabled || !button.offsetParent) return false;
  button.click();
  return true;
}

function help() {
  const fold = el("help");
  fold.open = !fold.open;
  fold.querySelector("summary").focus();
  fold.scrollIntoView({ block: "nearest" });
  return true;
}

/** @param {KeyboardEvent} event */
function act(event) {
  const key = event.key.toLowerCase();
  const reply = key.length === 1 ? Math.max("1234".indexOf(key), "abcd".indexOf(key)) : -1;
  if (reply >= 0) return press(`better-${reply + 1}`) || choose(reply);
  if (KEYS[key]) return press(KEYS[key]);
  if (key === "=") return tieNext();
  if (key === "backspace") return back();
  if (key === "?") return help();
  const onButton = event.target.closest?.("button, a, summary");
  return key === "enter" && !onButton && press("submit-ranking");
}

// What a mouse or finger pressed lets go of the keyboard: else Enter, which is to submit a ranking, would press it once more.
/** @param {MouseEvent} event */
function release(event) {
  if (event.detail && event.target.closest("#arena :is(button, label, input:is([type=radio], [type=checkbox]))"))
    setTimeout(() => !writes(document.activeElement) && /** @type {HTMLElement} */ (document.activeElement).blur());
}

export function listen() {
  document.addEventListener("click", release);
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const on = /** @type {HTMLElement} */ (document.activeElement);
    if (writes(on)) {
      if (event.key === "Escape") on.blur();
      return;
    }
    if (act(event)) event.preventDefault();
  });
}
