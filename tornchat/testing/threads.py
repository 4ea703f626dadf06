"""The contract of replies, threads, mentions and `meta`."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tornchat import Entry, Mentions, More, Replies, Stored
from tornchat.testing.changing import messages, new_room, verify_refused
from tornchat.testing.fixtures import deletion, draft, edit, saying
from tornchat.testing.kit import Contract, Stage, promise
from tornchat.testing.log import read, results, stored

META = '{"colour":"red"}'
SAID = More(reply_to=1, thread=2, mentions=Mentions(("id-bob",), True), meta=META)


class ThreadsContract(Contract):
    """Tests of a storage plugin with `changes = True`. Part of `StorageContract`."""

    @promise("store_messages: what a message says beyond its text is kept, and read again in every way")
    async def test_what_a_message_says_is_kept(self, stage: Stage) -> None:
        room = await new_room(stage, "one", "two")
        [entry] = await stored(stage, saying(SAID, room))
        assert entry.more == SAID, f"the entry says {entry.more}"
        for found in (await read(stage, room)).entries[2], (await messages(stage, room))[2]:
            assert found == entry, f"it was {entry}, and is read as {found}"
        assert [one.more for one in (await messages(stage, room))[:1]] == [None], "a plain message says more"

    @promise("store_messages: a thread or a reply to what is no message, or was deleted, is not_found")
    async def test_only_messages_are_answered(self, stage: Stage) -> None:
        room, _ = await new_room(stage, "one", "two"), await new_room(stage, "1", "2", "3", "4", "5")
        await stored(stage, deletion(2, room))
        for target in (0, 2, 3, 4, 99):
            for more in (More(reply_to=target), More(thread=target), More(reply_to=1, thread=target)):
                [result] = await results(stage, saying(more, room))
                verify_refused(result, "not_found")
        assert len((await read(stage, room)).entries) == 3, "it has stored something"

    @promise("store_messages: a message in a thread has no thread of its own: it is an invalid_message")
    async def test_threads_have_no_threads(self, stage: Stage) -> None:
        room = await new_room(stage, "root")
        await stored(stage, saying(More(thread=1), room))
        [result] = await results(stage, saying(More(thread=2), room))
        verify_refused(result, "invalid_message")
        [entry] = await stored(stage, saying(More(reply_to=2, thread=1), room))
        assert entry.more == More(reply_to=2, thread=1), f"a reply within the thread is {entry.more}"

    @promise("store_messages: the drafts of one batch see the messages and deletions before them")
    async def test_messages_of_a_batch_are_answered(self, stage: Stage) -> None:
        room = await new_room(stage)
        batch = [draft("root", room), saying(More(thread=1), room), deletion(1, room)]
        root, reply, gone, late = await results(stage, *batch, saying(More(thread=1), room))
        assert all(isinstance(one, Stored) for one in (root, reply, gone)), "it refused what is before"
        verify_refused(late, "not_found")

    @promise("read_messages: a message that has a thread tells how many are in it, and the last one")
    async def test_replies_are_counted(self, stage: Stage) -> None:
        room = await new_room(stage, "root", "other")
        await stored(stage, *[saying(More(thread=1), room) for _ in range(3)])
        await _verify_replies(stage, room, Replies(3, 5))
        await stored(stage, saying(More(thread=1), room), deletion(4, room))
        await _verify_replies(stage, room, Replies(3, 6))
        await stored(stage, deletion(4, room), deletion(6, room), edit(3, "new", room, 0))
        await _verify_replies(stage, room, Replies(2, 6))
        await stored(stage, deletion(1, room))
        await _verify_replies(stage, room, Replies(2, 6))

    @promise("read_messages: with `thread`, only the messages of that thread, in all directions")
    async def test_a_thread_is_read(self, stage: Stage) -> None:
        room = await new_room(stage, "root", "other root")
        in_both = [saying(More(thread=root), room) for root in (1, 2)]
        for number in range(4):
            fresh = [replace(one, draft_id=f"{one.draft_id}-{number}") for one in in_both]
            await stored(stage, draft("plain", room), *fresh)
        await stored(stage, deletion(7, room))
        wants: tuple[tuple[int | None, int | None, int | None, int, list[int]], ...] = (
            (None, None, None, 9, [4, 7, 10, 13]),
            (None, None, None, 2, [10, 13]),
            (4, None, None, 2, [7, 10]),
            (None, 13, None, 2, [7, 10]),
            (4, 10, None, 9, [7]),
            (None, None, 10, 3, [7, 10, 13]),
        )
        for after, before, around, limit, wanted in wants:
            found = [one.seq for one in await messages(stage, room, after, before, around, limit, thread=1)]
            asked = f"after={after}, before={before}, around={around}, limit={limit}"
            assert found == wanted, f"with {asked} it gave {found}, not {wanted}"
        assert await messages(stage, room, thread=3) == (), "a message without a thread has one"

    @promise("store_messages: an edit with `meta` replaces it, and one without leaves all else as it is")
    async def test_an_edit_changes_meta(self, stage: Stage) -> None:
        room = await new_room(stage, "one", "two")
        await stored(stage, saying(SAID, room), edit(3, "new", room, 0))
        [*_, message] = await messages(stage, room)
        assert message.more is not None, "the edit has taken what the message says"
        found = (message.more.reply_to, message.more.thread, message.more.mentions, message.more.meta)
        assert found == (1, 2, SAID.mentions, META), f"after an edit it says {found}"
        given = edit(3, "newer", room, 1)
        [entry] = await stored(stage, replace(given, more=replace(given.more or More(), meta="{}")))
        assert (await read(stage, room)).entries[-1].meta == entry.meta == "{}", "the edit lacks its meta"
        [*_, message] = await messages(stage, room)
        assert (message.text, message.meta) == ("newer", "{}"), f"the message is {message}"

    @promise("store_messages: a deletion leaves of a message only its place, in its thread, too")
    async def test_a_deletion_takes_what_a_message_says(self, stage: Stage) -> None:
        room = await new_room(stage, "one", "two")
        given = edit(3, "new", room, 0)
        with_meta = replace(given, more=replace(given.more or More(), meta=META))
        await stored(stage, saying(SAID, room), with_meta, deletion(3, room))
        [*_, message] = await messages(stage, room)
        left = (message.text, message.thread, message.meta)
        assert left == ("", 2, ""), f"the deleted message is {message}"
        assert message.more is not None, "the deleted message has lost its place in the thread"
        assert (message.more.reply_to, message.more.mentions) == (None, None), f"it still says {message.more}"
        entries = (await read(stage, room)).entries
        assert [entry.meta for entry in entries if entry.meta] == [], f"the log still has {entries}"

    @promise("store_messages: a repeat is known by all that its sender said")
    async def test_repeats_say_the_same(self, stage: Stage) -> None:
        room = await new_room(stage, "one", "two")
        [first] = await stored(stage, saying(SAID, room, client_id="c1"))
        [plain] = await stored(stage, draft("text", room, client_id="c2"))
        for given, entry in (
            (saying(SAID, room, client_id="c1"), first),
            (draft("text", room, "ann", "c2"), plain),
        ):
            [result] = await results(stage, given)
            assert isinstance(result, Stored), f"the repeat got {result}"
            assert (result.entry.seq, result.repeated) == (entry.seq, True), f"the repeat got {result}"
        others = (saying(replace(SAID, meta="{}"), room, client_id="c1"), draft("text", room, client_id="c1"))
        for other in (*others, saying(SAID, room, client_id="c2")):
            [result] = await results(stage, other)
            verify_refused(result, "conflict")
        await stored(stage, deletion(1, room), deletion(2, room))
        [again] = await results(stage, saying(SAID, room, client_id="c1"))
        assert isinstance(again, Stored), f"after its thread was deleted the repeat got {again}"

    @promise("prune_history: a pruned message takes its thread, and the messages in it stay")
    async def test_pruned_messages_take_their_threads(self, stage: Stage) -> None:
        if not stage.provides("prune_history"):
            pytest.skip("the plugin does not prune")
        room = await new_room(stage)
        old = replace(draft("root", room), sent_at=1)
        await stored(stage, old, saying(More(thread=1, meta=META), room), saying(More(thread=1), room))
        assert await stage.call("prune_history", room=room, before_ms=5, limit=9, unread_before_ms=None) == 1
        await stored(stage, deletion(3, room))
        left = await messages(stage, room)
        assert [(one.seq, one.thread, one.meta) for one in left] == [(2, 1, META), (3, 1, "")], (
            f"it has {left}"
        )
        [result] = await results(stage, saying(More(thread=1), room))
        verify_refused(result, "not_found")

    @promise("store_messages: threads outlive a restart")
    async def test_threads_outlive_a_restart(self, stage: Stage) -> None:
        room = await new_room(stage, "one", "two")
        await stored(stage, saying(SAID, room))
        before = await read(stage, room)
        await stage.restart()
        after = await read(stage, room)
        assert after == before, f"before it held {before}, then {after}"


async def _verify_replies(stage: Stage, room: str, wanted: Replies) -> None:
    """Verify the thread of the first message, in every way to read it, and that no other has one."""
    ways: tuple[tuple[Entry, ...], ...] = (
        await messages(stage, room),
        tuple(entry for entry in (await read(stage, room)).entries if entry.target is None),
    )
    for found in ways:
        replies = [one.more.replies if one.more is not None else None for one in found]
        assert replies == [wanted] + [None] * (len(found) - 1), f"the threads are {replies}, not {wanted}"
