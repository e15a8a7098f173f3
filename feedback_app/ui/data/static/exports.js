// Downloads with a progress bar. A click on an export link is fetched as a stream: the page counts the records and saves the file at
// the end, complete or not at all. With a modifier key, and above LARGEST, the browser downloads the link itself.
const LARGEST = 200 * 1024 * 1024; // the file is held in memory until it is saved
const PATIENCE_MS = 700; // faster exports show no progress
const ENOUGH_TO_GUESS = 1024 * 1024;
const LINE_END = 10;

/** @type {Job | null} */
let running = null;

/** @param {number} value */
const number = (value) => value.toLocaleString("en");
/** @param {number} bytes */
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
/** @param {number} value */
const records = (value) => `${number(value)} ${value === 1 ? "record" : "records"}`;

class TooLarge extends Error {}
class Refused extends Error {}

/** @param {string} text */
const notify = (text, css = "") => {
  const notice = document.createElement("div");
  notice.className = `notice ${css}`;
  notice.setAttribute("role", css ? "alert" : "status");
  const line = document.createElement("span");
  line.textContent = text;
  notice.append(line);
  document.querySelector("#export-line > *:last-child, #export-line")?.replaceChildren(notice);
  return { notice, line };
};

/** @type {(total: number, cancel: () => void) => (text: string, done: number) => void} */
const board = (total, cancel) => {
  const { notice, line } = notify("Preparing the export …");
  notice.removeAttribute("role"); // a screen reader hears how it ends, not every step
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Cancel";
  button.addEventListener("click", cancel);
  const bar = document.createElement("progress");
  bar.setAttribute("aria-label", "Export");
  notice.append(button, bar);
  return (text, done) => {
    line.textContent = text;
    if (!total) return;
    bar.max = total;
    bar.value = Math.min(done, total);
  };
};

/** @param {Job} job */
const size = (job) => {
  if (!job.lines) return megabytes(job.bytes);
  return job.total ? `${number(job.found)} of ${records(job.total)}` : records(job.found);
};

/** @param {Job} job @param {Uint8Array<ArrayBuffer>} chunk */
const keep = (job, chunk) => {
  job.parts.push(chunk);
  job.bytes += chunk.length;
  if (job.lines) for (const byte of chunk) if (byte === LINE_END) job.found += 1;
  const guessed = job.found && job.bytes > ENOUGH_TO_GUESS ? (job.bytes / job.found) * job.total : 0;
  if (Math.max(job.bytes, guessed) > LARGEST) throw new TooLarge();
};

/** @param {Job} job */
const asked = async (job) => {
  const answer = await fetch(job.href, { signal: job.control.signal });
  if (answer.ok) return answer;
  const body = await answer.json().catch(() => ({}));
  throw new Refused(body.detail || `the service answered ${answer.status}`);
};

/** @param {Job} job */
const received = async (job) => {
  const answer = await asked(job);
  job.name = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") || "")?.[1] || job.format;
  const source = answer.body.getReader();
  for (;;) {
    const { done, value } = await source.read();
    if (done) return new Blob(job.parts, { type: answer.headers.get("content-type") || "" });
    keep(job, value);
    job.show?.(size(job), job.found);
  }
};

/** @param {string} href @param {string} name */
const follow = (href, name) => {
  const link = document.createElement("a");
  link.href = href;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
};

/** @param {Job} job @param {Error} error */
const failed = (job, error) => {
  if (error instanceof TooLarge) {
    job.control.abort();
    notify("This export is large: the browser saves it by itself and shows how far it is.");
    return follow(job.href, "");
  }
  if (error.name === "AbortError") return notify("Cancelled: nothing was saved.");
  if (error instanceof Refused) return notify(`Nothing was saved: ${error.message}.`, "alert");
  return notify(`The connection broke after ${size(job)}. Nothing was saved: check that codeLynn runs, then try again.`, "alert");
};

/** @param {HTMLAnchorElement} link */
const take = async (link) => {
  running?.control.abort();
  const { format, records: known } = link.dataset;
  /** @type {Job} */
  const job = { href: link.href, format, total: Number(known || 0), lines: format !== "parquet", parts: [], bytes: 0, found: 0, control: new AbortController() };
  running = job;
  const slow = () => {
    job.show = board(job.lines && job.total, () => job.control.abort());
    if (job.bytes) job.show(size(job), job.found);
  };
  const waiting = setTimeout(slow, PATIENCE_MS);
  try {
    const file = await received(job);
    const address = URL.createObjectURL(file);
    follow(address, job.name);
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    notify(`Saved ${job.lines ? records(job.found) : megabytes(job.bytes)} (${format}).`);
  } catch (error) {
    if (running === job) failed(job, error);
  } finally {
    clearTimeout(waiting);
    if (running === job) running = null;
  }
};

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("#exports a[data-format]");
  const otherwise = event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
  if (!link || otherwise) return;
  event.preventDefault();
  take(link);
});
