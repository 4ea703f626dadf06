"""The contract of storage for kinds that plugins bring: `kind` and `data`, and what acts on messages."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tornchat import Mark, More
from tornchat.testing.changing import messages, new_room, verify_refused
from tornchat.testing.fixtures import deletion, draft, edit, saying
from tornchat.testing.kit import Contract, Stage, promise
from tornchat.testing.log import read, results, stored

DATA, CLOSED = '{"options":["tea","\\u00e9"],"closed":false}', '{"closed":true}'


class TypedContract(Contract):
    """Tests of a storage plugin with `changes = True`. Part of `StorageContract`."""

    @promise("store_messages: kind and `data` of a message are kept, and read again in every way")
    async def test_kind_and_data_are_kept(self, stage: Stage) -> None:
        room = await new_room(stage)
        asked = replace(saying(More(data=DATA), room), kind="poll")
        bare = replace(draft("called", room), kind="call", more=More(digest="the request"))
        entries = tuple(await stored(stage, asked, bare, draft("plain", room)))
        found = [(entry.kind, entry.data) for entry in entries]
        assert found == [("poll", DATA), ("call", ""), ("message", "")], f"kinds and data are {found}"
        page = (await read(stage, room)).entries
        assert page == entries, f"they were {entries}, and are read as {page}"
        assert await messages(stage, room) == entries, "read_messages gives something else"
        await stage.restart()
        assert await messages(stage, room) == entries, "after a restart it gives something else"

    @promise(
        "store_messages: a revision with `data` gives it to its target, and without a text it is no edit"
    )
    async def test_a_revision_gives_data(self, stage: Stage) -> None:
        room = await new_room(stage)
        await stored(stage, replace(saying(More(data=DATA), room), kind="poll"))
        closing = replace(edit(1, "", room, 0), kind="close-poll")
        [entry] = await stored(stage, replace(closing, more=More(expects=0, digest="d", data=CLOSED)))
        assert (entry.kind, entry.data, entry.revision) == ("close-poll", CLOSED, 1), f"it is {entry}"
        [message] = await messages(stage, room)
        assert message.more is not None, "the message does not say that it was revised"
        found = (message.data, message.revision, message.more.edited_at, message.position, message.kind)
        assert found == (CLOSED, 1, 0, 2, "poll"), f"data, revision, edited_at, position, kind are {found}"
        assert (await read(stage, room)).entries == (message, entry), "read_history gives something else"
        await stored(stage, edit(1, "again", room, 1))
        [message] = await messages(stage, room)
        assert (message.text, message.data) == ("again", CLOSED), f"after an edit it is {message}"

    @promise("store_messages: an edit after a revision without a text keeps what was sent known")
    async def test_repeats_are_known_after_a_revision(self, stage: Stage) -> None:
        room = await new_room(stage)
        await stored(stage, draft("one", room, client_id="c1"))
        await stored(stage, replace(edit(1, "", room, 0), kind="flag"))
        await stored(stage, edit(1, "two", room, 1))
        [again] = await results(stage, draft("one", room, client_id="c1"))
        assert getattr(again, "repeated", False), f"the repeat got {again}"

    @promise("store_messages: a deletion empties the `data` of its target and of all that acted on it")
    async def test_a_deletion_empties_data(self, stage: Stage) -> None:
        room = await new_room(stage)
        await stored(stage, replace(saying(More(data=DATA), room), kind="poll"))
        closing = replace(edit(1, "", room, 0), kind="close-poll")
        await stored(stage, replace(closing, more=More(expects=0, digest="d", data=CLOSED)))
        await stored(stage, deletion(1, room))
        found = [(entry.kind, entry.data) for entry in (await read(stage, room)).entries]
        assert found == [("poll", ""), ("close-poll", ""), ("deletion", "")], f"kinds and data are {found}"

    @promise("store_messages: a mark that expects another revision is stale")
    async def test_a_mark_is_compared(self, stage: Stage) -> None:
        room = await new_room(stage, "one")
        await stored(stage, edit(1, "two", room, 0))
        mark = replace(edit(1, "", room, 0), kind="vote")
        for expects, code in ((0, "stale"), (1, None)):
            more = More(expects=expects, digest=f"d{expects}", mark=Mark(tokens=("1",)))
            [result] = await results(stage, replace(mark, draft_id=f"v{expects}-{room}", more=more))
            if code is not None:
                verify_refused(result, code)
        [message] = await messages(stage, room)
        assert message.marks["vote"]["1"].count == 1, f"the marks are {message.marks}"

    @promise("prune_history: a revision that stands later than its pruned message keeps no `data`")
    async def test_pruned_messages_leave_no_data(self, stage: Stage) -> None:
        if not stage.provides("prune_history"):
            pytest.skip("the plugin does not prune")
        room = await new_room(stage)
        old = replace(saying(More(data=DATA), room), kind="poll", sent_at=1)
        closing = replace(edit(1, "", room, 0), kind="close-poll", sent_at=9)
        await stored(stage, old, replace(closing, more=More(expects=0, digest="d", data=CLOSED)))
        await stage.call("prune_history", room=room, before_ms=5, limit=9, unread_before_ms=None)
        [left] = (await read(stage, room, after=0)).entries
        assert (left.kind, left.data) == ("close-poll", ""), f"it left {left}"
