/** How unread messages are counted from what the server tells. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Standing } from "../../tornchat/server/static/chat/standing.js";

const room = (more = {}) => ({ name: "tea", epoch: "e", seq: 10, unread: 2, mentions: 1, ...more });

async function standing(t, ...lists) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  const asked = [];
  const found = new Standing(async () => asked.push(1) && lists[Math.min(asked.length, lists.length) - 1], () => {});
  await found.read();
  return { found, asked };
}

test("news are added to what the server has counted; acts are not counted", async (t) => {
  const { found, asked } = await standing(t, [room()]);
  found.onNews([["tea", "e", 10, 8]]);
  assert.equal(found.unread("tea"), 2);
  found.onNews([["tea", "e", 13, 9]]); // one message and two acts
  assert.equal(found.unread("tea"), 3);
  t.mock.timers.tick(60_000);
  assert.equal(asked.length, 1);
});

test("what was read here or elsewhere is not unread, and news after it are", async (t) => {
  const { found } = await standing(t, [room()]);
  found.onNews([["tea", "e", 10, 8]]);
  found.onRead("tea", 10);
  assert.deepEqual([found.unread("tea"), found.mentions("tea")], [0, 0]);
  found.onNews([["tea", "e", 11, 9]]);
  assert.equal(found.unread("tea"), 1);
});

test("a mention counts once, also if the list has told it already", async (t) => {
  const { found } = await standing(t, [room()]);
  found.onMention({ room: "tea", seq: 10 });
  assert.equal(found.mentions("tea"), 1);
  found.onMention({ room: "tea", seq: 11 });
  found.onMention({ room: "tea", seq: 11 });
  assert.equal(found.mentions("tea"), 2);
  found.onMention({ room: "elsewhere", seq: 5 });
  assert.equal(found.mentions("elsewhere"), 1);
});

test("what can't be counted is asked for again: a part read elsewhere, another log, news that overtook the list", async (t) => {
  for (const odd of [
    (found) => found.onRead("tea", 9),
    (found) => found.onNews([["tea", "another", 3, 3]]),
    (found) => found.onNews([["tea", "e", 12, 9]]),
  ]) {
    const { found, asked } = await standing(t, [room()], [room({ seq: 12, unread: 1, mentions: 0 })]);
    odd(found);
    t.mock.timers.tick(10_000);
    await new Promise(setImmediate);
    assert.equal(asked.length, 2);
    assert.equal(found.unread("tea"), 1);
    t.mock.timers.reset();
  }
});

test("a server without markers leaves the count to the browser", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const found = new Standing(() => Promise.reject(new Error("501")), () => {});
  await found.read();
  assert.equal(found.kept, false);
});
