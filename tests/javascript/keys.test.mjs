import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { event, Node, page } from "./page.mjs";

const document = page();
document.finds["#cards .card[data-id]:has(.places)"] = [];
const { listen } = await import("../arena/static/keys.js");
listen();

const key = (name, fields = {}) => event(document, "keydown", { key: name, ...fields });
const button = (id) => document.getElementById(id);

beforeEach(() => {
  document.activeElement = null;
  for (const id of ["better-1", "better-2", "tie", "all-bad", "skip", "undo", "submit-ranking"]) {
    Object.assign(button(id), { clicks: 0, disabled: false, offsetParent: {} });
  }
});

test("each letter presses its button, upper case and numbers too", () => {
  for (const [pressed, id] of [["a", "better-1"], ["B", "better-2"], ["2", "better-2"], ["t", "tie"], ["x", "all-bad"], ["s", "skip"], ["u", "undo"]]) {
    assert.equal(key(pressed), true, pressed);
    assert.ok(button(id).clicks > 0, id);
  }
});

test("a button that is off or not drawn is not pressed", () => {
  button("tie").disabled = true;
  button("skip").offsetParent = null;
  assert.equal(key("t"), false);
  assert.equal(key("s"), false);
  assert.equal(button("tie").clicks + button("skip").clicks, 0);
});

test("nothing is pressed while something is typed, with a modifier, or by a key that is held", () => {
  assert.equal(key("t", { ctrlKey: true }), false);
  assert.equal(key("t", { repeat: true }), false);
  let left = 0;
  document.activeElement = new Node("", { within: { "textarea, select": {} }, blur: () => (left += 1) });
  assert.equal(key("t"), false);
  key("Escape");
  assert.equal(left, 1);
  assert.equal(button("tie").clicks, 0);
});

test("Enter submits the ranking, except on a button, which it presses itself", () => {
  assert.equal(key("Enter"), true);
  assert.equal(key("Enter", { target: new Node("", { within: { "button, a, summary": {} } }) }), false);
  assert.equal(button("submit-ranking").clicks, 1);
});
