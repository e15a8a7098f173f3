import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { event, page } from "./page.mjs";

mock.timers.enable({ apis: ["setTimeout"] });
const document = page();
const { connected, watchConnection } = await import("../shared/static/connection.js");
let alive, app, reloads;
Object.defineProperty(location, "reload", { value: () => (reloads += 1) });
window.gradio_config = { app_id: "first" };
window.codelynn.plainFetch = async (address) => {
  if (!alive) throw new TypeError("fetch failed");
  return address.pathname.endsWith("/app_id") ? Response.json({ app_id: app }) : new Response();
};
watchConnection();
const banner = () => document.getElementById("lost");
const turn = () => new Promise(setImmediate);

// The script asks again every two seconds.
async function back() {
  for (let i = 0; i < 5; i += 1) {
    await turn();
    mock.timers.tick(2000);
  }
  await turn();
}

beforeEach(() => {
  [alive, app, reloads] = [true, "first", 0];
  banner().textContent = "";
});

test("a doubt while the service answers shows nothing", async () => {
  await window.codelynn.doubt();
  assert.equal(banner().textContent, "");
});

test("a service that is away is told of, and its return too", async () => {
  alive = false;
  let returns = 0;
  window.addEventListener(connected, () => (returns += 1), { once: true });
  const doubt = window.codelynn.doubt();
  await turn();
  assert.match(banner().textContent, /does not answer\. What you typed is kept/);
  alive = true;
  await back();
  await doubt;
  assert.deepEqual([banner().hidden, returns, reloads], [true, 1, 0]);
});

test("a service that was started anew has the page loaded again, with what was typed", async () => {
  alive = false;
  const doubt = window.codelynn.doubt();
  await turn();
  [alive, app] = [true, "second"];
  await back();
  await doubt;
  assert.equal(reloads, 1);
  assert.ok(sessionStorage.getItem("codelynn.typed"));
});

test("who pauses in typing learns that the service is away", async () => {
  alive = false;
  event(document, "input");
  await turn();
  assert.equal(banner().textContent, "");
  mock.timers.tick(1000);
  await turn();
  assert.notEqual(banner().textContent, "");
  alive = true;
  await back();
});
