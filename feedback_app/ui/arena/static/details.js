// What is said about a comparison besides its verdict: the owner's own version, tone tags and a note. It is kept for each
// comparison while it is written, also over a reload and an undo, and sent with the verdict.
import { el, line } from "./board.js";

const KEPT = "codelynn.drafts";
const MOST = 50;
/** @type {Map<string, Details>} */
const drafts = new Map(JSON.parse(sessionStorage.getItem(KEPT) || "[]"));
/** @type {Board | null} */
let shown = null; // the board whose details are on the page

export const details = () => ({
  aspects: [...el("aspects").querySelectorAll("input:checked")].map((box) => box.value),
  note: el("note").value,
  edit: el("edit").value,
});

/** @param {Partial<Details>} details */
function put({ aspects = [], note = "", edit = "" }) {
  for (const box of el("aspects").querySelectorAll("input")) box.checked = aspects.includes(box.value);
  el("note").value = note;
  el("edit").value = edit;
}

function keep() {
  if (!shown) return;
  drafts.delete(shown.id);
  const now = details();
  if (now.aspects.length || now.note || now.edit) drafts.set(shown.id, now);
  sessionStorage.setItem(KEPT, JSON.stringify([...drafts].slice(-MOST)));
}

// Another comparison is shown, with what was said about it before.
/** @param {Board} board */
export function restore(board) {
  shown = board;
  put(drafts.get(board.id) || board.ranking || {});
  close();
}

// The same comparison, whose replies are complete now, or which has its verdict.
/** @param {Board} board */
export function update(board) {
  shown = board;
  if (board.state === "ranked") close();
  else if (!el("own").hidden) startFrom();
}

// The same prompt has other replies now: what was written stays.
/** @param {string} from @param {string} to */
export function carry(from, to) {
  if (drafts.has(from)) drafts.set(to, drafts.get(from));
}

function tellKept() {
  const saved = shown?.ranking?.edit || "";
  el("own-kept").hidden = !el("own").hidden || !el("edit").value.trim() || el("edit").value === saved;
}

export function open() {
  if (el("rewrite").hidden) return false;
  el("own").hidden = false;
  startFrom();
  tellKept();
  el("edit").focus();
  el("own").scrollIntoView({ block: "nearest" });
  return true;
}

export function close() {
  el("own").hidden = true;
  tellKept();
}

// One button for each reply: its text becomes the beginning of the own version.
function startFrom() {
  const texts = shown.texts || [];
  el("own-from").hidden = !texts.some(Boolean);
  el("own-from").lastElementChild.replaceChildren(
    ...texts.map((text, i) => {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "link", textContent: "ABCD"[i] });
      button.setAttribute("aria-label", `Start from reply ${"ABCD"[i]}`);
      button.addEventListener("click", () => {
        const box = el("edit");
        box.focus();
        box.select();
        if (!document.execCommand("insertText", false, text)) box.value = text; // the former can be undone by Ctrl+Z
        keep();
      });
      return button;
    }),
  );
}

// `save` sends the own version.
/** @param {() => void} save */
export function listen(save) {
  const send = () => (el("edit").value.trim() ? save() : line("Your version is empty: write it first."));
  el("rewrite").addEventListener("click", open);
  el("open-own").addEventListener("click", open);
  el("close-own").addEventListener("click", close);
  el("save-own").addEventListener("click", send);
  el("drop-own").addEventListener("click", () => {
    el("edit").value = shown?.ranking?.edit || "";
    keep();
    tellKept();
  });
  for (const id of ["edit", "note", "aspects"]) el(id).addEventListener("input", keep);
  el("edit").addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
      el("edit").blur();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      send();
    }
  });
  if (/Mac|iPhone|iPad/.test(navigator.platform)) el("save-own").querySelector("kbd").textContent = "⌘ Enter";
}
