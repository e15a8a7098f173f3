// Shows when the service does not answer, and when it does again. It does not poll: `pages.js` calls `window.codelynn.doubt` after
// a request failed or a stream of Gradio broke off.
import { keep } from "./typed.js";

const RETRY_MS = 2000;
const PATIENCE_MS = 5000;
const PAUSE_MS = 1000;
const LOST = "codeLynn does not answer. What you typed is kept. Trying again…";
export const connected = "codelynn:connected";
let asking = false;

async function answers() {
  try {
    const answer = await window.codelynn.plainFetch(new URL("./health/live", location.href), {
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return answer.ok;
  } catch {
    return false;
  }
}

function banner() {
  let line = document.getElementById("lost");
  if (!line) {
    line = document.createElement("p");
    line.id = "lost";
    line.setAttribute("role", "alert");
    document.body.append(line);
  }
  return line;
}

/** @param {boolean} lost */
function show(lost) {
  const line = banner();
  line.textContent = lost ? LOST : "";
  line.hidden = !lost;
}

// Gradio keeps the state of a page in its process. After a restart of the service the page must be loaded again.
async function restarted() {
  const answer = await window.codelynn.plainFetch(new URL("./gradio_api/app_id", location.href));
  return answer.ok && (await answer.json()).app_id !== window.gradio_config.app_id;
}

async function doubt() {
  if (asking) return;
  asking = true;
  try {
    if (await answers()) return;
    show(true);
    do await new Promise((later) => setTimeout(later, RETRY_MS));
    while (!(await answers()));
    if (await restarted().catch(() => true)) {
      keep();
      location.reload();
      return;
    }
    show(false);
    window.dispatchEvent(new Event(connected));
  } finally {
    asking = false;
  }
}

export function watchConnection() {
  window.codelynn.doubt = doubt;
  window.codelynn.keep = keep;
  // Check when somebody pauses typing or comes back to the page, so that they know before they send.
  /** @type {number} */
  let pause;
  document.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(doubt, PAUSE_MS);
  });
  window.addEventListener("focus", doubt);
}
