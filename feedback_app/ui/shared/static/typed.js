// Keeps what was typed while the page reloads after a restart of the service. It is stored in this tab only.
const KEPT = "codelynn.typed";
const WAIT_MS = 30000; // for a field to be drawn and switched on
const TYPED = "textarea, input:is([type=text], [type=search], [type=number], [type=url], :not([type]))";
/** @type {Set<any>} */
const touched = new Set();
// A message on its way counts as typed until the service has it. It goes back into its box, before the text typed since.
const UNDERWAY = "#message-sent :is(input, textarea)";
const ITS_BOX = "#message textarea";
/** @type {Typed[]} */
let waiting = []; // what is to be filled in, on this page

document.addEventListener("input", (event) => {
  if (event.isTrusted && event.target.matches?.(TYPED)) touched.add(event.target);
});

// How to find a field on the reloaded page: by its id, or by its place in an element that has one.
/** @param {HTMLElement} field */
function address(field) {
  if (field.id && !field.id.startsWith("component-")) return { id: field.id, place: -1 };
  const home = field.closest("[id]:not([id^=component-])");
  return home && { id: home.id, place: [...home.querySelectorAll(TYPED)].indexOf(field) };
}

/** @param {{ id: string, place: number }} address */
function find({ id, place }) {
  const home = document.getElementById(id);
  return place < 0 || !home ? home : home.querySelectorAll(TYPED)[place];
}

export function keep() {
  const sent = document.querySelector(UNDERWAY)?.value || "";
  const box = document.querySelector(ITS_BOX);
  if (sent) touched.add(box);
  /** @param {any} field */
  const textOf = (field) => (field === box ? [sent, field.value].filter(Boolean).join("\n") : field.value);
  const fields = [...touched].filter((field) => field.isConnected && textOf(field) && address(field));
  const kept = fields.map((field) => ({ ...address(field), text: textOf(field) }));
  sessionStorage.setItem(KEPT, JSON.stringify({ page: location.pathname, kept: [...kept, ...waiting] }));
}

/** @param {HTMLInputElement | HTMLTextAreaElement} field @param {string} text */
function write(field, text) {
  const type = field instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
  Object.getOwnPropertyDescriptor(type.prototype, "value").set.call(field, text);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  touched.add(field);
}

// Fills in the fields once they are enabled. A field that is not empty by then stays as it is.
export function restore() {
  const { page, kept } = JSON.parse(sessionStorage.getItem(KEPT) || "{}");
  if (page !== location.pathname) return;
  sessionStorage.removeItem(KEPT);
  const until = Date.now() + WAIT_MS;
  waiting = kept;
  const retry = () => {
    waiting = waiting.filter((one) => {
      const field = find(one);
      if (!field || field.disabled || field.closest("[data-state=loading]")) return true;
      if (!field.value) write(field, one.text);
      return false;
    });
    if (waiting.length && Date.now() < until) setTimeout(retry, 100);
  };
  retry();
}
