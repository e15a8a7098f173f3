// The keyboard shortcuts of the arena. They are off while something is typed.
import { el } from "./board.js";
import { chooseReply, takeBack, tieNext } from "./ordering.js";

/** @type {Record<string, string>} */
const KEYS = { t: "tie", x: "all-bad", s: "skip", u: "undo", e: "rewrite", r: "again", n: "next" };

/** @param {any} element */
const takesText = (element) =>
  element &&
  (element.isContentEditable ||
    element.matches("textarea, select") ||
    element.matches("input:not([type=radio]):not([type=checkbox]):not([type=range])"));

/** @param {string} id */
function press(id) {
  const button = el(id);
  if (!button || button.disabled || !button.offsetParent) return false;
  button.click();
  return true;
}

function toggleHelp() {
  const help = el("help");
  help.open = !help.open;
  help.querySelector("summary").focus();
  help.scrollIntoView({ block: "nearest" });
  return true;
}

/** @param {KeyboardEvent} event */
function handle(event) {
  const key = event.key.toLowerCase();
  const reply = key.length === 1 ? Math.max("1234".indexOf(key), "abcd".indexOf(key)) : -1;
  if (reply >= 0) return press(`better-${reply + 1}`) || chooseReply(reply);
  if (KEYS[key]) return press(KEYS[key]);
  if (key === "=") return tieNext();
  if (key === "backspace") return takeBack();
  if (key === "?") return toggleHelp();
  const onButton = event.target.closest?.("button, a, summary");
  return key === "enter" && !onButton && press("submit-ranking");
}

// A button that was clicked loses the focus. Otherwise Enter, which submits a ranking, would press it again.
/** @param {MouseEvent} event */
function dropFocus(event) {
  if (event.detail && event.target.closest("#arena :is(button, label, input:is([type=radio], [type=checkbox]))"))
    setTimeout(() => !takesText(document.activeElement) && /** @type {HTMLElement} */ (document.activeElement).blur());
}

export function listen() {
  document.addEventListener("click", dropFocus);
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const focused = /** @type {HTMLElement} */ (document.activeElement);
    if (takesText(focused)) {
      if (event.key === "Escape") focused.blur();
      return;
    }
    if (handle(event)) event.preventDefault();
  });
}
