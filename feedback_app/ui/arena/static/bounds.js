// Long texts stay within bounds and scroll there, so that the page keeps its shape; a button shows all of one.
const SLACK = 4;

/** @param {HTMLElement} box */
function toggle(box) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "link show-all", textContent: "Show all" });
  button.setAttribute("aria-label", `Show all of the ${box.dataset.what}`);
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", () => {
    const whole = box.classList.toggle("whole");
    button.textContent = whole ? "Show less" : "Show all";
    button.setAttribute("aria-label", `${button.textContent} of the ${box.dataset.what}`);
    button.setAttribute("aria-expanded", String(whole));
  });
  return button;
}

// Those that are too long can be scrolled by keyboard and shown whole; conversations begin at their end.
/** @param {HTMLElement} root */
export function bound(root) {
  for (const box of root.querySelectorAll(".bounded:not(.long)")) {
    if (box.scrollHeight <= box.clientHeight + SLACK) continue;
    box.classList.add("long");
    box.tabIndex = 0;
    if (!box.matches("ol")) box.setAttribute("role", "group");
    box.setAttribute("aria-label", `The ${box.dataset.what}, which can be scrolled`);
    box.after(toggle(box));
    if (box.classList.contains("end")) box.scrollTop = box.scrollHeight;
  }
}
