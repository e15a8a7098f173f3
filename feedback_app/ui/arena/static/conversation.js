// The reply that the conversation goes on with, told beside the prompt until the next message is sent.
import { el } from "./board.js";

/** @type {Followed | null} */
let after = null;
/** @type {Followed | null} */
let last = null; // what the message that was sent last went on with

export const following = () => Boolean(after);

// What the message that is sent now goes on with.
export function goingOn() {
  last = after;
  return after && { after: after.after, reply: after.reply };
}

/** @param {Way} way @param {() => void} stop */
export function follow(way, stop) {
  after = { ...way, stop };
  el("after").textContent = `You continue the conversation with ${way.label}. `;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link";
  button.textContent = "Ask something new instead";
  button.addEventListener("click", () => {
    unfollow();
    stop();
  });
  el("after").append(button);
  el("after").hidden = false;
  el("prompt").focus();
}

export function unfollow() {
  after = null;
  el("after").hidden = true;
}

// The message could not be answered: it goes on with the same reply when it is sent again.
export function followAgain() {
  if (last) follow(last, last.stop);
}

export const thread = () => after?.thread;
