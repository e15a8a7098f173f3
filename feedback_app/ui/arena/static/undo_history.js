// The comparisons that this session has voted on or skipped, oldest first, so that undo can go back all the way, also after a reload.
const KEPT = "codelynn.decided";
const MOST = 500;

/** @type {string[]} */
export const decidedIds = JSON.parse(sessionStorage.getItem(KEPT) || "[]");

/** @param {string} id */
export function add(id) {
  decidedIds.push(id);
  save();
}

/** @param {string} id */
export function remove(id) {
  decidedIds.splice(decidedIds.lastIndexOf(id), 1);
  save();
}

export function removeLast() {
  const id = decidedIds.pop();
  save();
  return id;
}

function save() {
  document.getElementById("arena").removeAttribute("data-untouched");
  sessionStorage.setItem(KEPT, JSON.stringify(decidedIds.slice(-MOST)));
}
