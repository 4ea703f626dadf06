"""The contract of streamed messages: pieces are compared and added, and are the text when it is closed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tornchat import MOST_APPENDS, MOST_OPEN_BYTES, Draft, OpenMessage, Refusal, Stored
from tornchat.testing.changing import messages, new_room, verify_refused
from tornchat.testing.fixtures import closing, deletion, draft, edit, mark, opening, piece
from tornchat.testing.kit import Contract, Stage, promise
from tornchat.testing.log import read, results, stored

BATCH = 1_000
LATER = 2**50


class StreamingContract(Contract):
    """Tests of a storage plugin with the hook `read_open`. Part of `StorageContract`."""

    @promise("store_messages: pieces are added to an open message, which is read as a whole")
    async def test_pieces_are_added(self, stage: Stage) -> None:
        room = await open_room(stage)
        [first] = await stored(stage, opening("Grüß 😀", room))
        assert first.is_open, f"the entry of an open message is {first}"
        [one, two] = await stored(stage, piece(1, 6, " dich", room), piece(1, 11, ",", room))
        [three] = await stored(stage, piece(1, 12, " Welt", room))
        places = [(entry.seq, entry.kind, entry.target, entry.offset) for entry in (one, two, three)]
        wanted = [(2, "append", 1, 6), (3, "append", 1, 11), (4, "append", 1, 12)]
        assert places == wanted, f"the entries are {places}"
        assert [one.text, two.text, three.text] == [" dich", ",", " Welt"], "the entries have other texts"
        [message] = await messages(stage, room)
        found = (message.text, message.position, message.revision, message.is_open)
        assert found == ("Grüß 😀 dich, Welt", 4, 0, True), f"the message is {message}"
        page = await read(stage, room)
        assert page.entries == (message, one, two, three), f"read_history gives {page.entries}"

    @promise(
        "store_messages: a message is what `Entry.after` makes of its pieces and marks, in one batch or many"
    )
    async def test_text_is_that_after_all_pieces(self, stage: Stage) -> None:
        room = await open_room(stage)
        batch = [opening("a", room), *pieces(room, "bcd", 1), mark(1, "x", room=room), *pieces(room, "ef", 4)]
        acts = await stored(stage, *batch)
        for text, offset in (("g", 6), ("h", 7)):
            acts += await stored(stage, piece(1, offset, text, room), mark(1, text, room=room))
        message = acts[0]
        for act in acts[1:]:
            message = message.after(act)
        [now] = await messages(stage, room)
        assert now == message, f"it is {now}, and its entries make {message}"

    @promise("store_messages: a piece that does not begin at the end is stale, says the length, and is lost")
    async def test_offsets_are_compared(self, stage: Stage) -> None:
        room = await open_room(stage)
        await stored(stage, opening("héllo", room), piece(1, 5, " you", room))
        for offset in (-1, 0, 4, 8, 10, 99):
            [result] = await results(stage, piece(1, offset, "x", room))
            verify_refused(result, "stale")
            assert isinstance(result, Refusal)
            assert result.length == 9, f"the length is 9, and it says {result.length}"
        assert [m.text for m in await messages(stage, room)] == ["héllo you"], "it has changed something"

    @promise("store_messages: the pieces of one batch are compared one after the other")
    async def test_pieces_of_a_batch_see_each_other(self, stage: Stage) -> None:
        room = await open_room(stage)
        batch = [opening("a", room), piece(1, 1, "b", room), piece(1, 1, "c", room), piece(1, 2, "d", room)]
        batch += [piece(1, 1, "bd", room), closing(1, room), piece(1, 3, "e", room), edit(1, "new", room, 0)]
        _, b, c, d, again, closed, late, edited = await results(stage, *batch)
        verify_refused(c, "stale")
        verify_refused(late, "not_open")
        assert isinstance(again, Stored), f"a piece that is there already got {again}"
        assert again.repeated, "a piece that is there already was stored again"
        for result in (b, d, closed, edited):
            assert isinstance(result, Stored), f"a good draft got {result}"
        [message] = await messages(stage, room)
        assert (message.text, message.revision) == ("new", 1), f"the message is {message}"

    # --- repeats ---

    @promise(
        "store_messages: a piece that is there already is repeated and uses no seq, also after the close"
    )
    async def test_same_piece_is_a_repeat(self, stage: Stage) -> None:
        room = await open_room(stage)
        await stored(stage, opening("one", room), piece(1, 3, " two", room), piece(1, 7, " three", room))
        for _ in range(2):
            for offset, text in ((3, " two"), (4, "two thr"), (7, " three")):
                [result] = await results(stage, piece(1, offset, text, room))
                assert isinstance(result, Stored), f"the repeat got {result}"
                assert result.repeated, "it was stored again"
                position = (await messages(stage, room))[0].position
                assert result.entry.seq == position, f"it has the place {result.entry.seq}"
            await results(stage, closing(1, room))
        [other] = await results(stage, piece(1, 3, " 2", room))
        verify_refused(other, "not_open")
        assert (await read(stage, room)).head_seq == 4, "something was stored"

    @promise("store_messages: a client id counts before the offset: a repeat gives the first entry back")
    async def test_repeated_pieces_give_the_first_entry(self, stage: Stage) -> None:
        room = await open_room(stage)
        await stored(stage, opening("one", room, "o"))
        [first] = await stored(stage, piece(1, 3, " two", room, "p"))
        await stored(stage, piece(1, 7, " three", room))
        for given, place in ((opening("one", room, "o"), 1), (piece(1, 3, " two", room, "p"), first.seq)):
            [result] = await results(stage, given)
            assert isinstance(result, Stored), f"the repeat got {result}"
            assert (result.entry.seq, result.repeated) == (place, True), f"the repeat got {result}"
        [conflict] = await results(stage, piece(1, 13, "!", room, "p"))
        verify_refused(conflict, "conflict")
        [closed] = await stored(stage, closing(1, room, client_id="c"))
        [again] = await results(stage, closing(1, room, client_id="c"))
        assert isinstance(again, Stored), f"the repeated close got {again}"
        assert (again.entry.seq, again.repeated) == (closed.seq, True), f"the repeated close got {again}"

    # --- the end ---

    @promise("store_messages: a closed message has its whole text, how it ended, and where")
    async def test_close(self, stage: Stage) -> None:
        room = await open_room(stage)
        await stored(stage, opening("one", room), piece(1, 3, " two", room))
        [entry] = await stored(stage, closing(1, room, "cancelled"))
        [message] = await messages(stage, room)
        assert message.more is not None, "the message does not say how it ended"
        found = (message.text, message.more.status, message.more.closed, message.position)
        assert found == ("one two", "cancelled", 3, 3), f"text, status, closed and position are {found}"
        assert entry.more is not None, "the entry does not say how the message ended"
        assert (entry.text, entry.more.status) == ("", "cancelled"), f"the entry is {entry}"
        assert entry.more.whole == message, f"the entry has {entry.more.whole}, not {message}"
        page = await read(stage, room)
        assert page.entries[2] == entry, f"read_history gives {page.entries[2]}"
        assert page.entries[1].text == "", "a piece has its text after the message was closed"

    @promise("store_messages: what closes a message compares the length, and may bring another text")
    async def test_close_compares_the_length(self, stage: Stage) -> None:
        room = await open_room(stage)
        await stored(stage, opening("one", room), piece(1, 3, " two", room))
        for expects in (3, 8):
            [result] = await results(stage, closing(1, room, expects=expects))
            verify_refused(result, "stale")
            assert isinstance(result, Refusal)
            assert result.length == 7, f"the length is 7, and it says {result.length}"
        [entry] = await stored(stage, closing(1, room, expects=7, text="1 2"))
        assert entry.text == "1 2", f"the entry has the text {entry.text!r}"
        assert [m.text for m in await messages(stage, room)] == ["1 2"], "the message has another text"

    @promise("store_messages: only open messages grow and are closed, and they are not edited")
    async def test_only_open_messages_grow(self, stage: Stage) -> None:
        room = await open_room(stage, "plain")
        await stored(stage, opening("one", room))
        [edited] = await results(stage, edit(2, "new", room, 0))
        verify_refused(edited, "still_open")
        await stored(stage, closing(2, room))
        for target in (1, 2):
            for given in (piece(target, 5, "x", room), closing(target, room), piece(target, 0, "x", room)):
                [result] = await results(stage, given)
                verify_refused(result, "not_open")
        [plain] = await results(stage, piece(1, 0, "plain", room))
        verify_refused(plain, "not_open")
        await stored(stage, edit(2, "new", room, 0))
        [_, message] = await messages(stage, room)
        assert message.more is not None
        assert (message.text, message.more.status) == ("new", "complete"), f"the message is {message}"

    @promise("store_messages: a message has at most MOST_OPEN_BYTES bytes and MOST_APPENDS pieces")
    async def test_limits(self, stage: Stage) -> None:
        room = await open_room(stage)
        await stored(stage, opening("x", room), opening("é", room))
        for start in range(0, MOST_APPENDS, BATCH):
            count = min(BATCH, MOST_APPENDS - start)
            await stored(stage, *[piece(1, start + n + 1, "y", room) for n in range(count)])
        [many] = await results(stage, piece(1, MOST_APPENDS + 1, "z", room))
        verify_refused(many, "message_too_long")
        half = MOST_OPEN_BYTES // 2
        [large] = await results(stage, piece(2, 1, "é" * half, room))
        verify_refused(large, "message_too_long")
        await stored(stage, piece(2, 1, "é" * (half - 1), room), closing(2, room))
        [_, message] = await messages(stage, room)
        assert message.text == "é" * half, f"the text has {len(message.text)} characters, not {half}"

    @promise("store_messages: a deletion wins over pieces before it, and their texts are gone, too")
    async def test_deletion_empties_the_pieces(self, stage: Stage) -> None:
        room = await open_room(stage)
        await stored(stage, opening("one", room, "o"), piece(1, 3, " two", room), mark(1, "x", room=room))
        await stored(stage, deletion(1, room))
        for given in (piece(1, 7, " three", room), piece(1, 3, " two", room), closing(1, room)):
            [result] = await results(stage, given)
            verify_refused(result, "not_found")
        page = await read(stage, room)
        assert [entry.text for entry in page.entries] == [""] * 4, f"it left {page.entries}"
        assert not page.entries[0].is_open, "the deleted message is open"
        assert await silent(stage, room) == [], "the deleted message is open"

    # --- reading ---

    @promise("read_open: the open messages that have not grown since, those first that have not for longest")
    async def test_read_open(self, stage: Stage) -> None:
        room, other = await open_room(stage), await open_room(stage)
        await stored(stage, opening("a", room, sent_at=1), opening("b", room, sent_at=2), draft("c", room))
        await stored(stage, opening("d", other, sent_at=3), opening("e", room, sent_at=4))
        await stored(stage, piece(1, 1, "two", room, sent_at=9), closing(4, room))
        found = [(one.seq, one.length, one.grown_at) for one in await silent(stage, room)]
        assert found == [(2, 1, 2), (1, 4, 9)], f"seq, length and time are {found}"
        [one] = await silent(stage, other)
        [epoch] = [
            position.epoch for position in (await stage.call("latest_positions", rooms=[other])).values()
        ]
        assert one == OpenMessage(other, epoch, 1, "id-ann", "ann", 1, 3), f"it gives {one}"
        assert [one.seq for one in await silent(stage, room, 9)] == [2], "it gives one that has grown at 9"

    @promise("read_changed: an open message that has grown is told as it is")
    async def test_open_messages_that_have_grown_are_told(self, stage: Stage) -> None:
        room = await open_room(stage)
        await stored(stage, opening("a", room), draft("b", room), piece(1, 1, "c", room))
        changed = await stage.call("read_changed", room=room, since=2, limit=9)
        assert [message.text for message in changed.messages] == ["ac"], f"it gives {changed}"

    @promise("search_messages: an open message is found when it is closed")
    async def test_open_messages_are_not_found(self, stage: Stage) -> None:
        if not stage.provides("search_messages"):
            pytest.skip("the plugin does not search")
        room = await open_room(stage)
        await stored(stage, opening("violet", room), draft("blue", room), piece(1, 6, " green", room))

        async def places(query: str) -> list[int]:
            found = await stage.call("search_messages", room=room, query=query, before=None, limit=9)
            return [entry.seq for entry in found]

        assert [await places("violet"), await places("blue")] == [[], [2]], "an open message is found"
        await stored(stage, closing(1, room))
        found = [await places("violet"), await places("green"), await places("violet green")]
        assert found == [[1], [1], [1]], f"a closed message is found at {found}"

    @promise("prune_history: a pruned message does not grow, and its later pieces have no text")
    async def test_pruned_messages(self, stage: Stage) -> None:
        if not stage.provides("prune_history"):
            pytest.skip("the plugin does not prune")
        room = await open_room(stage)
        await stored(stage, opening("a", room, sent_at=1), draft("b", room), piece(1, 1, "secret", room))
        assert await stage.call("prune_history", room=room, before_ms=5, limit=9, unread_before_ms=None) == 1
        page = await read(stage, room, after=0)
        assert [entry.text for entry in page.entries] == ["b", ""], f"it left {page.entries}"
        [result] = await results(stage, piece(1, 7, "c", room))
        verify_refused(result, "not_found")

    @promise("store_messages: an open message outlives a restart, and grows on")
    async def test_open_messages_outlive_a_restart(self, stage: Stage) -> None:
        room = await open_room(stage)
        await stored(stage, opening("a", room), piece(1, 1, "b", room, "p"))
        before = await read(stage, room)
        await stage.restart()
        after = await read(stage, room)
        assert after == before, f"before it held {before}, then {after}"
        await stored(stage, piece(1, 2, "c", room), closing(1, room))
        assert [m.text for m in await messages(stage, room)] == ["abc"], "it has not grown on"


def pieces(room: str, text: str, offset: int) -> list[Draft]:
    """Return a piece for each character of a text."""
    return [piece(1, offset + number, sign, room) for number, sign in enumerate(text)]


async def open_room(stage: Stage, *said: str) -> str:
    """Create a room with these messages. Skips the test if the plugin stores no streamed messages."""
    if not stage.provides("read_open"):
        pytest.skip("the plugin has no read_open")
    return await new_room(stage, *said)


async def silent(stage: Stage, room: str, before_ms: int = LATER) -> Sequence[OpenMessage]:
    """Return what `read_open` says of a room."""
    found = await stage.call("read_open", before_ms=before_ms, limit=10_000)
    return [one for one in found if one.room == room]
