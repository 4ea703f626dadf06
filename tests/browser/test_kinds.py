"""The client of JavaScript and kinds of plugins: it sends a poll, holds its data, votes and closes."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import SETTINGS, Arrives
from tests.cli.process import serving
from tests.polls import EXAMPLE

POLL = """
async () => {
  const { TornchatClient, newId } = await import("/static/tornchat-client.js");
  const { token } = await (await fetch("/api/guest", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username: "Robot" }),
  })).json();
  const chat = new TornchatClient({ base: location.origin + "/", room: "polls", token });
  const told = [];
  chat.addEventListener("message", ({ detail }) => told.push([detail.kind ?? null, detail.data ?? null]));
  chat.addEventListener("changed", ({ detail }) => told.push(["changed", detail.data]));
  chat.connect();
  const extras = { kind: "poll", data: { options: ["tea", "coffee"] } };
  const { seq } = await chat.send("Tea or coffee?", newId(), extras);
  await chat.mark(seq, ["2"], "vote");
  await chat.revise(seq, "close-poll");
  const refused = await chat.revise(seq, "close-poll").catch(({ code }) => code);
  await chat.send("the end");
  const { message, kind, data, marks } = chat.messages.get(seq);
  await chat.delete(seq);
  const { kind: left, data: gone } = chat.messages.get(seq);
  await chat.send("Another?", newId(), extras);
  chat.close();
  return { told, refused, held: [message, kind, data, Object.keys(marks.vote)], left: [left, gone ?? null] };
}
"""


def installed(site: Path) -> str:
    """Make an entry point for the plugin; return the PYTHONPATH with which a server finds it."""
    told = site / "tornchat_polls-1.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: tornchat-polls\nVersion: 1\n")
    (told / "entry_points.txt").write_text("[tornchat]\npolls = tornchat_polls:PollsPlugin\n")
    return os.pathsep.join([str(site), str(EXAMPLE), os.environ.get("PYTHONPATH", "")])


def test_a_poll_is_sent_held_and_closed(arrives: Arrives, tmp_path: Path) -> None:
    polls = (*SETTINGS, "--set", "tornchat.plugins=jwt,peewee,local,polls")
    path = installed(tmp_path / "site")
    with serving(tmp_path, *polls, PYTHONPATH=path) as (_, address):
        alice = arrives(address).joins("Alice", "polls")
        found = alice.page.evaluate(POLL)
        asked, closed = ({"options": ["tea", "coffee"], "closed": closed} for closed in (False, True))
        assert found == {
            "told": [["poll", asked], ["changed", closed], [None, None], ["poll", asked]],
            "refused": "rejected",
            "held": ["Tea or coffee? (closed)", "poll", closed, ["2"]],
            "left": ["poll", None],
        }
        alice.sees("This message was deleted.", "the end", "Another?")
        expect(alice.page.locator(".message .kind")).to_have_text("poll")
        alice.leaves()
