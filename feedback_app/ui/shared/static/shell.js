// The head of each page: the title of the tab, the menus, the steps, and the chosen colours.
import { client, Unreachable } from "./ask.js";
import { connected, watchConnection } from "./connection.js";
import { firstQuestion } from "./first.js";
import { restore } from "./typed.js";

const WATCH_MS = 10000; // how often the steps are refreshed while a round runs
const SETTLE_MS = 300; // several changes in a row are one
const ask = client("shell");
/** @type {(id: string) => PageElement} */
const el = (id) => document.getElementById(id);
/** @type {number} */
let timer;

function menus() {
  const open = () => el("shell").querySelectorAll("details[open]");
  document.addEventListener("click", (event) => {
    for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
  });
  el("shell").addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  el("shell").addEventListener("focusout", (event) => {
    for (const menu of open()) if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
}

async function refresh() {
  clearTimeout(timer);
  try {
    const state = await ask("GET", "state");
    if (el("steps").innerHTML !== state.steps) el("steps").innerHTML = state.steps;
    window.codelynn.colours(state.theme);
    firstQuestion(state.first);
    if (state.busy) timer = setTimeout(() => document.hidden || refresh(), WATCH_MS);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error; // connection.js shows that the service is away
  }
}

function refreshSoon() {
  clearTimeout(timer);
  timer = setTimeout(refresh, SETTLE_MS);
}

function start() {
  document.title = el("shell-head").dataset.title;
  menus();
  refresh();
  restore();
  window.addEventListener("codelynn:changed", refreshSoon);
  window.addEventListener(connected, refreshSoon);
  document.addEventListener("visibilitychange", () => document.hidden || refreshSoon());
}

watchConnection();
const whenThere = () => (el("shell-head") ? start() : requestAnimationFrame(whenThere));
whenThere();
