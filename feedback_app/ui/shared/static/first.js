// The question of the first visit: which languages and topics. It is asked once; the service stores the answer.
import { client, inWords } from "./ask.js";

const ask = client("api/v1");
/** @type {(id: string) => PageElement} */
const el = (id) => document.getElementById(id);
/** @type {(name: string) => string[]} */
const chosen = (name) => [...el("first-question").querySelectorAll(`[name=${name}]:checked`)].map((box) => box.value);

/** @param {string[]} languages @param {string[]} topics */
async function save(languages, topics) {
  try {
    await ask("PATCH", "preferences", { languages, topics });
  } catch (error) {
    el("first-question-line").textContent = inWords(error);
    return;
  }
  el("first-question").hidden = true;
  if (topics.length || languages.join() !== "en") location.reload(); // for prompts that fit
}

/** @param {boolean} wanted */
export function firstQuestion(wanted) {
  const form = el("first-question");
  if (!form) return;
  form.hidden = !wanted;
  if (!wanted || form.dataset.ready) return;
  form.dataset.ready = "true";
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const languages = chosen("language");
    if (languages.length) save(languages, chosen("topic"));
    else el("first-question-line").textContent = "Choose at least one language.";
  });
  el("first-question-no").addEventListener("click", () => save(["en"], []));
}
