// The arrow keys, or a swipe across the conversation, press the buttons "previous reply" and "next reply".
/** @param {any} at */
const typing = (at) => at.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(at.tagName);
/** @type {Record<string, string>} */
const arrows = { ArrowLeft: "#reply-before", ArrowRight: "#reply-after" };
const far = 60; // CSS pixels

/** @param {string} name */
const press = (name) => {
  const button = document.querySelector(name);
  if (!button?.offsetParent) return false;
  button.click();
  return true;
};

document.addEventListener("keydown", (event) => {
  const name = arrows[event.key];
  if (!name || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || typing(event.target)) return;
  if (press(name)) event.preventDefault();
});

/** @type {Touch | null} */
let began = null;

document.addEventListener("touchstart", (event) => {
  const on = event.touches.length === 1 && event.target.closest("#transcript") && !event.target.closest("pre, textarea");
  began = on ? event.touches[0] : null;
}, { passive: true });

document.addEventListener("touchend", (event) => {
  if (!began) return;
  const across = event.changedTouches[0].clientX - began.clientX;
  const down = event.changedTouches[0].clientY - began.clientY;
  began = null;
  if (Math.abs(across) > far && Math.abs(across) > 2 * Math.abs(down)) press(across < 0 ? "#reply-after" : "#reply-before");
}, { passive: true });
