/** The small modules of the page that touch no page. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { matches } from "../../tornchat/server/static/chat/commands.js";
import { EMOJI, findEmoji, plainEmoji } from "../../tornchat/server/static/chat/emoji.js";
import { edited, entryOf, erased, reacted } from "../../tornchat/server/static/chat/entry.js";
import { best, fit } from "../../tornchat/server/static/chat/fuzzy.js";
import { Log } from "../../tornchat/server/static/chat/log.js";
import { mentionsIn } from "../../tornchat/server/static/chat/mentions.js";
import { hashOf, placeOf } from "../../tornchat/server/static/chat/places.js";
import { en, fill } from "../../tornchat/server/static/chat/strings.js";
import { de } from "../../tornchat/server/static/chat/strings.de.js";
import { dayName, duration, exactly, initials } from "../../tornchat/server/static/chat/text.js";

test("both languages have the same texts, with the same parts", () => {
  const shape = (value) => (typeof value === "string" ? (value.match(/\{\w+\}/g) ?? []).sort() : typeof value === "function" ? value.length
    : Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shape(one)])));
  assert.deepEqual(shape(de), shape(en));
  assert.deepEqual(fill("In {a}, {b}.", { a: 1, b: 2 }), ["In ", 1, ", ", 2, "."]);
});

test("addresses of rooms and messages", () => {
  for (const [room, seq] of [["garden", null], ["a/b c#d", 42], ["constructor", 1]]) {
    assert.deepEqual(placeOf(hashOf(room, seq ?? undefined)), { room, seq });
  }
  for (const wrong of ["", "#", "#/3", "#%ff", "#a/b/c"]) assert.equal(placeOf(wrong), null);
});

test("mentions are whole names", () => {
  const people = [["a", "Ann"], ["b", "Bob Smith"], ["c", "An"]];
  assert.deepEqual(mentionsIn("@Ann, and @Bob Smith!", people), { users: ["a", "b"], room: false });
  assert.deepEqual(mentionsIn("@room: @Anna", people), { users: [], room: true });
  assert.equal(mentionsIn("mail@Ann and nobody", people), undefined);
});

test("letters find names, the best fit first", () => {
  assert.ok(fit("gdn", "garden") > 0);
  assert.equal(fit("gx", "garden"), 0);
  assert.deepEqual(best("re", ["support", "release", "core"], (one) => one), ["release", "core"]);
});

test("emoji have a name each", () => {
  assert.equal(new Set(EMOJI.map(({ name }) => name)).size, EMOJI.length);
  assert.ok(EMOJI.every(({ emoji, name }) => emoji && /^[a-z_]+$/.test(name)));
  assert.equal(findEmoji("rock")[0].emoji, "🚀");
  assert.equal(plainEmoji("❤️"), "❤");
});

test("keys are held as they are written", () => {
  const event = (key, held = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held });
  assert.ok(matches("Ctrl+K", event("k", { metaKey: true })));
  assert.ok(!matches("Ctrl+K", event("k")));
  assert.ok(matches("?", event("?", { shiftKey: true })));
  assert.ok(!matches("Alt+ArrowUp", event("ArrowUp", { altKey: true, shiftKey: true })));
});

const message = { seq: 4, message: "Hi", sender_id: "ann", sender_username: "Ann", timestamp: "2026-01-02T03:04:05Z" };

test("reactions are counted, and one knows one's own", () => {
  let entry = entryOf(message, "me");
  const marked = (position, user_id, added, removed, counts) => ({ kind: "reaction", seq: 4, position, counts, changes: [{ user_id, added, removed }] });
  entry = reacted(entry, marked(5, "me", ["👍"], [], { "👍": 1 }), "me");
  assert.deepEqual(entry.own, ["👍"]);
  assert.equal(reacted(entry, marked(5, "bob", ["👍"], [], { "👍": 2 }), "me"), entry); // told twice
  entry = reacted(entry, marked(6, "me", [], ["👍"], { "👍": 0 }), "me");
  assert.deepEqual([entry.own, entry.reactions], [[], {}]);
  const many = entryOf({ ...message, marks: { reaction: { "👍": { count: 30 } } } }, "me");
  assert.equal(many.own, null);
  assert.deepEqual(entryOf({ ...message, mine: { reaction: ["👍"] } }, "me").own, ["👍"]);
});

test("an edit that came earlier changes nothing, and what is deleted stays so", () => {
  const entry = edited(entryOf(message, "me"), { position: 7, revision: 1, message: "Ho", edited_at: "2026-01-02T03:05:05Z" }, "me");
  assert.equal(entry.text, "Ho");
  assert.equal(edited(entry, { position: 6, revision: 2, message: "Late" }, "me"), entry);
  const gone = erased(entry);
  assert.equal(edited(gone, { position: 9, revision: 3, message: "Back" }, "me"), gone);
});

test("a log shows a part without gaps, and ends at the newest or before it", async () => {
  const all = Array.from({ length: 300 }, (_, at) => ({ seq: at + 1, position: at + 1 }));
  const read = async ({ before = Infinity, after, limit }) => {
    const messages = after === undefined ? all.filter(({ seq }) => seq < before).slice(-limit) : all.filter(({ seq }) => seq > after).slice(0, limit);
    return { messages, first_seq: 1, head_seq: 300, from_seq: messages[0]?.seq ?? null, to_seq: messages.at(-1)?.seq ?? null };
  };
  const log = new Log(read, () => {});
  log.reset(300);
  for (const entry of all.slice(-50)) log.push(entry, true);
  assert.equal((await log.reachAfter(100)).seq, 101);
  assert.equal(log.newer, "more");
  for (let at = 0; log.newer === "more" && at < 10; at += 1) await log.loadNewer();
  assert.equal(log.newer, "all");
  const seqs = log.entries.map(({ seq }) => seq);
  assert.deepEqual(seqs, Array.from({ length: 300 - seqs[0] + 1 }, (_, at) => seqs[0] + at));
  assert.equal(await log.reach(7), true);
  assert.equal(await log.reach(999), false);
});

test("times and names in words", () => {
  assert.deepEqual([duration(1), duration(60_000), duration(90_000), exactly(3_600), exactly(90)], ["1 second", "60 seconds", "2 minutes", "1 hour", "90 seconds"]);
  assert.equal(dayName(new Date()), "Today");
  assert.deepEqual(["Grace Hopper", "ada", "  ", "李 明"].map(initials), ["GH", "A", "?", "李明"]);
});
