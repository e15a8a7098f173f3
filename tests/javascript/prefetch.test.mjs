import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Node, page } from "./page.mjs";

mock.timers.enable({ apis: ["setTimeout"] });
const document = page();
const topic = Object.assign(document.getElementById("topic"), { options: [], selectedOptions: [] });
document.finds["#number input:checked"] = [new Node("", { value: "2" })];
const asked = [];
let answer = () => ({ ready: [] });
globalThis.fetch = async (address, request) => {
  asked.push({ address, body: JSON.parse(request.body) });
  return Response.json(await answer());
};
const prefetch = await import("../arena/static/prefetch.js");

const board = (id, state = "open") => ({ id, state });
const waiting = () => document.getElementById("arena").dataset.ahead;
let current;
prefetch.fillWhileShown(() => current);

beforeEach(() => {
  while (prefetch.next());
  current = null;
  asked.length = 0;
  topic.value = "";
});

test("comparisons that were set aside come before those that are ready, the last one first", () => {
  prefetch.accept({ ready: [board("a"), board("b")] });
  prefetch.setAside(board("x"));
  prefetch.setAside(board("y"));
  assert.equal(waiting(), "4");
  assert.deepEqual([prefetch.next(), prefetch.next(), prefetch.next()].map((one) => one.id), ["y", "x", "a"]);
  assert.equal(prefetch.nextReady().id, "b");
  assert.equal(prefetch.next(), undefined);
});

test("a comparison that is on the page, decided or set aside is not prefetched again", async () => {
  const undoHistory = await import("../arena/static/undo_history.js");
  undoHistory.add("done");
  current = board("here");
  prefetch.setAside(board("aside"));
  prefetch.accept({ ready: ["here", "done", "aside", "new"].map((id) => board(id)) });
  assert.equal(waiting(), "2");
  prefetch.forget("aside");
  assert.equal(prefetch.next().id, "new");
});

test("it asks for more of the chosen kind and names what is on the page", async () => {
  current = board("here");
  answer = () => ({ ready: [board("here"), board("next")] });
  await prefetch.fill();
  assert.deepEqual(asked, [{ address: "arena/prefetch", body: { topic: "", n: 2, held: ["here"] } }]);
  assert.equal(prefetch.next().id, "next");
});

test("nothing is asked while replies are written or nobody looks", async () => {
  current = board("here", "generating");
  await prefetch.fill();
  current = null;
  document.hidden = true;
  await prefetch.fill();
  document.hidden = false;
  assert.deepEqual(asked, []);
});

test("an answer for a kind that is no longer wanted is dropped", async () => {
  answer = () => {
    topic.value = "cooking";
    return { ready: [board("old")] };
  };
  await prefetch.fill();
  assert.equal(prefetch.next(), undefined);
});
