import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Node, page } from "./page.mjs";

// The kinds of field that the script tells apart; `write` uses the setter of the real ones.
class Field extends Node {
  isConnected = true;
  get value() {
    return this.text ?? "";
  }
  set value(text) {
    this.text = text;
  }
}
class HTMLTextAreaElement extends Field {}
class HTMLInputElement extends Field {}
for (const kind of [HTMLTextAreaElement, HTMLInputElement]) {
  Object.defineProperty(kind.prototype, "value", Object.getOwnPropertyDescriptor(Field.prototype, "value"));
}
Object.assign(globalThis, { HTMLTextAreaElement, HTMLInputElement });
mock.timers.enable({ apis: ["setTimeout", "Date"] });
const document = page("http://127.0.0.1/chat");
const { keep, restore } = await import("../shared/static/typed.js");
const KEPT = "codelynn.typed";
const kept = () => JSON.parse(sessionStorage.getItem(KEPT) ?? "null");

function field(id, text, kind = HTMLInputElement) {
  const made = new kind(id);
  made.matches = () => true;
  made.value = text;
  return made;
}

function types(on) {
  const typed = new Event("input");
  Object.defineProperties(typed, { isTrusted: { value: true }, target: { value: on } });
  document.dispatchEvent(typed);
}

let fields;
beforeEach(() => {
  for (const one of fields ?? []) one.isConnected = false; // the page of the test before
  fields = [];
  document.finds = {};
  sessionStorage.removeItem(KEPT);
});

test("what was typed is kept with the page and the field, what a script wrote is not", () => {
  fields = [field("name", "Lynn"), field("other", "by a script")];
  types(fields[0]);
  keep();
  assert.deepEqual(kept(), { page: "/chat", kept: [{ id: "name", place: -1, text: "Lynn" }] });
});

test("a field with an id of Gradio's is found by its place in what has an id of ours", () => {
  const made = field("component-7", "hello", HTMLTextAreaElement);
  const home = new Node("message");
  made.within = { "[id]:not([id^=component-])": home };
  home.querySelectorAll = () => [field("", ""), made];
  fields = [made];
  types(made);
  keep();
  assert.deepEqual(kept().kept, [{ id: "message", place: 1, text: "hello" }]);
});

test("a message on its way goes back into its box, before what stands there", () => {
  const box = field("box", "and more", HTMLTextAreaElement);
  document.finds["#message textarea"] = [box];
  document.finds["#message-sent :is(input, textarea)"] = [field("", "On its way")];
  fields = [box];
  keep();
  assert.equal(kept().kept[0].text, "On its way\nand more");
});

test("fields are filled in once they can be typed in, and only empty ones", () => {
  const elements = { late: field("late", ""), full: field("full", "already") };
  elements.late.disabled = true;
  document.getElementById = (id) => elements[id] ?? null;
  fields = Object.values(elements);
  const both = ["late", "full"].map((id) => ({ id, place: -1, text: "from before" }));
  sessionStorage.setItem(KEPT, JSON.stringify({ page: "/chat", kept: both }));
  restore();
  assert.deepEqual([elements.late.value, elements.full.value], ["", "already"]);
  elements.late.disabled = false;
  mock.timers.tick(100);
  assert.deepEqual([elements.late.value, kept()], ["from before", null]);
});

test("what was typed on another page stays kept for it", () => {
  sessionStorage.setItem(KEPT, JSON.stringify({ page: "/data", kept: [{ id: "name", place: -1, text: "x" }] }));
  restore();
  assert.equal(kept().page, "/data");
});
