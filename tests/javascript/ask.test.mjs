import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { page } from "./page.mjs";

page();
const { client, inWords, jsonLines, Refused, sentence, Unreachable } = await import("../shared/static/ask.js");
let server, root, reply;

before(async () => {
  server = createServer((request, response) => {
    response.writeHead(reply.status, { "content-type": "application/json" });
    response.end(reply.body);
  });
  await new Promise((listens) => server.listen(0, "127.0.0.1", listens));
  root = `http://127.0.0.1:${server.address().port}`;
});
after(() => server.close());

test("an answer comes back as JSON, and a change is told to the page", async () => {
  reply = { status: 200, body: '{"kept": true}' };
  let changes = 0;
  window.addEventListener("codelynn:changed", () => (changes += 1));
  assert.deepEqual(await client(root)("GET", "x"), { kept: true });
  await client(root)("PUT", "x", {});
  assert.equal(changes, 1);
});

test("what the service refuses is said in its words", async () => {
  reply = { status: 422, body: '{"detail": "the prompt is empty"}' };
  const error = await client(root)("POST", "x", {}).catch((caught) => caught);
  assert.ok(error instanceof Refused);
  assert.equal(inWords(error), "The prompt is empty.");
});

test("a proxy's error and no answer at all are the same to the page: try again", async () => {
  reply = { status: 502, body: "<html>" };
  assert.ok((await client(root)("GET", "x").catch((caught) => caught)) instanceof Unreachable);
  const nowhere = await client("http://127.0.0.1:1")("GET", "x").catch((caught) => caught);
  assert.equal(inWords(nowhere), "codeLynn does not answer. Try again in a moment.");
});

test("a fault of the page's own is not hidden", () => {
  assert.throws(() => inWords(new TypeError("ours")), TypeError);
  assert.equal(sentence(""), "");
});

test("lines of JSON are read however they arrive", async () => {
  const parts = ['{"done": 1}\n{"do', 'ne": 2}\n', ""].map((value) => ({ value, done: false }));
  const reader = { read: async () => parts.shift() ?? { done: true } };
  const read = [];
  for await (const line of jsonLines(reader)) read.push(line.done);
  assert.deepEqual(read, [1, 2]);
});
