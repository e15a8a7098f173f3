// One change to all rankings that a search finds: in small steps, with progress, and a button that stops it.
import { streamer } from "../../shared/static/ask.js";
import { query } from "./form.js";

const stream = streamer("api/v1/rankings");
/** So many are selected one by one; more are changed by their search. */
export const MOST_PICKED = 1000;
/** @type {Record<string, string>} */
const DOING = { exclude: "Excluding", include: "Including", delete: "Deleting" };
/** @type {Record<string, string>} */
const DONE = { exclude: "excluded", include: "included again", delete: "deleted permanently" };

/** @typedef {{ done: number, changed: number, total: number, finished?: boolean }} Progress */

/** @param {string} action @param {Progress} now */
export function progressText(action, now) {
  const share = `${now.done.toLocaleString("en")} of about ${now.total.toLocaleString("en")}`;
  return `${DOING[action]}: ${share}. What was changed stays changed when you stop.`;
}

/** @param {string} action @param {Progress} last */
export function resultText(action, last) {
  const changed = `${last.changed.toLocaleString("en")} ${DONE[action]}`;
  return last.finished ? `${changed}.` : `Stopped: ${changed}.`;
}

/**
 * @param {string} action
 * @param {Record<string, any>} filters
 * @param {(text: string, button: HTMLElement | null) => void} tell
 */
export async function changeAll(action, filters, tell) {
  const stopping = new AbortController();
  const stop = document.createElement("button");
  Object.assign(stop, { type: "button", id: "stop-change", textContent: "Stop" });
  stop.addEventListener("click", () => stopping.abort());
  /** @type {Progress} */
  let last = { done: 0, changed: 0, total: 0 };
  const matching = Object.fromEntries(query(filters));
  try {
    for await (const now of stream("change", { action, matching: { ...matching, differs: !!filters.differs } }, stopping.signal)) {
      last = now;
      tell(progressText(action, last), stop);
    }
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
  }
  tell(resultText(action, last), null);
}
