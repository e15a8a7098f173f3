// Requests to the service with JSON. `Unreachable` means that it did not answer, `Refused` that it refused the request.
export class Refused extends Error {}
export class Unreachable extends Error {}

/** @param {string} [text] */
export const sentence = (text) => (text ? `${text[0].toUpperCase()}${text.slice(1)}.` : "");

// The message for either error. Any other error is a bug of the page and is thrown again.
/** @param {unknown} error */
export function inWords(error) {
  if (error instanceof Unreachable) return `${error.message}. Try again in a moment.`;
  if (error instanceof Refused) return sentence(error.message);
  throw error;
}

/** @type {(root: string) => (method: string, path: string, body?: object) => Promise<any>} */
export const client = (root) =>
  async function ask(method, path, body) {
    let answer;
    try {
      answer = await fetch(`${root}/${path}`, {
        method,
        headers: body ? { "Content-Type": "application/json" } : {},
        body: body && JSON.stringify(body),
      });
    } catch {
      throw new Unreachable("codeLynn does not answer");
    }
    const content = await answer.json().catch(() => ({}));
    if (answer.ok) {
      if (method !== "GET" && method !== "POST") window.dispatchEvent(new Event("codelynn:changed")); // for the steps
      return content;
    }
    const reason = typeof content.detail === "string" ? content.detail : `the service answered ${answer.status}`;
    throw answer.status >= 500 && !content.detail ? new Unreachable(reason) : new Refused(reason);
  };

// A request whose answer comes as lines of JSON. Aborting `signal` closes the connection, which stops the work.
/** @param {string} root */
export const streamer = (root) =>
  /** @param {string} path @param {object} body @param {AbortSignal} signal */
  async function* stream(path, body, signal) {
    let answer;
    try {
      const headers = { "Content-Type": "application/json" };
      answer = await fetch(`${root}/${path}`, { method: "POST", headers, body: JSON.stringify(body), signal });
    } catch (error) {
      if (signal.aborted) throw error;
      throw new Unreachable("codeLynn does not answer");
    }
    if (!answer.ok) throw new Refused((await answer.json().catch(() => ({}))).detail ?? `the service answered ${answer.status}`);
    yield* jsonLines(answer.body.pipeThrough(new TextDecoderStream()).getReader());
  };

/** @param {{ read: () => Promise<{ value?: string, done: boolean }> }} reader */
export async function* jsonLines(reader) {
  let rest = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (rest + part.value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line);
  }
}
