// The list of the owner's rankings on the Data page. Prompts and replies arrive as HTML that the service has escaped.
import { client, inWords } from "../../shared/static/ask.js";
import { changeAll, MOST_PICKED } from "./bulk.js";
import { change, choose, query, wanted } from "./form.js";

const ask = client("rankings"); // HTML for this list
const api = client("api/v1/rankings");
/** @type {(id: string) => PageElement} */
const el = (id) => document.getElementById(id);
/** @param {number} n @param {string} one */
const many = (n, one) => `${n.toLocaleString("en")} ${one}${n === 1 ? "" : "s"}`;
/** @type {Set<string>} */
const picked = new Set();
const RETRY_MS = 50; // until the page is drawn

let filters = {}; // of the list that is shown
let [found, estimated] = [0, false]; // how many the filters find, and whether that is an estimate
let everything = false; // all that the filters find are selected, too many to name
let only = ""; // the id in the page's address
/** @type {string | null} */
let next = null;
let turn = 0;

/** @param {string} text @param {boolean} alert @param {HTMLElement | null} undo */
function line(text, alert = false, undo = null) {
  el("rankings-line").innerHTML = text ? '<p class="notice"><span></span></p>' : "";
  if (!text) return;
  const shown = el("rankings-line").querySelector(".notice");
  shown.classList.toggle("alert", alert);
  shown.firstChild.textContent = text;
  if (undo) shown.append(undo);
}

/** @param {() => unknown} act */
async function guarded(act) {
  try {
    return await act();
  } catch (error) {
    el("rankings").dataset.state = "open";
    line(inWords(error), true);
    return null;
  }
}

// The list

async function find() {
  picked.clear();
  everything = false;
  const mine = ++turn;
  filters = { ...wanted(el("find")), id: only };
  el("rankings").dataset.state = "loading";
  el("found").textContent = "Searching…";
  const answer = await ask("POST", "find", { wanted: filters });
  if (mine !== turn) return;
  el("found-list").innerHTML = answer.items;
  arrived(answer);
  el("rankings").dataset.state = "open";
}

async function more() {
  const mine = turn;
  const answer = await ask("POST", "find", { wanted: filters, cursor: next });
  if (mine !== turn) return;
  const first = el("found-list").childElementCount;
  el("found-list").insertAdjacentHTML("beforeend", answer.items);
  arrived(answer);
  el("found-list").children[first]?.querySelector("summary")?.focus();
}

/** @param {{ next: string | null, found: number, estimated: boolean, line: string }} answer */
function arrived(answer) {
  next = answer.next;
  ({ found, estimated } = answer);
  el("found").textContent = answer.line;
  el("more").hidden = !next;
  for (const row of rows()) row.querySelector(".pick input").checked = picked.has(row.dataset.id);
  count();
}

/** @type {() => NodeListOf<any>} */
const rows = () => el("found-list").querySelectorAll("li[data-id]");

// Selecting

function count() {
  const number = everything ? found : picked.size;
  el("picked").textContent = number ? `${everything ? "All " : ""}${number.toLocaleString("en")} selected` : "";
  for (const id of ["many-out", "many-back", "many-delete"]) el(id).disabled = !number;
  const shown = [...rows()];
  el("pick-shown").checked = shown.length > 0 && shown.every((row) => picked.has(row.dataset.id));
  el("many").hidden = !shown.length;
  el("pick-found").hidden = !next;
}

/** @param {string[]} ids @param {boolean} on */
function pick(ids, on) {
  everything = false;
  for (const id of ids) on ? picked.add(id) : picked.delete(id);
  for (const row of rows()) row.querySelector(".pick input").checked = picked.has(row.dataset.id);
  count();
}

async function pickFound() {
  if (found <= MOST_PICKED) return pick((await api("GET", `ids?${query(filters)}`)).ids, true);
  everything = true;
  count();
}

// Actions on the selected ones

/** @param {string} action */
async function toAll(action) {
  await changeAll(action, filters, (text, button) => line(text, false, button));
  const result = el("rankings-line").textContent;
  await reload();
  line(result);
}

/** @param {string[]} ids */
function undoButton(ids) {
  const button = document.createElement("button");
  button.type = "button";
  button.id = "undo-out";
  button.textContent = "Undo";
  button.addEventListener("click", () => guarded(() => include(ids)));
  return button;
}

/** @param {string[]} ids */
async function exclude(ids) {
  const answer = await api("POST", "take-out", { ids });
  await refreshed(ids);
  const words = `${many(answer.ids.length, "vote")} excluded: no round trains on ${answer.ids.length === 1 ? "it" : "them"}.`;
  line(answer.ids.length ? words : "None of these has a vote to exclude.", false, answer.ids.length ? undoButton(answer.ids) : null);
  el("undo-out")?.focus();
}

/** @param {string[]} ids */
async function include(ids) {
  const answer = await api("POST", "bring-back", { ids });
  await refreshed(ids);
  line(answer.ids.length ? `${many(answer.ids.length, "vote")} included again.` : "None of these was excluded.");
}

/** @param {string[]} ids */
async function askBeforeDeleting(ids) {
  el("sure").from = document.activeElement;
  const question = everything ? { ids: [], found, about: estimated } : { ids };
  el("sure-words").textContent = (await ask("POST", "question", question)).question;
  el("sure").hidden = false;
  el("sure").asked = ids;
  el("sure-no").focus();
}

async function remove() {
  const ids = el("sure").asked;
  closeQuestion();
  if (everything) return toAll("delete");
  const answer = await api("POST", "delete", { ids });
  if (answer.ids.includes(only)) only = "";
  window.codelynn.remember(only);
  await reload();
  line(`${many(answer.ids.length, "comparison")} deleted permanently.`);
}

function closeQuestion() {
  el("sure").hidden = true;
  el("sure").from?.focus();
}

async function reload() {
  await find();
  guarded(about);
}

/** @param {string[]} ids a single one stays in its place, even where the filters no longer match it */
async function refreshed(ids) {
  const row = ids.length === 1 && [...rows()].find((one) => one.dataset.id === ids[0]);
  if (!row) return reload();
  replace(row, await ask("GET", `c/${ids[0]}`));
  guarded(about);
}

async function about() {
  const answer = await ask("GET", "about");
  choose(el("find"), answer.choices);
  el("consistency").innerHTML = answer.consistency;
  const counts = document.querySelector("#counts dl");
  const fresh = new DOMParser().parseFromString(answer.counts, "text/html").querySelector("dl");
  if (counts) counts.innerHTML = fresh.innerHTML;
}

// One of them

/** @param {HTMLElement} row */
async function open(row) {
  const answer = await ask("GET", `c/${row.dataset.id}`);
  row.querySelector(".one").innerHTML = answer.detail;
}

/** @param {HTMLElement} row @param {{ item: string, detail: string }} answer */
function replace(row, answer) {
  row.insertAdjacentHTML("afterend", answer.item);
  const fresh = /** @type {HTMLElement} */ (row.nextElementSibling);
  row.remove();
  fresh.querySelector(".one").innerHTML = answer.detail;
  fresh.querySelector("details").open = true;
  fresh.querySelector(".pick input").checked = picked.has(fresh.dataset.id);
  fresh.querySelector("summary").focus();
}

/** @param {HTMLFormElement} form */
async function save(form) {
  const row = form.closest("li");
  replace(row, await ask("PUT", `c/${row.dataset.id}`, change(form)));
  line("Saved.");
  guarded(about);
}

/** @param {string} id */
async function rankAgain(id) {
  await ask("POST", `c/${id}/again`);
  window.location.href = `./?c=${id}`;
}

/** @param {HTMLElement} button */
function actOn(button) {
  const id = button.closest("li").dataset.id;
  /** @type {Record<string, () => unknown>} */
  const actions = { out: () => exclude([id]), back: () => include([id]), delete: () => askBeforeDeleting([id]), again: () => rankAgain(id) };
  return actions[button.dataset.does]();
}

function clearLine() {
  only = "";
  window.codelynn.remember("");
  line("");
}

// The buttons

function connect() {
  const clicks = {
    more,
    "pick-found": pickFound,
    "many-out": () => (everything ? toAll("exclude") : exclude([...picked])),
    "many-back": () => (everything ? toAll("include") : include([...picked])),
    "many-delete": () => askBeforeDeleting([...picked]),
    "sure-yes": remove,
    "sure-no": closeQuestion,
  };
  for (const [id, act] of Object.entries(clicks)) el(id).addEventListener("click", () => guarded(act));
  el("pick-shown").addEventListener("change", (event) => pick([...rows()].map((row) => row.dataset.id), event.target.checked));
  el("find").addEventListener("submit", (event) => {
    event.preventDefault();
    clearLine();
    guarded(find);
  });
  el("find").addEventListener("reset", () => {
    clearLine();
    setTimeout(() => guarded(find));
  });
  el("find").addEventListener("change", (event) => event.target.name !== "words" && el("find").requestSubmit());
  const list = el("found-list");
  list.addEventListener("toggle", (event) => opened(event.target), true);
  list.addEventListener("change", (event) => event.target.closest(".pick") && pick([event.target.closest("li").dataset.id], event.target.checked));
  list.addEventListener("submit", (event) => {
    event.preventDefault();
    guarded(() => save(/** @type {HTMLFormElement} */ (event.target)));
  });
  list.addEventListener("click", (event) => event.target.closest("[data-does]") && guarded(() => actOn(event.target.closest("[data-does]"))));
  el("consistency").addEventListener("click", (event) => event.target.id === "show-differs" && differing());
  el("sure").addEventListener("keydown", (event) => event.key === "Escape" && closeQuestion());
}

/** @param {any} details */
function opened(details) {
  const fresh = details.classList.contains("ranking") && details.open && !details.querySelector(".one").childElementCount;
  if (fresh) guarded(() => open(details.closest("li")));
}

function differing() {
  el("find").reset();
  setTimeout(() => {
    el("find").elements.differs.checked = true;
    el("find").requestSubmit();
  });
}

async function start() {
  connect();
  only = new URLSearchParams(location.search).get("c") || "";
  await guarded(find);
  if (only) rows()[0]?.querySelector("details").setAttribute("open", "");
  await guarded(about);
}

const whenThere = () => (el("rankings") ? start() : setTimeout(whenThere, RETRY_MS));
whenThere();
