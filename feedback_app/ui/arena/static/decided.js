// The comparisons that this session has decided, oldest first, so that undo goes back all the way, also after a reload.
const KEPT = "codelynn.decided";

/** @type {string[]} */
export const decided = JSON.parse(sessionStorage.getItem(KEPT) || "[]");

/** @param {string} [id] */
export function note(id) {
  if (id) decided.push(id);
  document.getElementById("arena").removeAttribute("data-untouched");
  sessionStorage.setItem(KEPT, JSON.stringify(decided.slice(-500)));
}
