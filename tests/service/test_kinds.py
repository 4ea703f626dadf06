"""Kinds of plugins for code in the process, and rights, mutes, metrics and consumers that know them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from tests.polls import OPTIONS, on_polls, tornchat_polls
from tests.service.test_directory import JULIET, PRINCE, ROMEO, refused
from tests.service.test_posting import mute
from tests.stage import Stage
from tornchat import Batch, Changes, Consumer, Draft, Entry, EntryKind, Refusal, SettingsError, hookimpl
from tornchat.model import More
from tornchat.wire import Said

Poll = tornchat_polls.Poll


def says(entry: Entry) -> object:
    return msgspec.json.decode(entry.data)


@pytest.mark.parametrize("data", [Poll(("tea", "coffee")), {"options": OPTIONS}], ids=["struct", "mapping"])
def test_code_in_the_process_asks_votes_and_closes(tmp_path: Path, data: object) -> None:
    async def play(stage: Stage) -> None:
        await stage.chat.directory.create_room(JULIET, "hall")
        chat = stage.app
        asked = await chat.say("hall", "Tea or coffee?", sender=ROMEO, kind="poll", data=data, id="p")
        assert (asked.entry.kind, says(asked.entry)) == ("poll", {"options": OPTIONS, "closed": False})
        again = await chat.say("hall", "Tea or coffee?", sender=ROMEO, kind="poll", data=data, id="p")
        assert (again.entry.seq, again.repeated) == (1, True)
        await chat.mark("hall", 1, "vote", ["1"], by=JULIET)
        closed = await chat.revise("hall", 1, "close-poll", by=ROMEO, id="c")
        assert (closed.entry.seq, closed.entry.target, closed.entry.revision) == (3, 1, 1)
        assert (await chat.revise("hall", 1, "close-poll", by=ROMEO, id="c")).repeated
        [message] = (await chat.history("hall")).entries
        assert (message.text, message.marks["vote"]["1"].count) == ("Tea or coffee? (closed)", 1)
        assert says(message) == {"options": OPTIONS, "closed": True}

    on_polls(tmp_path, play)


def test_what_does_not_fit_is_refused_as_it_is_to_clients(tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        chat = stage.app
        await stage.chat.directory.create_room(JULIET, "hall")
        for data in (None, {"options": ["one"]}, {"options": {1, 2}}, {"options": OPTIONS, "x": ROMEO}):
            told = chat.say("hall", "?", sender=ROMEO, kind="poll", data=data)
            assert await refused(told) == "invalid_message"
        assert await refused(chat.say("hall", "?", sender=ROMEO, data={"a": 1})) == "invalid_message"
        await chat.say("hall", "plain", sender=ROMEO)
        for kind in ("close-poll", "edit", "poll", "quiz"):
            told = chat.revise("hall", 1, kind, by=ROMEO)
            assert await refused(told) in ("invalid_message", "empty_message")
        assert (await chat.history("hall")).head_seq == 1

    on_polls(tmp_path, play)


class How(msgspec.Struct):
    """What to redact."""

    what: str = "text"


class Flags:
    """A revision for moderators, and a mark that muted users may set."""

    @hookimpl
    def entry_kinds(self) -> Sequence[EntryKind]:
        def redact(target: Entry, draft: Draft) -> Changes | Refusal:
            return Changes(empties=True) if "all" in draft.data else Changes(text="[redacted]")

        return [
            EntryKind(
                name="redact",
                shape="revision",
                action="join",
                others="delete message",
                speaks=False,
                data=How,
                revise=redact,
            ),
            EntryKind(name="seen", shape="mark", action="join", speaks=False),
        ]


def test_a_right_is_needed_for_others_and_it_is_in_the_audit(tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.chat.directory.create_room(JULIET, "hall")
        await stage.chat.say("hall", "theirs", sender=PRINCE)
        await stage.chat.say("hall", "theirs, too", sender=PRINCE)
        change = stage.chat.posting.change
        redaction = Said("", None, "redact", 1)
        assert await refused(change(ROMEO, "hall", redaction)) == "forbidden"
        await change(JULIET, "hall", redaction)
        await change(JULIET, "hall", Said("", None, "redact", 2, more=More(data='{"what":"all"}')))
        texts = [entry.text for entry in (await stage.chat.history("hall")).entries]
        assert texts == ["[redacted]", ""]
        await stage.chat.audit.write()
        found = [one.detail for one in await stage.chat.audit.read(PRINCE) if one.action == "delete message"]
        assert sorted(found) == ["message 1", "message 2"]

    on_polls(tmp_path, play, {"flags": Flags})


def test_a_right_that_is_not_in_the_table_stops_the_start(tmp_path: Path) -> None:
    class Wrong:
        @hookimpl
        def entry_kinds(self) -> Sequence[EntryKind]:
            return [EntryKind(name="seen", shape="mark", others="delete mesage")]

    async def play(stage: Stage) -> None:
        raise AssertionError("it has started")

    with pytest.raises(SettingsError, match="The kind 'seen' needs the right 'delete mesage'"):
        on_polls(tmp_path, play, {"wrong": Wrong})


def test_who_is_muted_does_what_does_not_speak(tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        await stage.chat.directory.create_room(JULIET, "hall")
        await stage.chat.say("hall", "mine", sender=ROMEO)
        await stage.chat.say("hall", "?", sender=JULIET, kind="poll", data={"options": OPTIONS})
        await mute(stage)
        post, change = stage.chat.posting.post, stage.chat.posting.change
        await change(ROMEO, "hall", Said("", None, "seen", 1, tokens=("x",)))
        assert await refused(change(ROMEO, "hall", Said("", None, "vote", 2, tokens=("1",)))) == "muted"
        poll = Said("?", None, "poll", more=More(data='{"options":["a","b"]}'))
        assert await refused(post(ROMEO, "hall", poll)) == "muted"

    on_polls(tmp_path, play, {"flags": Flags})


def test_entries_are_counted_by_kind_and_handed_to_consumers(tmp_path: Path) -> None:
    taken: list[tuple[str, str]] = []
    all_taken = asyncio.Event()

    class Takes:
        @hookimpl
        def consumers(self) -> Sequence[Consumer]:
            return [Consumer("takes", self.take, kinds=("poll", "close-poll"), start="beginning")]

        def take(self, batch: Batch) -> None:
            taken.extend((entry.kind, entry.data) for entry in batch.entries)
            if len(taken) == 2:
                all_taken.set()

    async def play(stage: Stage) -> None:
        await stage.chat.directory.create_room(JULIET, "hall")
        await stage.chat.say("hall", "plain", sender=ROMEO)
        await stage.chat.say("hall", "?", sender=ROMEO, kind="poll", data={"options": OPTIONS})
        await stage.chat.mark("hall", 2, "vote", ["1"], by=JULIET)
        await stage.chat.revise("hall", 2, "close-poll", by=ROMEO)
        assert stage.chat.counts.stored == 4
        assert stage.chat.counts.stored_by_kind() == {"message": 1, "poll": 1, "vote": 1, "close-poll": 1}
        async with asyncio.timeout(10):
            await all_taken.wait()
        assert [kind for kind, _ in taken] == ["poll", "close-poll"]
        assert all('"options"' in data for _, data in taken)

    on_polls(tmp_path, play, {"takes": Takes})
