import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Node, page } from "./page.mjs";

const CARDS = "#cards .card[data-id]:has(.places)";
const document = page();
const ordering = await import("../arena/static/ordering.js");
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
  ordering.reset();
}

const line = () => document.getElementById("places-told").textContent;
const marks = () => cards.map((one) => one.querySelector(".given").textContent);

beforeEach(() => shown(4));

test("letters in turn give places from best to worst, and the last reply follows by itself", () => {
  assert.equal(ordering.groups(), null);
  ordering.chooseReply(2);
  ordering.chooseReply(0);
  assert.match(line(), /Your ranking so far: C > A\. The other 2 share the last place\./);
  ordering.chooseReply(3);
  assert.deepEqual(ordering.groups(), [["c"], ["a"], ["d"], ["b"]]);
  assert.deepEqual(marks(), ["2nd", "4th", "1st", "3rd"]);
});

test("replies without a place share the last one", () => {
  ordering.chooseReply(1);
  assert.deepEqual(ordering.groups(), [["b"], ["a", "c", "d"]]);
});

test("a letter again gives the place back, and the next letter takes the free one", () => {
  ordering.chooseReply(0);
  ordering.chooseReply(1);
  ordering.chooseReply(0);
  assert.deepEqual(marks(), ["", "2nd", "", ""]);
  ordering.chooseReply(3);
  assert.deepEqual(marks(), ["", "2nd", "", "1st"]);
});

test("the equals sign makes the next letter share the last place", () => {
  assert.equal(ordering.tieNext(), false);
  ordering.chooseReply(0);
  assert.equal(ordering.tieNext(), true);
  ordering.chooseReply(1);
  assert.deepEqual(ordering.groups(), [["a", "b"], ["c", "d"]]);
  assert.deepEqual(marks(), ["1st (tie)", "1st (tie)", "", ""]);
});

test("each change can be taken back, one after the other", () => {
  ordering.chooseReply(0);
  ordering.chooseReply(1);
  ordering.takeBack();
  assert.deepEqual(marks(), ["1st", "", "", ""]);
  ordering.takeBack();
  assert.equal(ordering.groups(), null);
  assert.equal(ordering.takeBack(), false);
  assert.equal(document.getElementById("place-back").disabled, true);
});

test("three replies have three places, and a letter of none does nothing", () => {
  shown(3);
  assert.equal(ordering.chooseReply(3), false);
  ordering.chooseReply(1);
  ordering.chooseReply(2);
  assert.deepEqual(ordering.groups(), [["b"], ["c"], ["a"]]);
});

test("a ranking is written with letters", () => {
  assert.equal(ordering.letters([["b"], ["a", "c"]], ["a", "b", "c"]), "B > A = C");
});
