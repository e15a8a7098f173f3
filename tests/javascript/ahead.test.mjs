import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Node, page } from "./page.mjs";

mock.timers.enable({ apis: ["setTimeout"] });
const document = page();
const topic = Object.assign(document.getElementById("topic"), { options: [], selectedOptions: [] });
document.finds["#number input:checked"] = [new Node("", { value: "2" })];
const asked = [];
let answer = () => ({ ahead: [] });
globalThis.fetch = async (address, request) => {
  asked.push({ address, body: JSON.parse(request.body) });
  return Response.json(await answer());
};
const ahead = await import("../arena/static/ahead.js");

const board = (id, state = "open") => ({ id, state });
const waiting = () => document.getElementById("arena").dataset.ahead;
let current;
ahead.fillBehind(() => current);

beforeEach(() => {
  while (ahead.next());
  current = null;
  asked.length = 0;
  topic.value = "";
});

test("what was set aside comes before what lies ready, the last one first", () => {
  ahead.take({ ahead: [board("a"), board("b")] });
  ahead.setAside(board("x"));
  ahead.setAside(board("y"));
  assert.equal(waiting(), "4");
  assert.deepEqual([ahead.next(), ahead.next(), ahead.next()].map((one) => one.id), ["y", "x", "a"]);
  assert.equal(ahead.fresh().id, "b");
  assert.equal(ahead.next(), undefined);
});

test("what is on the page, decided or set aside does not lie ready again", async () => {
  const { note } = await import("../arena/static/decided.js");
  note("done");
  current = board("here");
  ahead.setAside(board("aside"));
  ahead.take({ ahead: ["here", "done", "aside", "new"].map((id) => board(id)) });
  assert.equal(waiting(), "2");
  ahead.forget("aside");
  assert.equal(ahead.next().id, "new");
});

test("it asks for more of the chosen kind and names what is on the page", async () => {
  current = board("here");
  answer = () => ({ ahead: [board("here"), board("next")] });
  await ahead.fill();
  assert.deepEqual(asked, [{ address: "arena/ahead", body: { topic: "", n: 2, held: ["here"] } }]);
  assert.equal(ahead.next().id, "next");
});

test("nothing is asked while replies are written or nobody looks", async () => {
  current = board("here", "generating");
  await ahead.fill();
  current = null;
  document.hidden = true;
  await ahead.fill();
  document.hidden = false;
  assert.deepEqual(asked, []);
});

test("an answer for a kind that is no longer wanted is dropped", async () => {
  answer = () => {
    topic.value = "cooking";
    return { ahead: [board("old")] };
  };
  await ahead.fill();
  assert.equal(ahead.next(), undefined);
});
