"""The contract of markers: how far users have read, and which rooms are theirs."""

from __future__ import annotations

from tornchat import Marker, ReadState
from tornchat.testing.fixtures import deletion, draft, user
from tornchat.testing.inbox import InboxContract
from tornchat.testing.kit import Stage, promise, unique
from tornchat.testing.log import stored
from tornchat.testing.readers import mark, read_states, room_with, rooms_of, state_of


class MarkersContract(InboxContract):
    """What `store_markers`, `read_markers`, `read_rooms_of` and `read_inbox` promise.

    Tests that concern edits, private rooms or blocks call the hooks of their roles, if the plugin has them.
    """

    roles = ("storage", "history", "markers")

    # --- markers ---

    @promise("store_markers: the larger marker stands, and is returned in place of a smaller one")
    async def test_the_larger_one_stands(self, stage: Stage) -> None:
        room, epoch, ann = await room_with(stage, 9)
        for given, left in (
            ((5, 0), None),
            ((5, 0), None),
            ((3, 0), (5, 0)),
            ((2, 1), None),
            ((9, 0), (2, 1)),
            ((4, 1), None),
        ):
            found = await mark(stage, Marker(ann, room, epoch, *given))
            wanted = [] if left is None else [Marker(ann, room, epoch, *left)]
            assert found == wanted, f"after {given} it gave {found}"
        state = await state_of(stage, ann, room)
        assert (state.seq, state.generation) == (4, 1), f"what stands is {state}"

    @promise("store_markers: a marker without a generation gets the one that stands")
    async def test_the_present_generation(self, stage: Stage) -> None:
        room, epoch, ann = await room_with(stage, 9)
        for given in (Marker(ann, room, epoch, 3, 2), Marker(ann, room, epoch, 7)):
            assert await mark(stage, given) == [], f"{given} is larger"
        state = await state_of(stage, ann, room)
        assert (state.seq, state.generation) == (7, 2), f"what stands is {state}"
        assert await mark(stage, Marker(ann, room, epoch, 7)) == [], "what stands already is returned"

    @promise("store_markers: markers of many users and rooms in one call are kept apart")
    async def test_markers_are_apart(self, stage: Stage) -> None:
        (one, epoch, ann), (two, other, bob) = await room_with(stage, 3), await room_with(stage, 3)
        given = [
            *(Marker(ann, one, epoch, 1), Marker(bob, one, epoch, 2)),
            *(Marker(ann, two, other, 3), Marker(ann, unique("none"), epoch, 3)),
        ]
        assert await mark(stage, *given) == [], "none of them stood before"
        found = {
            (state.room, state.user_id): state.seq
            for state in await read_states(stage, {one: [ann, bob], two: [ann]})
        }
        assert found == {(one, ann): 1, (one, bob): 2, (two, ann): 3}, f"it gave {found}"

    @promise("store_markers, read_markers: a marker of another log than the present one is none")
    async def test_another_log(self, stage: Stage) -> None:
        room, epoch, ann = await room_with(stage, 3)
        found = await mark(stage, Marker(ann, room, "another", 3))
        assert found == [], f"for a marker of another log it gave {found}"
        assert (await state_of(stage, ann, room)).seq == 0, "a marker of another log is stored"
        await mark(stage, Marker(ann, room, epoch, 3, 5))
        if not stage.provides("renew_epoch"):
            return
        await stage.call("renew_epoch", room=room, epoch=epoch)
        state = await state_of(stage, ann, room)
        assert state.epoch != epoch, "the answer names the old log"
        assert (state.seq, state.generation) == (0, 0), f"in the new log it is {state}"
        await mark(stage, Marker(ann, room, state.epoch, 1))
        assert (await state_of(stage, ann, room)).seq == 1, "a marker of the new log is not larger"

    @promise("read_markers: number counts the messages that are read, and those that are pruned")
    async def test_number(self, stage: Stage) -> None:
        room, epoch, ann = await room_with(stage, 3)
        await stored(stage, deletion(1, room), *[draft("more", room) for _ in range(2)])
        for seq, number in ((0, 0), (3, 3), (4, 3), (6, 5)):
            await mark(stage, Marker(ann, room, epoch, seq))
            found = (await state_of(stage, ann, room)).number
            assert found == number, f"up to {seq} there are {number} messages, not {found}"
        if stage.provides("prune_history"):
            await stage.call("prune_history", room=room, before_ms=2**50, limit=4, unread_before_ms=None)
            bob = (await state_of(stage, unique("bob"), room)).number
            assert bob == 3, f"of the pruned entries 3 are messages, not {bob}"

    @promise("read_markers: nobody and nothing there: an answer without a marker, and none for no room")
    async def test_no_marker(self, stage: Stage) -> None:
        room, epoch, ann = await room_with(stage, 2)
        found = await read_states(stage, {room: [ann], unique("none"): [ann]})
        assert list(found) == [ReadState(ann, room, epoch, 0, 0, 0)], f"it gave {found}"

    @promise("Markers outlive a restart and a crash, and are the same on the second node")
    async def test_markers_are_in_storage(self, stage: Stage) -> None:
        room, epoch, ann = await room_with(stage, 3)
        await mark(stage, Marker(ann, room, epoch, 2, 4))
        other = await stage.second_or_self()
        assert (await state_of(other, ann, room)).seq == 2, "the second node does not see it"
        await stage.restart()
        state = await state_of(stage, ann, room)
        assert (state.seq, state.generation) == (2, 4), f"after a restart it is {state}"

    # --- the rooms of a user ---

    @promise("read_rooms_of: rooms with a role or a marker, sorted, with what is not read yet")
    async def test_rooms_of_a_user(self, stage: Stage) -> None:
        rooms = sorted([await room_with(stage, count) for count in (4, 0, 2)])
        _, _, ann = rooms[0]
        for room, epoch, _ in rooms[:2]:
            await mark(stage, Marker(ann, room, epoch, 0, 0))
        found = {one.name: one for one in await rooms_of(stage, ann)}
        assert list(found) == [rooms[0][0], rooms[1][0]], f"it gave {list(found)}"
        for room, epoch, _ in rooms[:2]:
            heads = await stage.call("latest_positions", rooms=[room])
            one, head = found[room], heads[room]
            assert (one.epoch, one.seq, one.unread) == (epoch, head.seq, head.seq), f"{room} is {one}"
            assert (one.role, one.read_seq, one.mentions) == (None, 0, 0), f"{room} is {one}"
        owned = await rooms_of(stage, user().id)
        assert {one.role for one in owned if one.name in found} == {"owner"}, "it does not say who owns them"

    @promise("read_rooms_of: page by page, by name")
    async def test_page_by_page(self, stage: Stage) -> None:
        rooms, ann = sorted([await room_with(stage, 1) for _ in range(3)]), unique("ann")
        await mark(stage, *[Marker(ann, room, epoch, 1) for room, epoch, _ in rooms])
        names, first = [room for room, _, _ in rooms], await rooms_of(stage, ann, None, 2)
        rest = await rooms_of(stage, ann, first[-1].name, 2)
        found = [one.name for one in (*first, *rest)]
        assert found == names, f"it gave {found}"

    @promise("read_rooms_of: unread is the number of messages after the marker; acts are none")
    async def test_unread(self, stage: Stage) -> None:
        room, epoch, ann = await room_with(stage, 5)
        await stored(stage, deletion(4, room), draft("six", room), deletion(2, room))
        for seq, unread in ((0, 6), (2, 4), (5, 1), (6, 1), (7, 0), (8, 0)):
            await mark(stage, Marker(ann, room, epoch, seq))
            [found] = await rooms_of(stage, ann)
            wanted = (seq, unread)
            assert (found.read_seq, found.unread) == wanted, f"with {wanted} it gave {found}"

    @promise("read_rooms_of: a private room is the rooms' of those only who have a role there")
    async def test_private_rooms(self, stage: Stage) -> None:
        if not (stage.provides("create_room") and stage.provides("set_member")):
            return
        room, ann = unique("secret"), unique("ann")
        asked = {"name": room, "user": user(), "private": True, "owned_limit": 0, "owner": user().id}
        info = await stage.call("create_room", **asked)
        await mark(stage, Marker(ann, room, info.epoch, 0, 0))
        assert list(await rooms_of(stage, ann)) == [], "who has no role there is shown the room"
        await stage.call("set_member", room=room, user_id=ann, role="member", owned_limit=0, members_limit=0)
        [found] = await rooms_of(stage, ann)
        assert (found.private, found.role) == (True, "member"), f"it is {found}"
        await stage.call("remove_member", room=room, user_id=ann)
        assert list(await rooms_of(stage, ann)) == [], "who has no role any more is shown the room"
