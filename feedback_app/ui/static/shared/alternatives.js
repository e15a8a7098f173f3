// The arrow keys go from one reply to the next while nothing is being written.
const typing = (at) => at.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(at.tagName);
const arrows = { ArrowLeft: "#reply-before", ArrowRight: "#reply-after" };

document.addEventListener("keydown", (event) => {
  const name = arrows[event.key];
  if (!name || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || typing(event.target)) return;
  const button = document.querySelector(name);
  if (!button || !button.offsetParent) return;
  event.preventDefault();
  button.click();
});
