import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { page } from "./page.mjs";

const SETTLE_MS = 50;
const settles = []; // what the script does a moment after a stream has ended: done when the test says so
const inTime = globalThis.setTimeout;
globalThis.setTimeout = (act, ms, ...more) => {
  if (ms === SETTLE_MS) return settles.push(act);
  return inTime(act, ms, ...more).unref();
};

// A server with Gradio's two addresses: a stream of events, and the place where events are asked for.
let server, base, stream;

before(async () => {
  server = createServer((request, response) => {
    if (request.url.endsWith("/queue/data")) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.flushHeaders();
      stream = response;
    } else {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ event_id: request.url.split("?id=")[1] }));
    }
  });
  await new Promise((listens) => server.listen(0, "127.0.0.1", listens));
  base = `http://127.0.0.1:${server.address().port}/gradio_api/queue`;
  page(base);
  await import("../gradio_workarounds/static/queue.js");
});
after(() => {
  server.closeAllConnections();
  server.close();
});

const join = (id) => window.fetch(`${base}/join?id=${id}`, { method: "POST" });
const settled = async (promise) => Promise.race([promise.then(() => true), new Promise((later) => setTimeout(later, 40, false))]);

let reader;
beforeEach(async () => {
  reader = (await window.fetch(`${base}/data`)).body.getReader();
});

async function ends() {
  stream.end();
  while (!(await reader.read()).done);
  settles.shift()();
}

test("an event is answered once the stream has named it", async () => {
  const answer = join("one");
  assert.equal(await settled(answer), false);
  stream.write('data: {"msg": "estimation", "event_id":"one"}\n\n');
  await reader.read();
  assert.deepEqual(await (await answer).json(), { event_id: "one" });
  await ends();
});

test("an event that is named in two pieces is answered as well", async () => {
  const answer = join("halves");
  assert.equal(await settled(answer), false);
  stream.write('data: {"event_id":"hal');
  await reader.read();
  stream.write('ves"}\n\n');
  await reader.read();
  assert.equal((await answer).ok, true);
  await ends();
});

test("an event is answered when the stream ends without having named it", async () => {
  const answer = join("late");
  assert.equal(await settled(answer), false);
  await ends();
  assert.equal((await answer).ok, true);
});

test("without a stream nothing waits, and other requests pass through", async () => {
  await ends();
  assert.equal((await join("alone")).ok, true);
  assert.equal((await window.fetch(`${base}/other?id=x`)).ok, true);
});
