// Announces the end of a round on every page. The script asks when a page opens or comes back to the front, when a round starts,
// and every few seconds while a round is under way. An idle page does not ask.
import { client, Refused, Unreachable } from "./ask.js";

const ask = client("round");
const EVERY_MS = 4000; // while a round is under way
const RARELY_MS = 20_000; // while somebody works on the page, a round may have been started elsewhere
const SEEN = "codelynn.round";
const CHANNEL = "codelynn-rounds";
const STYLE = `
#round-notice { position: fixed; z-index: 60; right: 1rem; bottom: 1rem; max-width: min(26rem, calc(100vw - 2rem)); }
#round-notice:empty { display: none; }
#round-notice .box { display: flex; flex-wrap: wrap; align-items: center; gap: 0.4rem 0.8rem; padding: 0.8rem 1rem; border-radius: 10px;
  border: 1px solid var(--border-color-primary); border-left: 4px solid var(--primary-600); background: var(--block-background-fill);
  color: var(--body-text-color); box-shadow: 0 6px 24px rgb(0 0 0 / 18%); font: 0.95rem/1.4 var(--font, sans-serif); }
#round-notice p { margin: 0; flex: 1 1 100%; overflow-wrap: anywhere; }
#round-notice .title { font-weight: 600; }
#round-notice a { color: var(--link-text-color); text-decoration: underline; }
#round-notice button { margin-left: auto; padding: 0.25rem 0.8rem; border: 1px solid var(--border-color-primary); border-radius: 8px;
  background: transparent; color: inherit; cursor: pointer; }
@media (max-width: 640px) { #round-notice { left: 0.5rem; right: 0.5rem; bottom: auto; top: 0.5rem; max-width: none; } }
`;

let timer = 0;
let asking = false;
let askedAt = 0;
let shown = "";
let underWay = false;

const others = new BroadcastChannel(CHANNEL);

const place = () => {
  const existing = document.getElementById("round-notice");
  if (existing) return existing;
  const style = document.createElement("style");
  style.textContent = STYLE;
  document.head.append(style);
  const made = document.createElement("div");
  made.id = "round-notice";
  made.setAttribute("role", "status");
  made.setAttribute("aria-live", "polite");
  document.body.append(made);
  return made;
};

function dismiss() {
  if (!shown) return;
  localStorage.setItem(SEEN, shown);
  hide();
}

function hide() {
  shown = "";
  place().replaceChildren();
}

/** @type {(name: string, text: string, css?: string) => any} */
const element = (name, text, css = "") => {
  const made = document.createElement(name);
  made.textContent = text;
  if (css) made.className = css;
  return made;
};

/** @param {Ended} ended */
function show(ended) {
  if (shown === ended.id) return;
  shown = ended.id;
  const box = element("div", "", "box");
  box.append(element("p", ended.title, "title"));
  if (ended.line) box.append(element("p", ended.line));
  const link = element("a", ended.link);
  link.href = ended.href;
  link.addEventListener("click", dismiss);
  const close = element("button", "Dismiss");
  close.type = "button";
  close.addEventListener("click", dismiss);
  box.append(link, close);
  place().replaceChildren(box);
  announce(ended);
}

// A notification of the browser, if the owner has switched notifications on and the page is not visible.
/** @param {Ended} ended */
async function announce(ended) {
  if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
  if (!(await wanted())) return;
  const made = new Notification(ended.title, { body: ended.line, tag: ended.id });
  made.addEventListener("click", () => window.focus());
}

async function wanted() {
  try {
    const { notify } = await client("api/v1")("GET", "preferences");
    return Boolean(notify);
  } catch (error) {
    if (error instanceof Refused || error instanceof Unreachable) return false;
    throw error;
  }
}

/** @param {{ ended: Ended | null }} news */
function showNews(news) {
  const seen = localStorage.getItem(SEEN);
  const ended = news.ended?.id ?? "";
  if (seen === null) localStorage.setItem(SEEN, ended);
  else if (ended && ended !== seen) show(news.ended);
  else hide();
}

async function refresh() {
  clearTimeout(timer);
  if (asking) return;
  asking = true;
  askedAt = Date.now();
  try {
    const news = await ask("GET", "news");
    showNews(news);
    underWay = news.active;
  } catch (error) {
    if (!(error instanceof Unreachable || error instanceof Refused)) throw error; // it is asked again while a round is under way
  } finally {
    asking = false;
  }
  if (underWay) timer = setTimeout(refresh, EVERY_MS);
}

const atWork = () => Date.now() - askedAt > RARELY_MS && refresh();

place();
refresh();
window.addEventListener("codelynn:round", () => {
  refresh();
  others.postMessage("started");
});
others.addEventListener("message", refresh);
window.addEventListener("focus", atWork);
document.addEventListener("visibilitychange", () => !document.hidden && atWork());
document.addEventListener("pointerdown", atWork);
document.addEventListener("keydown", atWork);
window.addEventListener("storage", (event) => event.key === SEEN && event.newValue === shown && hide());
