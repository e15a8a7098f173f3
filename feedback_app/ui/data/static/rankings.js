// The list of one's own rankings on the Data page. What it shows of prompts and replies comes from the service, which has
// made it harmless.
import { asker, inWords } from "../../shared/static/ask.js";
import { change, choose, wanted } from "./form.js";

const ask = asker("rankings");
/** @type {(id: string) => PageElement} */
const el = (id) => document.getElementById(id);
/** @param {number} n @param {string} one */
const many = (n, one) => `${n.toLocaleString("en")} ${one}${n === 1 ? "" : "s"}`;
/** @type {Set<string>} */
const picked = new Set();
const LOOK_MS = 50;

let looked = {}; // what the list shows
let only = ""; // the one that the address names
/** @type {string | null} */
let next = null;
let found = 0;
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
  const mine = ++turn;
  looked = { ...wanted(el("find")), id: only };
  el("rankings").dataset.state = "loading";
  el("found").textContent = "Searching…";
  const told = await ask("POST", "find", { wanted: looked });
  if (mine !== turn) return;
  el("found-list").innerHTML = told.items;
  arrived(told);
  el("rankings").dataset.state = "open";
}

async function more() {
  const mine = turn;
  const told = await ask("POST", "find", { wanted: looked, cursor: next });
  if (mine !== turn) return;
  const first = el("found-list").childElementCount;
  el("found-list").insertAdjacentHTML("beforeend", told.items);
  arrived(told);
  el("found-list").children[first]?.querySelector("summary")?.focus();
}

/** @param {{ next: string | null, found: number, line: string }} told */
function arrived(told) {
  next = told.next;
  found = told.found;
  el("found").textContent = told.line;
  el("more").hidden = !next;
  for (const row of rows()) row.querySelector(".pick input").checked = picked.has(row.dataset.id);
  count();
}

/** @type {() => NodeListOf<any>} */
const rows = () => el("found-list").querySelectorAll("li[data-id]");

// Selecting

function count() {
  el("picked").textContent = picked.size ? `${picked.size.toLocaleString("en")} selected` : "";
  for (const id of ["many-out", "many-back", "many-delete"]) el(id).disabled = !picked.size;
  const shown = [...rows()];
  el("pick-shown").checked = shown.length > 0 && shown.every((row) => picked.has(row.dataset.id));
  el("many").hidden = !shown.length;
  el("pick-found").hidden = found <= shown.length;
}

/** @param {string[]} ids @param {boolean} on */
function pick(ids, on) {
  for (const id of ids) on ? picked.add(id) : picked.delete(id);
  for (const row of rows()) row.querySelector(".pick input").checked = picked.has(row.dataset.id);
  count();
}

// What is done with them

/** @param {string[]} ids */
function undoOf(ids) {
  const button = document.createElement("button");
  button.type = "button";
  button.id = "undo-out";
  button.textContent = "Undo";
  button.addEventListener("click", () => guarded(() => back(ids)));
  return button;
}

/** @param {string[]} ids */
async function out(ids) {
  const told = await ask("POST", "out", { ids });
  await refreshed(ids);
  const words = `${many(told.ids.length, "vote")} excluded: no round trains on ${told.ids.length === 1 ? "it" : "them"}.`;
  line(told.ids.length ? words : "None of these has a vote to exclude.", false, told.ids.length ? undoOf(told.ids) : null);
  el("undo-out")?.focus();
}

/** @param {string[]} ids */
async function back(ids) {
  const told = await ask("POST", "back", { ids });
  await refreshed(ids);
  line(told.ids.length ? `${many(told.ids.length, "vote")} included again.` : "None of these was excluded.");
}

/** @param {string[]} ids */
async function sure(ids) {
  el("sure").from = document.activeElement;
  el("sure-words").textContent = (await ask("POST", "question", { ids })).question;
  el("sure").hidden = false;
  el("sure").asked = ids;
  el("sure-no").focus();
}

async function remove() {
  const ids = el("sure").asked;
  shut();
  const told = await ask("POST", "delete", { ids });
  if (told.ids.includes(only)) only = "";
  window.codelynn.remember(only);
  await again();
  line(`${many(told.ids.length, "comparison")} deleted permanently.`);
}

function shut() {
  el("sure").hidden = true;
  el("sure").from?.focus();
}

// The list and all that depends on what there is, afresh.
async function again() {
  await find();
  guarded(about);
}

// One stays where it is, also where the list would no longer find it.
/** @param {string[]} ids */
async function refreshed(ids) {
  const row = ids.length === 1 && [...rows()].find((one) => one.dataset.id === ids[0]);
  if (!row) return again();
  replace(row, await ask("GET", `c/${ids[0]}`));
  guarded(about);
}

async function about() {
  const told = await ask("GET", "about");
  choose(el("find"), told.choices);
  el("consistency").innerHTML = told.consistency;
  const counts = document.querySelector("#counts dl");
  const fresh = new DOMParser().parseFromString(told.counts, "text/html").querySelector("dl");
  if (counts) counts.innerHTML = fresh.innerHTML;
}

// One of them

/** @param {HTMLElement} row */
async function open(row) {
  const told = await ask("GET", `c/${row.dataset.id}`);
  row.querySelector(".one").innerHTML = told.detail;
}

/** @param {HTMLElement} row @param {{ item: string, detail: string }} told */
function replace(row, told) {
  row.insertAdjacentHTML("afterend", told.item);
  const fresh = /** @type {HTMLElement} */ (row.nextElementSibling);
  row.remove();
  fresh.querySelector(".one").innerHTML = told.detail;
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
function does(button) {
  const id = button.closest("li").dataset.id;
  /** @type {Record<string, () => unknown>} */
  const acts = { out: () => out([id]), back: () => back([id]), delete: () => sure([id]), again: () => rankAgain(id) };
  return acts[button.dataset.does]();
}

function all() {
  only = "";
  window.codelynn.remember("");
  line("");
}

// The buttons

function connect() {
  const clicks = {
    more,
    "pick-found": async () => pick((await ask("POST", "ids", looked)).ids, true),
    "many-out": () => out([...picked]),
    "many-back": () => back([...picked]),
    "many-delete": () => sure([...picked]),
    "sure-yes": remove,
    "sure-no": shut,
  };
  for (const [id, act] of Object.entries(clicks)) el(id).addEventListener("click", () => guarded(act));
  el("pick-shown").addEventListener("change", (event) => pick([...rows()].map((row) => row.dataset.id), event.target.checked));
  el("find").addEventListener("submit", (event) => {
    event.preventDefault();
    all();
    guarded(find);
  });
  el("find").addEventListener("reset", () => {
    all();
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
  list.addEventListener("click", (event) => event.target.closest("[data-does]") && guarded(() => does(event.target.closest("[data-does]"))));
  el("consistency").addEventListener("click", (event) => event.target.id === "show-differs" && differing());
  el("sure").addEventListener("keydown", (event) => event.key === "Escape" && shut());
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

const whenThere = () => (el("rankings") ? start() : setTimeout(whenThere, LOOK_MS));
whenThere();
