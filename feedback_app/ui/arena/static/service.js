// What the page says to the service. A verdict is kept here until the service has answered: it is sent again and again,
// in order, also after a reload. Each names its comparison, and the same verdict twice is one.
import { asker, inWords, Refused, Unreachable } from "../../shared/static/ask.js";

const RETRY_MS = 2000;
const KEPT = "codelynn.unsent";

export { inWords, Refused, Unreachable };
export const ask = asker("arena");

export class Outbox {
  // `told(n)` hears how many wait for an answer that does not come; 0 once all were sent.
  /** @param {(waiting: number) => void} told */
  constructor(told) {
    this.told = told;
    /** @type {Unsent[]} */
    this.waiting = JSON.parse(sessionStorage.getItem(KEPT) || "[]").map((/** @type {Unsent["request"]} */ request) => ({ request, done() {}, failed() {} }));
    this.sending = false;
    if (this.waiting.length) this.run();
  }

  /** @param {string} method @param {string} path @param {object} [body] @returns {Promise<any>} */
  send(method, path, body) {
    return new Promise((done, failed) => {
      this.waiting.push({ request: { method, path, body }, done, failed });
      this.keep();
      this.run();
    });
  }

  keep() {
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
        this.drop();
        done(answer);
      } catch (error) {
        if (error instanceof Unreachable) {
          late = true;
          this.told(this.waiting.length);
          await new Promise((again) => setTimeout(again, RETRY_MS));
        } else {
          this.drop();
          failed(error);
        }
      }
    }
    this.sending = false;
    if (late) this.told(0);
  }

  drop() {
    this.waiting.shift();
    this.keep();
  }
}
