"""The contract of marks: sets of tokens are compared and counted, and go with their message."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from tornchat import Draft, MarkSet, Refusal, Stored, Tally
from tornchat.testing.changing import messages, new_room, verify_refused
from tornchat.testing.fixtures import deletion, draft, edit, mark
from tornchat.testing.kit import Contract, Stage, promise
from tornchat.testing.log import read, results, stored

MANY = 25
"""More users than are told with a message."""


class MarkingContract(Contract):
    """Tests of a storage plugin with `changes = True`. Part of `StorageContract`."""

    @promise("store_messages: a mark replaces its sender's tokens, and has the difference and the counts")
    async def test_mark_replaces_the_senders_tokens(self, stage: Stage) -> None:
        room = await new_room(stage, "one")
        [ann, ben] = await stored(stage, mark(1, "a", "b", room=room), mark(1, "b", room=room, sender="ben"))
        found = [
            (entry.seq, entry.kind, entry.target, entry.revision, entry.mark_change) for entry in (ann, ben)
        ]
        assert [entry[:4] for entry in found] == [(2, "reaction", 1, 0), (3, "reaction", 1, 0)], (
            f"got {found}"
        )
        assert ben.mark is not None, "the entry has no `mark`"
        assert (ben.mark.added, ben.mark.counts) == (("b",), {"b": 2}), f"the entry has {ben.mark}"
        [again] = await stored(stage, mark(1, "b", "c", room=room))
        assert again.mark is not None, "the entry has no `mark`"
        assert (again.mark.added, again.mark.removed) == (("c",), ("a",)), f"the entry has {again.mark}"
        assert again.mark.counts == {"c": 1, "a": 0}, f"the counts are {again.mark.counts}"
        [message] = await messages(stage, room)
        assert message.position == 4, f"the message has the position {message.position}"
        wanted = {"reaction": {"b": Tally(2, ("id-ann", "id-ben")), "c": Tally(1, ("id-ann",))}}
        assert message.marks == wanted, f"the message has {message.marks}"
        page = await read(stage, room)
        assert page.entries == (message, ann, ben, again), f"read_history gives {page.entries}"

    @promise(
        "store_messages: a message is what `Entry.after` makes of its marks and edits, in one batch or many"
    )
    async def test_present_state_is_that_after_all_entries(self, stage: Stage) -> None:
        room = await new_room(stage, "one")
        users = [mark(1, "x", f"y{n % 3}", room=room, sender=f"u{n}") for n in range(MANY)]
        acts = await stored(stage, *users[:10], edit(1, "two", room, 0), *users[10:])
        for n in range(MANY - 1):
            acts += await stored(stage, mark(1, room=room, sender=f"u{n}"))
        page = await read(stage, room, after=0)
        message = msgspec.structs.replace(page.entries[0], text="one", more=None)
        for act in acts:
            message = message.after(act)
        [now] = await messages(stage, room)
        assert now == message, f"it is {now}, and its entries make {message}"

    @promise("store_messages: a set that its sender has already stores nothing, and is repeated")
    async def test_set_that_stands_stores_nothing(self, stage: Stage) -> None:
        room = await new_room(stage, "one", "two")
        await stored(stage, mark(1, "a", "b", room=room))
        batch = [
            mark(1, "b", "a", room=room),
            mark(2, room=room),
            mark(1, "c", room=room),
            mark(1, "c", room=room),
        ]
        same, none, other, again = await results(stage, *batch)
        for result, place in ((same, 3), (none, 2), (again, 4)):
            assert isinstance(result, Stored), f"it got {result}"
            assert (result.repeated, result.entry.seq) == (True, place), (
                f"it got {result}, not the place {place}"
            )
        assert isinstance(other, Stored), f"another set got {other}"
        assert (await read(stage, room)).head_seq == 4, "something was stored"

    @promise("store_messages: a client id counts before the target, the set and the limit")
    async def test_repeated_marks_give_the_first_entry(self, stage: Stage) -> None:
        room = await new_room(stage, "one")
        first = mark(1, "a", room=room, client_id="m1", digest="the request")
        [entry] = await stored(stage, first)
        await stored(stage, mark(1, "b", room=room))
        for tokens in (("a",), ("b",), ("c",)):
            [result] = await results(
                stage, mark(1, *tokens, room=room, client_id="m1", digest="the request", most=1)
            )
            assert isinstance(result, Stored), f"the repeat got {result}"
            assert (result.entry.seq, result.repeated) == (entry.seq, True), f"the repeat got {result}"
        [other] = await results(stage, mark(1, "a", room=room, client_id="m1", digest="another request"))
        verify_refused(other, "conflict")
        await stored(stage, deletion(1, room))
        [again] = await results(stage, mark(1, "a", room=room, client_id="m1", digest="whatever"))
        assert isinstance(again, Stored), f"after a deletion the repeat got {again}"

    @promise("store_messages: the id of a set that stored nothing is kept, so that its repeat undoes nothing")
    async def test_repeat_of_a_set_that_stood(self, stage: Stage) -> None:
        room = await new_room(stage, "one", "two")

        def standing() -> list[Draft]:
            return [
                mark(1, "a", room=room, client_id="m1", digest="one"),
                mark(2, room=room, client_id="m2", digest="two"),
            ]

        await stored(stage, mark(1, "a", room=room))
        await results(stage, *standing())
        await stored(stage, mark(1, "b", room=room))
        found = (await results(stage, mark(2, "b", room=room), *standing()))[1:]
        for result, place in zip(found, (3, 2), strict=True):
            assert isinstance(result, Stored), f"the repeat got {result}"
            assert (result.repeated, result.entry.seq) == (True, place), f"the repeat got {result}"
        sets = [(one.target, one.tokens) for one in await _marks(stage, room, [1, 2])]
        assert sets == [(1, ("b",)), (2, ("b",))], f"after the repeats the sets are {sets}"
        await self._verify_id(stage, room)

    async def _verify_id(self, stage: Stage, room: str) -> None:
        """Verify that the id `m1` stands for the request, until the message is deleted."""
        [other] = await results(stage, mark(1, "a", room=room, client_id="m1", digest="another"))
        verify_refused(other, "conflict")
        first = await stage.call("find_stored", room=room, sender_id="id-ann", client_id="m1")
        assert first is not None, "find_stored does not know the id"
        assert (first.seq, first.target, first.kind) == (3, 1, "reaction"), f"find_stored gives {first}"
        await stored(stage, deletion(1, room))
        [again] = await results(stage, mark(1, "c", room=room, client_id="m1", digest="whatever"))
        assert isinstance(again, Stored), f"after a deletion the repeat got {again}"

    @promise("store_messages: a mark on what is no message, deleted or in another room is not_found")
    async def test_what_can_not_be_marked(self, stage: Stage) -> None:
        room, _ = await new_room(stage, "one", "two"), await new_room(stage, "1", "2", "3", "4", "5")
        await stored(stage, deletion(2, room))
        for target in (-1, 0, 2, 3, 4, 99):
            [result] = await results(stage, mark(target, "x", room=room))
            verify_refused(result, "not_found")
        batch = [draft("new", room), mark(4, "x", room=room), deletion(4, room), mark(4, "y", room=room)]
        *_, late = await results(stage, *batch)
        verify_refused(late, "not_found")
        assert (await read(stage, room)).head_seq == 6, "a refused mark has a place"

    @promise("store_messages: a mark that would make more than `most` different tokens is too_many_marks")
    async def test_different_tokens_are_limited(self, stage: Stage) -> None:
        room = await new_room(stage, "one")
        wanted: list[tuple[str, tuple[str, ...], bool]] = [
            ("ann", ("a", "b"), True),
            ("ben", ("b",), True),
            ("ben", ("b", "c"), False),
            ("ann", ("b", "c"), True),
            ("ben", ("a",), False),
            ("ann", ("a",), True),
        ]
        for sender, tokens, fits in wanted:
            [result] = await results(stage, mark(1, *tokens, room=room, sender=sender, most=2))
            got = result.code if isinstance(result, Refusal) else "stored"
            assert got == ("stored" if fits else "too_many_marks"), f"{tokens} of {sender} got {got}"

    @promise("store_messages: a deletion removes the marks, and what its entries have marked")
    async def test_deletion_removes_marks(self, stage: Stage) -> None:
        room = await new_room(stage, "one", "stays")
        await stored(stage, *[mark(seq, "a", room=room, sender=f"u{n}") for seq in (1, 2) for n in range(3)])
        await stored(stage, deletion(1, room))
        gone, stays = await messages(stage, room)
        assert not gone.marks, f"it has {gone.marks}"
        assert stays.marks["reaction"]["a"].count == 3, f"the other message has {stays.marks}"
        left = [entry.mark for entry in (await read(stage, room)).entries if entry.target == 1 and entry.mark]
        assert not any(one.tokens or one.added or one.counts for one in left), f"the entries have {left}"
        assert await _sets(stage, room, [1, 2]) == [(2, "id-u0"), (2, "id-u1"), (2, "id-u2")]

    @promise("prune_history: a mark that stands later than its pruned message keeps no token")
    async def test_pruned_messages_leave_no_marks(self, stage: Stage) -> None:
        if not stage.provides("prune_history"):
            pytest.skip("the plugin does not prune")
        room = await new_room(stage)
        old = msgspec.structs.replace(draft("old", room), sent_at=1)
        await stored(stage, old, draft("new", room), mark(1, "a", room=room), mark(2, "a", room=room))
        assert await stage.call("prune_history", room=room, before_ms=5, limit=9, unread_before_ms=None) == 1
        page = await read(stage, room, after=0)
        kept = [entry.mark.tokens for entry in page.entries if entry.mark is not None]
        assert kept == [(), ("a",)], f"it left {page.entries}"
        assert await _sets(stage, room, [1, 2]) == [(2, "id-ann")]

    @promise("read_marks: who has marked messages, by position, of all users or one")
    async def test_read_marks(self, stage: Stage) -> None:
        room = await new_room(stage, "one", "two")
        await stored(stage, mark(1, "a", room=room), mark(2, "b", room=room, sender="ben"))
        await stored(stage, mark(1, "b", room=room, sender="ben"), mark(1, "b", "a", room=room))
        found = await _marks(stage, room, [1, 2])
        wanted = [
            MarkSet(2, "reaction", "id-ben", ("b",), 4),
            MarkSet(1, "reaction", "id-ben", ("b",), 5),
            MarkSet(1, "reaction", "id-ann", ("a", "b"), 6),
        ]
        assert found == wanted, f"it gave {found}"
        assert await _marks(stage, room, [1], "id-ben") == [wanted[1]], "it is not that of the one user"
        assert await _marks(stage, room, [1, 2], None, 4, 1) == [wanted[1]], "it ignores `after` or `limit`"
        assert await _marks(stage, room, []) == [], "it gave marks for no message"
        call = {"targets": [1], "user_id": None, "after": 0, "limit": 9}
        assert await stage.call("read_marks", room="nowhere", **call) is None, "there is no such room"

    @promise("store_messages: marks outlive a restart")
    async def test_marks_outlive_a_restart(self, stage: Stage) -> None:
        room = await new_room(stage, "one")
        await stored(stage, mark(1, "a", room=room))
        before = await read(stage, room)
        await stage.restart()
        after = await read(stage, room)
        assert after == before, f"before it held {before}, then {after}"


async def _marks(
    stage: Stage,
    room: str,
    targets: Sequence[int],
    user_id: str | None = None,
    after: int = 0,
    limit: int = 99,
) -> list[MarkSet]:
    call = {"targets": targets, "user_id": user_id, "after": after, "limit": limit}
    found = await stage.call("read_marks", room=room, **call)
    assert found is not None, "read_marks gave None for a room that is there"
    return list(found)


async def _sets(stage: Stage, room: str, targets: Sequence[int]) -> list[tuple[int, str]]:
    return [(one.target, one.user_id) for one in await _marks(stage, room, targets)]
