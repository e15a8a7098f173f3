import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { event, Node, page } from "./page.mjs";

const document = page();
await import("../shared/static/alternatives.js");
let earlier, later;

beforeEach(() => {
  [earlier, later] = [new Node(), new Node()];
  document.finds = { "#reply-before": [earlier], "#reply-after": [later] };
});

const key = (name, fields = {}) => event(document, "keydown", { key: name, target: new Node("", { tagName: "BODY" }), ...fields });
const pressed = () => [earlier.clicks, later.clicks];

function swipe(from, to, within = { "#transcript": {} }) {
  const target = new Node("", { within });
  event(document, "touchstart", { touches: [{ clientX: from[0], clientY: from[1] }], target });
  event(document, "touchend", { changedTouches: [{ clientX: to[0], clientY: to[1] }], target });
}

test("arrow keys go from reply to reply", () => {
  assert.equal(key("ArrowLeft"), true);
  assert.equal(key("ArrowRight"), true);
  assert.deepEqual(pressed(), [1, 1]);
});

test("arrow keys stay with a field, a modifier, and the page where there is no other reply", () => {
  key("ArrowLeft", { target: new Node("", { tagName: "TEXTAREA" }) });
  key("ArrowLeft", { altKey: true });
  earlier.offsetParent = null;
  assert.equal(key("ArrowLeft"), false);
  assert.deepEqual(pressed(), [0, 0]);
});

test("a finger drawn across the conversation goes from reply to reply", () => {
  swipe([200, 100], [100, 110]);
  swipe([100, 100], [200, 90]);
  assert.deepEqual(pressed(), [1, 1]);
});

test("short and steep strokes, and those over code or outside, do not", () => {
  swipe([200, 100], [150, 100]);
  swipe([200, 100], [120, 170]);
  swipe([200, 100], [100, 100], { "#transcript": {}, "pre, textarea": {} });
  swipe([200, 100], [100, 100], {});
  assert.deepEqual(pressed(), [0, 0]);
});
