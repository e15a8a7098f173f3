// The reply that the owner continues the conversation with. It is named above the prompt until the next message is sent.
import { el } from "./board.js";

/** @type {Continued | null} */
let current = null;
/** @type {Continued | null} */
let lastSent = null; // what the last message continued

export const isContinuing = () => Boolean(current);

// What the message that is about to be sent continues: a reply of a comparison.
export function continuation() {
  lastSent = current;
  return current && { after: current.after, reply: current.reply };
}

/** @param {Way} way @param {() => void} stop */
export function continueWith(way, stop) {
  current = { ...way, stop };
  el("after").textContent = `You continue the conversation with ${way.label}. `;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link";
  button.textContent = "Ask something new instead";
  button.addEventListener("click", () => {
    stopContinuing();
    stop();
  });
  el("after").append(button);
  el("after").hidden = false;
  el("prompt").focus();
}

export function stopContinuing() {
  current = null;
  el("after").hidden = true;
}

// The last message could not be answered: when it is sent again it continues the same reply.
export function continueAgain() {
  if (lastSent) continueWith(lastSent, lastSent.stop);
}

export const thread = () => current?.thread;
