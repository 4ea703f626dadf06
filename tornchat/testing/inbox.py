"""The contract of inboxes: what mentions users, as it is now."""

from __future__ import annotations

from tornchat import Marker
from tornchat.testing.fixtures import deletion, edit
from tornchat.testing.kit import Contract, Stage, promise, unique
from tornchat.testing.log import stored
from tornchat.testing.readers import changes, inbox_of, mark, mentioning, room_with, rooms_of


class InboxContract(Contract):
    """What `read_inbox` promises, and `read_rooms_of` of mentions. Part of `MarkersContract`."""

    @promise("read_inbox: what mentions the user, newest first, page by page, but not the user's own")
    async def test_inbox(self, stage: Stage) -> None:
        if not changes(stage):
            return
        (one, _, ann), (two, _, _) = await room_with(stage, 0), await room_with(stage, 0)
        for room in (one, two, one):
            await stored(stage, mentioning(room, "bob", ann, unique("cat")))
        await stored(stage, mentioning(one, "bob", unique("cat")), mentioning(one, ann[3:], ann))
        found = await inbox_of(stage, ann)
        assert [(one.room, one.seq) for one in found] == [(one, 2), (two, 1), (one, 1)], f"it gave {found}"
        last = found[0]
        assert (last.sender_id, last.text, last.everybody) == ("id-bob", "look", False), f"it is {last}"
        parts = [*await inbox_of(stage, ann, None, 2), *await inbox_of(stage, ann, found[1].id, 2)]
        assert parts == list(found), f"page by page it gave {parts}"

    @promise("read_inbox, read_rooms_of: everybody is who has a role or a marker in the room")
    async def test_everybody(self, stage: Stage) -> None:
        if not changes(stage):
            return
        room, epoch, ann = await room_with(stage, 0)
        await stored(stage, mentioning(room, "bob", everybody=True))
        assert list(await inbox_of(stage, ann)) == [], "who has no part in the room is told"
        await mark(stage, Marker(ann, room, epoch, 0, 0))
        [found] = await inbox_of(stage, ann)
        assert (found.room, found.seq, found.everybody) == (room, 1, True), f"it is {found}"
        [mine] = await rooms_of(stage, ann)
        assert mine.mentions == 1, f"it counts {mine.mentions}"
        await mark(stage, Marker(ann, room, epoch, 1))
        [mine] = await rooms_of(stage, ann)
        assert mine.mentions == 0, "what was read still counts"
        assert len(await inbox_of(stage, ann)) == 1, "what was read is gone from the inbox"

    @promise("read_inbox, read_rooms_of: deleting or pruning a message removes it, an edit changes its text")
    async def test_the_message_is_as_it_is_now(self, stage: Stage) -> None:
        if not changes(stage):
            return
        room, epoch, ann = await room_with(stage, 0)
        await mark(stage, Marker(ann, room, epoch, 0, 0))
        await stored(stage, *[mentioning(room, "bob", ann) for _ in range(3)], edit(3, "changed", room))
        await stored(stage, deletion(2, room))
        found = [(one.seq, one.text) for one in await inbox_of(stage, ann)]
        assert found == [(3, "changed"), (1, "look")], f"it gave {found}"
        [mine] = await rooms_of(stage, ann)
        assert (mine.unread, mine.mentions) == (3, 2), f"it counts {mine}"
        if stage.provides("prune_history"):
            await stage.call("prune_history", room=room, before_ms=2**50, limit=2, unread_before_ms=None)
            assert [one.seq for one in await inbox_of(stage, ann)] == [3], "what was pruned is still told"
            [mine] = await rooms_of(stage, ann)
            assert (mine.unread, mine.mentions) == (1, 1), f"after pruning it counts {mine}"

    @promise("read_inbox, read_rooms_of: nothing of users whom the user blocks")
    async def test_blocked_users(self, stage: Stage) -> None:
        if not (changes(stage) and stage.provides("set_block")):
            return
        room, epoch, ann = await room_with(stage, 0)
        await mark(stage, Marker(ann, room, epoch, 0, 0))
        await stored(stage, mentioning(room, "bob", ann), mentioning(room, "cat", ann))
        await stage.call("set_block", user_id=ann, blocked_id="id-bob", limit=9)
        found = [one.sender_id for one in await inbox_of(stage, ann)]
        assert found == ["id-cat"], f"the senders are {found}"
        [mine] = await rooms_of(stage, ann)
        assert (mine.unread, mine.mentions) == (2, 1), f"it counts {mine}"
