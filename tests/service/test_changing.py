"""Edits and deletions take the one path: filters, rights after the filters, mutes, outcomes, the audit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import pytest
from msgspec.structs import replace
from tornchat_peewee import PeeweePlugin

from tests.scenarios.test_changes import _answer, deletes, edits, enters, says, tells
from tests.service.test_directory import JULIET, PRINCE, ROMEO, refused
from tests.service.test_posting import Slow, ban, delete_and_create, disconnect, kick, mute, on_stage, texts
from tests.stage import Stage, open_stage
from tests.testing.memory import MemoryStorage
from tornchat import Draft, StoreResult, User, hookimpl
from tornchat.wire import Said


def edit(seq: int, text: str, revision: int = 0, client_id: str | None = None) -> Said:
    return Said(text, client_id, "edit", seq, revision)


@pytest.mark.parametrize("change", [ban, mute, kick, disconnect, delete_and_create])
def test_an_edit_that_waits_in_a_filter_is_not_stored_after(tmp_path, change):
    async def play(stage):
        await stage.chat.say("hall", "mine", sender=ROMEO)
        romeo = await stage.enters("romeo", "hall", v1=True)
        await edits(romeo, "e", 1, 0, "held back")
        await Slow.began.wait()
        await change(stage)
        Slow.go.set()
        await stage.chat.say("hall", "the last one", sender=JULIET)
        gone = change is delete_and_create
        assert await texts(stage) == (["the last one"] if gone else ["mine", "the last one"])

    on_stage(tmp_path, play)


@pytest.mark.parametrize(
    ("change", "code"), [(ban, "room_not_found"), (mute, "muted"), (delete_and_create, "room_not_found")]
)
def test_the_same_over_http(tmp_path, change, code):
    async def play(stage):
        await stage.chat.say("hall", "mine", sender=ROMEO)
        waiting = asyncio.create_task(stage.chat.posting.change(ROMEO, "hall", edit(1, "held back")))
        await Slow.began.wait()
        await change(stage)
        Slow.go.set()
        assert await refused(waiting) == code

    on_stage(tmp_path, play)


def test_a_filter_sees_and_changes_the_new_text(tmp_path):
    async def play(stage):
        await stage.chat.say("hall", "mine", sender=ROMEO)
        posting = stage.chat.posting
        assert await refused(posting.change(ROMEO, "hall", edit(1, "damn"))) == "rejected"
        assert await refused(posting.change(ROMEO, "hall", edit(1, "becomes empty"))) == "empty_message"
        first = await posting.change(ROMEO, "hall", edit(1, "becomes short", client_id="e"))
        assert await texts(stage) == ["x" * 40]
        again = await posting.change(ROMEO, "hall", edit(1, "becomes short", client_id="e"))
        assert (again.entry.seq, again.repeated) == (first.entry.seq, True)

    on_stage(tmp_path, play)


class Counting:
    """A filter that never makes the same text of a message again."""

    def __init__(self) -> None:
        self._count = 0

    @hookimpl
    def filter_message(self, draft: Draft, user: User) -> Draft:
        self._count += 1
        return replace(draft, text=f"{draft.text} #{self._count}")


def test_a_repeat_is_known_by_what_was_sent_before_the_filters(tmp_path):
    async def main():
        settings = {"tornchat": {"plugins": "jwt, count, peewee, local", "data_dir": str(tmp_path)}}
        async with open_stage(tmp_path, settings, {"count": Counting}) as stage:
            await stage.chat.directory.create_room(JULIET, "hall")
            posting = stage.chat.posting
            for said in (Said("hello", "m"), edit(1, "hi", client_id="e")):
                call = posting.post if said.target is None else posting.change
                first = await call(ROMEO, "hall", said)
                again = await call(ROMEO, "hall", said)
                assert (again.entry.seq, again.repeated) == (first.entry.seq, True)
                other = said._replace(text="something else")
                assert await refused(call(ROMEO, "hall", other)) == "conflict"
            assert (await posting.post(ROMEO, "hall", Said("hello", "m"))).repeated
            assert await texts(stage) == ["hi #4"]

    asyncio.run(main())


def test_who_is_muted_may_delete_and_not_edit(tmp_path):
    async def play(stage):
        await stage.chat.say("hall", "mine", sender=ROMEO)
        await stage.chat.say("hall", "too", sender=ROMEO)
        await mute(stage)
        romeo = await stage.enters("romeo", "hall", v1=True)
        await edits(romeo, "e", 1, 0, "x")
        assert (await _answer(romeo, "e"))["code"] == "muted"
        await deletes(romeo, "d", 1)
        assert (await _answer(romeo, "d"))["type"] == "ack"
        assert await refused(stage.chat.posting.change(ROMEO, "hall", edit(2, "x"))) == "muted"
        await stage.chat.moderation.delete_message(ROMEO, "hall", 2)
        assert await texts(stage) == ["", ""]

    on_stage(tmp_path, play)


def test_a_moderator_deletes_over_a_socket_and_it_is_in_the_audit(tmp_path):
    async def play(stage):
        await stage.chat.say("hall", "theirs", sender=ROMEO)
        juliet = await stage.enters("juliet", "hall", v1=True)
        await deletes(juliet, "d", 1)
        assert (await _answer(juliet, "d"))["type"] == "ack"
        await deletes(juliet, "d", 1)
        await _answer(juliet, "d")
        await stage.chat.audit.write()
        found = await stage.chat.audit.read(PRINCE)
        record = [(one.actor, one.action, one.target, one.detail) for one in found if "message" in one.action]
        assert record == [("juliet", "delete message", "romeo", "message 1")]

    on_stage(tmp_path, play)


class Treacherous(PeeweePlugin):
    """Stores what says "lost", and then does not say so."""

    @hookimpl
    async def store_messages(self, drafts: Sequence[Draft]) -> Sequence[StoreResult]:
        results = await super().store_messages(drafts)
        if any(draft.text.startswith("lost") or draft.client_id == "lost" for draft in drafts):
            raise ConnectionError("after the commit")
        return results


def on_storage(tmp_path, storage, play):
    async def main():
        settings = {"tornchat": {"plugins": "jwt, store, local", "data_dir": str(tmp_path)}}
        async with open_stage(tmp_path, settings, {"store": storage}) as stage:
            await play(stage)

    asyncio.run(main())


def test_an_unknown_outcome_of_an_edit_is_looked_up(tmp_path):
    async def play(stage: Stage):
        romeo = await enters(stage, "romeo")
        await says(romeo, "one")
        await edits(romeo, "e1", 1, 0, "lost and found")
        assert await _answer(romeo, "e1") == {"type": "ack", "id": "e1", "seq": 1, "position": 2}
        await edits(romeo, "e2", 1, 1, "three")
        assert (await _answer(romeo, "e2"))["position"] == 3

    on_storage(tmp_path, Treacherous, play)


def test_an_unknown_outcome_of_a_mark_is_looked_up_and_a_set_that_stood_is_repeated(tmp_path):
    """A set that stands stores nothing, so that the log does not tell: the client sends it again."""

    async def reacts(player, client_id):
        await tells(player, type="mark", id=client_id, kind="reaction", seq=1, tokens=["x"])
        return await _answer(player, client_id)

    async def play(stage: Stage):
        romeo, juliet = await enters(stage, "romeo"), await enters(stage, "juliet")
        await says(romeo, "one")
        assert await reacts(romeo, "lost") == {"type": "ack", "id": "lost", "seq": 1, "position": 2}
        assert (await reacts(juliet, "m1"))["position"] == 3
        assert (await reacts(juliet, "lost"))["code"] == "unconfirmed"
        assert await reacts(juliet, "m2") == {"type": "ack", "id": "m2", "seq": 1, "position": 3}

    on_storage(tmp_path, Treacherous, play)


class Plain(MemoryStorage):
    """A storage of before: it deletes, and knows no other changes."""

    def __init__(self) -> None:
        super().__init__({})


def test_a_storage_without_changes_refuses_edits_and_still_deletes(tmp_path):
    async def play(stage: Stage):
        romeo = await enters(stage, "romeo")
        await says(romeo, "one", "two")
        await edits(romeo, "e", 1, 0, "uno")
        assert (await _answer(romeo, "e"))["code"] == "unsupported"
        await deletes(romeo, "d", 1)
        assert await _answer(romeo, "d") == {"type": "ack", "id": "d", "seq": 1, "position": 3}
        epoch = romeo.epoch  # type: ignore[attr-defined]
        frames = []
        paris = await enters(stage, "paris", since=2, epoch=epoch)
        for _ in range(2):
            frames.append(json.loads(await paris.receive()))
        assert [frame["type"] for frame in frames] == ["message_deleted", "caught_up"]

    on_storage(tmp_path, Plain, play)
