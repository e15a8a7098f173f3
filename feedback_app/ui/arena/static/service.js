// The requests of the page. Votes wait in an outbox until the service has answered: they are sent again, in order, also after a
// reload. Each names its comparison, and the service counts the same vote only once.
import { client, inWords, Refused, Unreachable } from "../../shared/static/ask.js";

const RETRY_MS = 2000;
const KEPT = "codelynn.unsent";

export { inWords, Refused, Unreachable };
export const ask = client("arena");

export class Outbox {
  // `onWaiting(n)` is called with the number of requests that the service does not answer, and with 0 once all were sent.
  /** @param {(waiting: number) => void} onWaiting */
  constructor(onWaiting) {
    this.onWaiting = onWaiting;
    /** @type {Unsent[]} */
    this.waiting = JSON.parse(sessionStorage.getItem(KEPT) || "[]").map((/** @type {Unsent["request"]} */ request) => ({ request, done() {}, failed() {} }));
    this.sending = false;
    if (this.waiting.length) this.run();
  }

  /** @param {string} method @param {string} path @param {object} [body] @returns {Promise<any>} */
  send(method, path, body) {
    return new Promise((done, failed) => {
      this.waiting.push({ request: { method, path, body }, done, failed });
      this.save();
      this.run();
    });
  }

  save() {
    sessionStorage.setItem(KEPT, JSON.stringify(this.waiting.map((one) => one.request)));
  }

  async run() {
    if (this.sending) return;
    this.sending = true;
    let late = false;
    while (this.waiting.length) {
      const { request, done, failed } = this.waiting[0];
      try {
        const answer = await ask(request.method, request.path, request.body);
        this.removeFirst();
        done(answer);
      } catch (error) {
        if (error instanceof Unreachable) {
          late = true;
          this.onWaiting(this.waiting.length);
          await new Promise((again) => setTimeout(again, RETRY_MS));
        } else {
          this.removeFirst();
          failed(error);
        }
      }
    }
    this.sending = false;
    if (late) this.onWaiting(0);
  }

  removeFirst() {
    this.waiting.shift();
    this.save();
  }
}
