// The details of a vote: the owner's own version, tone tags and a note. A draft of them is kept for each comparison, also over a
// reload and an undo, and sent with the vote.
import { el, showAlert } from "./board.js";

const KEPT = "codelynn.drafts";
const MOST = 50;
/** @type {Map<string, Details>} */
const drafts = new Map(JSON.parse(sessionStorage.getItem(KEPT) || "[]"));
/** @type {Board | null} */
let shown = null; // the comparison whose details are on the page

export const currentDetails = () => ({
  aspects: [...el("aspects").querySelectorAll("input:checked")].map((box) => box.value),
  note: el("note").value,
  edit: el("edit").value,
});

/** @param {Partial<Details>} details */
function fillFields({ aspects = [], note = "", edit = "" }) {
  for (const box of el("aspects").querySelectorAll("input")) box.checked = aspects.includes(box.value);
  el("note").value = note;
  el("edit").value = edit;
}

function saveDraft() {
  if (!shown) return;
  drafts.delete(shown.id);
  const now = currentDetails();
  if (now.aspects.length || now.note || now.edit) drafts.set(shown.id, now);
  sessionStorage.setItem(KEPT, JSON.stringify([...drafts].slice(-MOST)));
}

// Another comparison is shown: fill in its draft, or the details that were saved.
/** @param {Board} board */
export function restore(board) {
  shown = board;
  fillFields(drafts.get(board.id) || board.ranking || {});
  close();
}

// The same comparison is shown again: its replies are complete, or it is ranked.
/** @param {Board} board */
export function update(board) {
  shown = board;
  if (board.state === "ranked") close();
  else if (!el("own").hidden) offerReplies();
}

// The same prompt has new replies: the draft stays.
/** @param {string} from @param {string} to */
export function copyDraft(from, to) {
  if (drafts.has(from)) drafts.set(to, drafts.get(from));
}

function showUnsaved() {
  const saved = shown?.ranking?.edit || "";
  el("own-kept").hidden = !el("own").hidden || !el("edit").value.trim() || el("edit").value === saved;
}

export function open() {
  if (el("rewrite").hidden) return false;
  el("own").hidden = false;
  offerReplies();
  showUnsaved();
  el("edit").focus();
  el("own").scrollIntoView({ block: "nearest" });
  return true;
}

export function close() {
  el("own").hidden = true;
  showUnsaved();
}

// A button for each reply, which copies its text into the own version.
function offerReplies() {
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
        if (!document.execCommand("insertText", false, text)) box.value = text; // the command can be undone by Ctrl+Z
        saveDraft();
      });
      return button;
    }),
  );
}

// `save` saves the own version.
/** @param {() => void} save */
export function listen(save) {
  const send = () => (el("edit").value.trim() ? save() : showAlert("Your version is empty: write it first."));
  el("rewrite").addEventListener("click", open);
  el("open-own").addEventListener("click", open);
  el("close-own").addEventListener("click", close);
  el("save-own").addEventListener("click", send);
  el("drop-own").addEventListener("click", () => {
    el("edit").value = shown?.ranking?.edit || "";
    saveDraft();
    showUnsaved();
  });
  for (const id of ["edit", "note", "aspects"]) el(id).addEventListener("input", saveDraft);
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
