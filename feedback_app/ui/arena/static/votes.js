// Votes. The page shows the next comparison at once, while the vote is sent. If the service refuses the vote, its comparison
// comes back.
import { drawConversation, drawEmpty, el, showAlert, showOutcome } from "./board.js";
import { again, current, isRequesting, leave, secondsShown, show, showError, shownBefore, showNext } from "./comparison.js";
import { continueWith, isContinuing } from "./conversation.js";
import { currentDetails } from "./details.js";
import { nextIsAutomatic } from "./options.js";
import * as ordering from "./ordering.js";
import * as prefetch from "./prefetch.js";
import { ask, Outbox } from "./service.js";
import * as undoHistory from "./undo_history.js";

const OFFLINE = "codeLynn does not answer. What you decided is kept here and sent as soon as it does.";
const WRITING = "The replies are still being written: save your version when they are complete.";
const SAVED = "Saved. The next round can learn from your version.";

const outbox = new Outbox((waiting) => {
  el("arena").toggleAttribute("data-offline", waiting > 0);
  showAlert(waiting ? OFFLINE : "");
  if (waiting) return;
  if (!current && !isRequesting() && !isContinuing()) showNext();
  prefetch.fill();
});

/** @param {string} path @param {object | null} ranking null for a skip @param {string} outcome */
function decide(path, ranking, outcome) {
  const decided = current;
  showAlert("");
  showOutcome(outcome);
  undoHistory.add(decided.id);
  const sent = outbox.send(ranking ? "PUT" : "POST", path, ranking);
  if (nextIsAutomatic()) showNext();
  else if (!ranking) {
    leave();
    drawEmpty();
  }
  sent.then((answer) => accepted(decided, answer), (error) => putBack(decided, error));
}

/** @param {Board} decided @param {Voted} answer */
function accepted(decided, answer) {
  const ids = undoHistory.decidedIds;
  if (ids.at(-1) === decided.id) showOutcome(answer.line, answer.ways, continueConversation);
  el("progress").innerHTML = answer.progress;
  if (answer.board && current?.id === decided.id && ids.includes(decided.id)) show(answer.board);
}

/** @param {Board} decided @param {Error} error */
function putBack(decided, error) {
  if (!undoHistory.decidedIds.includes(decided.id)) return; // the vote was undone meanwhile
  undoHistory.remove(decided.id);
  if (current && current.id !== decided.id) prefetch.setAside(current);
  showOutcome("");
  show(decided);
  showAlert(`This vote was not kept: ${error.message}. Here are the replies again.`);
}

/** @param {string[][]} ranking @param {string} outcome @param {boolean} allBad */
function rank(ranking, outcome, allBad = false) {
  if (current?.state !== "open") return;
  const body = { ranking, all_bad: allBad, seconds: secondsShown(), ...currentDetails() };
  decide(`c/${current.id}/ranking`, body, outcome);
}

/** @param {number} i */
const rankBetter = (i) => rank([[current.ids[i]], [current.ids[1 - i]]], `You ranked ${"AB"[i]} > ${"BA"[i]}.`);

function submitRanking() {
  const groups = ordering.groups();
  if (!groups) return showAlert("Give at least one reply a place first; the others share the last one.");
  rank(groups, `You ranked ${ordering.letters(groups, current.ids)}.`);
}

// Without a ranking, the owner's version is better than all replies and no reply is better than another.
export function saveOwnVersion() {
  if (current.state === "ranked") return saveDetails();
  if (current.state !== "open") return showAlert(WRITING);
  rank(ordering.groups() || [current.ids], SAVED);
}

function saveDetails() {
  const { groups, all_bad } = current.ranking;
  const body = { ranking: groups, all_bad, ...currentDetails() };
  outbox.send("PUT", `c/${current.id}/ranking`, body).then((/** @type {Voted} */ answer) => {
    const outcome = answer.board.ranking.edit ? SAVED : "Saved with the ranking.";
    showOutcome(outcome, answer.ways, continueConversation);
    el("progress").innerHTML = answer.progress;
    show(answer.board);
  }, showError);
}

/** @param {Board} board */
function reopen(board) {
  if (current && current.id !== board.id && !["ranked", "failed"].includes(current.state)) prefetch.setAside(current);
  show(board);
}

async function undo() {
  const id = undoHistory.removeLast();
  showAlert("");
  const known = id && shownBefore(id);
  if (known) reopen(known);
  showOutcome("Taken back: decide again.");
  try {
    const { board, progress } = id ? await outbox.send("DELETE", `c/${id}/ranking`) : await ask("POST", "undo");
    el("progress").innerHTML = progress;
    if (!known) reopen(board);
  } catch (error) {
    showOutcome("");
    showError(error);
  }
}

/** The pair on the page makes room for the conversation, and comes back afterwards. @param {Way} way */
function continueConversation(way) {
  if (current?.state === "open" || current?.state === "generating") prefetch.setAside(current);
  leave();
  showAlert("");
  showOutcome("");
  continueWith({ ...way, after: undoHistory.decidedIds.at(-1) }, showNext);
  drawConversation(way.thread);
}

// Id of each button that votes -> what it does.
export const actions = {
  "better-1": () => rankBetter(0),
  "better-2": () => rankBetter(1),
  tie: () => rank([current.ids], "A tie."),
  "all-bad": () => rank([], "All bad.", true),
  skip: () => current && decide(`c/${current.id}/skip`, null, "Skipped."),
  "submit-ranking": submitRanking,
  undo,
  again,
  next: () => {
    showOutcome("");
    showNext();
  },
  "save-details": saveDetails,
};
