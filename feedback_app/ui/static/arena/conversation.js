// The reply that the conversation goes on with, told beside the prompt until the next message is sent.
import { el } from "./board.js";

let after = null;
let last = null; // what the message that was sent last went on with
export const goingOn = () => after && { after: after.after, reply: after.reply };

export function follow(comparison, reply, label) {
  after = { after: comparison, reply, label };
  el("after").textContent = `You continue the conversation with ${label}. `;
  const stop = document.createElement("button");
  stop.type = "button";
  stop.className = "link";
  stop.textContent = "Ask something new instead";
  stop.addEventListener("click", unfollow);
  el("after").append(stop);
  el("after").hidden = false;
  el("prompt").focus();
}

export function unfollow() {
  after = null;
  el("after").hidden = true;
}

// Its message is on its way.
export function sent() {
  last = after;
  unfollow();
}

// The message could not be answered: it goes on with the same reply when it is sent again.
export function followAgain() {
  if (last) follow(last.after, last.reply, last.label);
}
