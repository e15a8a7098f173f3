// The Arena page. Here it starts and listens; `comparison.js` shows comparisons, and `votes.js` ranks them.
import { drawEmpty, drawLoading, el, showAlert, showOutcome } from "./board.js";
import { current, isRequesting, open, show, showError } from "./comparison.js";
import { continuation, isContinuing, stopContinuing } from "./conversation.js";
import * as details from "./details.js";
import * as keys from "./keys.js";
import { options, restoreOptions, saveOptions } from "./options.js";
import * as ordering from "./ordering.js";
import * as prefetch from "./prefetch.js";
import { ask } from "./service.js";
import { actions, saveOwnVersion } from "./votes.js";

const RETRY_MS = 2000;

/** @param {Event} event */
async function compare(event) {
  event.preventDefault();
  const prompt = el("prompt").value;
  if (!prompt.trim()) return showAlert("The prompt is empty: write something to answer.");
  showAlert("");
  const before = current;
  if (await open({ ...options(), prompt, ...continuation() })) {
    if (before?.state === "open") prefetch.setAside(before);
    if (el("prompt").value === prompt && current?.state !== "failed") el("prompt").value = "";
    el("prompt").blur();
    showOutcome("");
  }
}

function drawPrompt() {
  showAlert("");
  showOutcome("");
  stopContinuing();
  if (current?.state === "open") prefetch.forget(current.id);
  const board = prefetch.nextReady();
  if (board) show(board);
  else open(options());
}

// Other languages or topics were chosen: a comparison whose prompt was drawn for the old ones is replaced.
async function changeInterests() {
  prefetch.restart();
  if (isRequesting() || isContinuing() || (current && !current.drawn)) return;
  try {
    const answer = await ask("POST", "start", options());
    prefetch.accept(answer);
    answer.board ? show(answer.board) : open(options());
  } catch (error) {
    showError(error);
  }
}

function changeOptions() {
  saveOptions();
  prefetch.restart();
}

function connect() {
  for (const [id, act] of Object.entries(actions)) el(id).addEventListener("click", act);
  el("draw").addEventListener("click", drawPrompt);
  el("ask").addEventListener("submit", compare);
  el("prompt").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) compare(event);
  });
  for (const id of ["topic", "number", "auto"]) el(id).addEventListener("change", changeOptions);
  window.addEventListener("codelynn:interests", changeInterests);
  document.addEventListener("visibilitychange", () => prefetch.schedule(0));
  ordering.listen(el("cards"), () => showAlert(""));
  details.listen(saveOwnVersion);
  keys.listen();
  for (const id of ["draw", "compare"]) el(id).disabled = false;
}

async function start() {
  restoreOptions();
  connect();
  drawLoading();
  const named = new URLSearchParams(location.search).get("c") || "";
  for (let failed = false; ; failed = true) {
    try {
      const answer = await ask("POST", `start?c=${encodeURIComponent(named)}`, options());
      if (failed) showAlert(""); // otherwise the alert is about something that was done meanwhile
      if (!current && !isRequesting()) answer.board ? show(answer.board) : drawEmpty(); // otherwise it comes too late
      prefetch.accept(answer);
      return prefetch.schedule(0);
    } catch (error) {
      showError(error);
      await new Promise((later) => setTimeout(later, RETRY_MS));
    }
  }
}

const startWhenDrawn = () => (el("arena") ? start() : requestAnimationFrame(startWhenDrawn));
startWhenDrawn();
