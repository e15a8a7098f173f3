import assert from "node:assert/strict";
import { test } from "node:test";
import { query } from "../data/static/form.js";

test("the public API gets the filters of the list, without the id of the page's address", () => {
  const filters = { id: "x", words: "  warm tea ", tag: "a&b", differs: true };
  assert.equal(String(query(filters)), "words=warm+tea&tag=a%26b&differs=true");
});

test("without words there is an empty filter, which asks for nothing", () => {
  assert.equal(String(query({ differs: false })), "differs=false&words=");
});
