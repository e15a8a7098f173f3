import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Node, page } from "./page.mjs";

const CARDS = "#cards .card[data-id]:has(.places)";
const document = page();
const places = await import("../arena/static/places.js");
let cards;

function card(id, count) {
  const radios = Array.from({ length: count }, (_, i) => new Node("", { value: String(i + 1) }));
  const one = new Node("", { dataset: { id } });
  one.finds = {
    ".places input": radios,
    ".places input:checked": () => radios.filter((radio) => radio.checked),
    ".given": [new Node()],
    ".grip": [new Node()],
  };
  return one;
}

function shown(count) {
  cards = "abcd".slice(0, count).split("").map((id) => card(id, count));
  document.finds[CARDS] = cards;
  places.reset();
}

const line = () => document.getElementById("places-told").textContent;
const marks = () => cards.map((one) => one.querySelector(".given").textContent);

beforeEach(() => shown(4));

test("letters in turn give places from best to worst, and the last reply follows by itself", () => {
  assert.equal(places.groups(), null);
  places.choose(2);
  places.choose(0);
  assert.match(line(), /Your ranking so far: C > A\. The other 2 share the last place\./);
  places.choose(3);
  assert.deepEqual(places.groups(), [["c"], ["a"], ["d"], ["b"]]);
  assert.deepEqual(marks(), ["2nd", "4th", "1st", "3rd"]);
});

test("replies without a place share the last one", () => {
  places.choose(1);
  assert.deepEqual(places.groups(), [["b"], ["a", "c", "d"]]);
});

test("a letter again gives the place back, and the next letter takes the free one", () => {
  places.choose(0);
  places.choose(1);
  places.choose(0);
  assert.deepEqual(marks(), ["", "2nd", "", ""]);
  places.choose(3);
  assert.deepEqual(marks(), ["", "2nd", "", "1st"]);
});

test("the equals sign makes the next letter share the last place", () => {
  assert.equal(places.tieNext(), false);
  places.choose(0);
  assert.equal(places.tieNext(), true);
  places.choose(1);
  assert.deepEqual(places.groups(), [["a", "b"], ["c", "d"]]);
  assert.deepEqual(marks(), ["1st (tie)", "1st (tie)", "", ""]);
});

test("each change can be taken back, one after the other", () => {
  places.choose(0);
  places.choose(1);
  places.back();
  assert.deepEqual(marks(), ["1st", "", "", ""]);
  places.back();
  assert.equal(places.groups(), null);
  assert.equal(places.back(), false);
  assert.equal(document.getElementById("place-back").disabled, true);
});

test("three replies have three places, and a letter of none does nothing", () => {
  shown(3);
  assert.equal(places.choose(3), false);
  places.choose(1);
  places.choose(2);
  assert.deepEqual(places.groups(), [["b"], ["c"], ["a"]]);
});

test("a ranking is written with letters", () => {
  assert.equal(places.letters([["b"], ["a", "c"]], ["a", "b", "c"]), "B > A = C");
});
