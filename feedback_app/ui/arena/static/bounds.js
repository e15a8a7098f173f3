// Long texts scroll within a limited height, so that the page keeps its shape. A button shows the whole text.
const SLACK = 4;

/** @param {HTMLElement} box */
function showAllButton(box) {
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

// Make long texts below `root` scrollable by keyboard. A conversation is scrolled to its end.
/** @param {HTMLElement} root */
export function bound(root) {
  for (const box of root.querySelectorAll(".bounded:not(.long)")) {
    if (box.scrollHeight <= box.clientHeight + SLACK) continue;
    box.classList.add("long");
    box.tabIndex = 0;
    if (!box.matches("ol")) box.setAttribute("role", "group");
    box.setAttribute("aria-label", `The ${box.dataset.what}, which can be scrolled`);
    box.after(showAllButton(box));
    if (box.classList.contains("end")) box.scrollTop = box.scrollHeight;
  }
}
