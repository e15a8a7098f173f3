import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { event, Node, page } from "./page.mjs";

// What is to be done in a minute must not keep the test waiting.
const inTime = globalThis.setTimeout;
globalThis.setTimeout = (...given) => inTime(...given).unref();

const LINK = "#exports a[data-format]";
const document = page();
const line = new Node();
document.finds["#export-line > *:last-child, #export-line"] = [line];
let server, base, answer;
const saved = [];
URL.createObjectURL = (file) => {
  saved.push(file);
  return `blob:${saved.length}`;
};

before(async () => {
  server = createServer((request, response) => answer(response));
  await new Promise((listens) => server.listen(0, "127.0.0.1", listens));
  base = `http://127.0.0.1:${server.address().port}`;
  await import("../data/static/exports.js");
});
after(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  saved.length = 0;
  line.children = [];
});

const told = () => line.children[0]?.children[0].textContent ?? "";

async function ended() {
  while (!/Saved|saved|Cancelled|large/.test(told())) await new Promise(setImmediate);
  return told();
}

function click(dataset, fields = {}) {
  const link = new Node("", { href: base, dataset });
  link.within = { [LINK]: link };
  return event(document, "click", { target: link, ...fields });
}

test("an export is saved whole under the service's name, and its records are counted", async () => {
  answer = (response) => {
    response.setHeader("content-disposition", 'attachment; filename="mine.jsonl"');
    response.end("{}\n{}\n{}\n");
  };
  assert.equal(click({ format: "trl", records: "3" }), true);
  assert.equal(await ended(), "Saved 3 records (trl).");
  assert.equal(await saved[0].text(), "{}\n{}\n{}\n");
  assert.equal(document.made.findLast((made) => made.tagName === "A").download, "mine.jsonl");
});

test("a binary export is told in megabytes", async () => {
  answer = (response) => response.end(Buffer.alloc(1_500_000, 10));
  click({ format: "parquet" });
  assert.equal(await ended(), "Saved 1.5 MB (parquet).");
});

test("what the service refuses is said, and nothing is saved", async () => {
  answer = (response) => response.writeHead(409).end('{"detail": "a record is damaged"}');
  click({ format: "trl" });
  assert.equal(await ended(), "Nothing was saved: a record is damaged.");
  assert.equal(saved.length, 0);
});

test("a connection that breaks saves nothing", async () => {
  answer = (response) => {
    response.writeHead(200, { "content-length": "1000" });
    response.write("{}\n", () => response.destroy());
  };
  click({ format: "trl", records: "9" });
  assert.match(await ended(), /^The connection broke after .*Nothing was saved/);
  assert.equal(saved.length, 0);
});

test("above the limit the browser saves it by itself", async () => {
  answer = (response) => response.end(Buffer.alloc(2 * 1024 * 1024, "x").fill("\n", 0, 1));
  click({ format: "trl", records: "1000" }); // two megabytes for the first record: two gigabytes are to come
  assert.match(await ended(), /^This export is large/);
  assert.equal(document.made.findLast((made) => made.tagName === "A").href, base);
  assert.equal(saved.length, 0);
});

test("with a modifier key the link is the browser's own", () => {
  assert.equal(click({ format: "trl" }, { ctrlKey: true }), false);
});
