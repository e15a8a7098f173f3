// The head of each page: the title of the tab, the menus, the steps, and the chosen colours.
import { asker, Unreachable } from "./ask.js";
import { connected, watchConnection } from "./connection.js";
import { firstQuestion } from "./first.js";
import { restore } from "./typed.js";

const WATCH_MS = 10000; // how often the steps are looked at while a round runs
const SETTLE_MS = 300; // several changes in a row are one
const ask = asker("shell");
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

async function look() {
  clearTimeout(timer);
  try {
    const told = await ask("GET", "state");
    if (el("steps").innerHTML !== told.steps) el("steps").innerHTML = told.steps;
    window.codelynn.colours(told.theme);
    firstQuestion(told.first);
    if (told.busy) timer = setTimeout(() => document.hidden || look(), WATCH_MS);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error; // the line about the connection tells of that
  }
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(look, SETTLE_MS);
}

function start() {
  document.title = el("shell-head").dataset.title;
  menus();
  look();
  restore();
  window.addEventListener("codelynn:changed", soon);
  window.addEventListener(connected, soon);
  document.addEventListener("visibilitychange", () => document.hidden || soon());
}

watchConnection();
const whenThere = () => (el("shell-head") ? start() : requestAnimationFrame(whenThere));
whenThere();
