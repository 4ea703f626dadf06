"""The JavaScript client edits and deletes, and what changes is seen on the page."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Arrives

CHANGE = """
async () => {
  const { TornchatClient } = await import("/static/tornchat-client.js");
  const { token } = await (await fetch("/api/guest", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username: "Robot" }),
  })).json();
  const chat = new TornchatClient({ base: location.origin + "/", room: "changes", token });
  const told = [];
  for (const type of ["message", "changed", "deleted", "caughtup"])
    chat.addEventListener(type, ({ detail }) => told.push([type, detail.seq ?? null]));
  chat.connect();
  const { seq } = await chat.send("Helo.");
  const { seq: slip } = await chat.send("A slip.");
  const first = await chat.edit(seq, "Hello.");
  await chat.edit(seq, "Hello!");
  await chat.delete(slip);
  const refused = await chat.edit(seq, "Late.", 0).catch(({ code, revision }) => [code, revision]);
  const held = [...chat.messages.values()].slice(-2);
  const state = held.map(({ message, revision }) => [message, revision ?? 0]);
  const place = chat.position.seq;
  chat.close();
  return { told: told.filter(([, at]) => at === null || at >= seq), seq, slip, refused, state, first, place };
}
"""


def test_what_a_script_changes_is_acknowledged_kept_and_seen_by_others(arrives: Arrives) -> None:
    alice = arrives().joins("Alice", "changes").says("Nobody here?").sees("Nobody here?")
    found = alice.page.evaluate(CHANGE)
    seq, slip = found["seq"], found["slip"]
    assert found["told"] == [
        ["caughtup", None],
        ["message", seq],
        ["message", slip],
        ["changed", seq],
        ["changed", seq],
        ["deleted", slip],
    ]
    assert (found["refused"], found["state"]) == (["stale", 2], [["Hello!", 2], ["", 0]])
    assert (found["first"]["seq"], found["first"]["position"], found["place"]) == (seq, slip + 1, slip + 3)
    alice.sees("Nobody here?", "Hello!", "This message was deleted.")
    expect(alice.page.locator(".message", has_text="Helo.")).to_have_count(0)


THREAD = """
async () => {
  const { TornchatClient, newId } = await import("/static/tornchat-client.js");
  const { token } = await (await fetch("/api/guest", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username: "Robot" }),
  })).json();
  const open = () => new TornchatClient({ base: location.origin + "/", room: "threads", token });
  const chat = open();
  const told = [];
  chat.addEventListener("changed", ({ detail }) => told.push(detail.meta));
  chat.connect();
  const { seq: root } = await chat.send("root");
  const more = { reply_to: root, thread: root, mentions: { users: ["bob"] }, meta: { a: 1 } };
  const { seq } = await chat.send("reply", newId(), more);
  const { seq: slip } = await chat.send("slip", newId(), { thread: root, meta: { b: 2 } });
  await chat.edit(seq, "new", 0, newId(), { meta: { c: 3 } });
  const counts = [chat.messages.get(root).replies];
  await chat.delete(slip);
  counts.push(chat.messages.get(root).replies);
  const nested = await chat.send("x", newId(), { thread: seq }).catch(({ code }) => code);
  const later = open();
  await new Promise((resolve) => {
    later.addEventListener("caughtup", resolve);
    later.connect();
  });
  const shown = (client) => [root, seq, slip].map((at) => client.messages.get(at));
  const states = [shown(chat), shown(later)];
  chat.close();
  later.close();
  return { root, seq, slip, told, counts, nested, states };
}
"""


def test_what_a_script_says_beyond_texts_is_kept_and_counted(arrives: Arrives) -> None:
    alice = arrives().joins("Alice", "threads")
    found = alice.page.evaluate(THREAD)
    root, slip = found["root"], found["slip"]
    assert found["counts"] == [{"count": 2, "last_seq": slip}, {"count": 1, "last_seq": slip}]
    assert (found["told"], found["nested"]) == ([{"c": 3}], "invalid_message")
    live, later = found["states"]
    assert [one["message"] for one in later] == ["root", "new", ""]
    reply = {"reply_to": root, "thread": root, "meta": {"c": 3}}
    assert {key: later[1][key] for key in reply} == reply
    assert later[1]["mentions"] == {"users": ["bob"], "room": False}
    assert "meta" not in later[2]
    assert live == later
    alice.sees("root", "new", "This message was deleted.")
