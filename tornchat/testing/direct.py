"""The contract of direct rooms: one for each set of users."""

from __future__ import annotations

import asyncio

from tornchat import Membership, RoomInfo, RoomSummary, User
from tornchat.testing.fixtures import draft, user
from tornchat.testing.kit import Contract, Stage, promise, unique
from tornchat.testing.log import stored

ANN, BOB, CAT = user("ann"), user("bob"), user("cat")
PAIR = (ANN.id, BOB.id)


class DirectRoomsContract(Contract):
    """What `find_direct` and `create_direct` promise, besides storage and directory."""

    roles = ("direct rooms",)

    @promise("create_direct: a new room is direct and private, has no owner, and these users as members")
    async def test_a_new_room(self, stage: Stage) -> None:
        key, name = unique("key"), unique("direct")
        assert await stage.call("find_direct", key=key) is None, "a key of no room has one"
        room = await _created(stage, key, name)
        found = (room.name, room.private, room.direct, room.owner)
        assert found == (name, True, True, None), f"it gave {room}"
        members = list(await stage.call("read_members", room=name, users=None))
        assert members == [Membership(one, "member") for one in PAIR], f"its members are {members}"
        [entry] = await stored(stage, draft("hello", name))
        assert entry.seq == 1, f"the first message is at {entry.seq}"

    @promise("create_direct, find_direct: a key that has a room gives this room, whatever name comes with it")
    async def test_one_room_for_a_key(self, stage: Stage) -> None:
        key = unique("key")
        room = await _created(stage, key, unique("direct"))
        assert await _created(stage, key, unique("direct")) == room, "it gave another room"
        assert await stage.call("find_direct", key=key) == room, "find_direct gave another room"
        other = await _created(stage, unique("key"), unique("direct"))
        assert other.name != room.name, "another key has the same room"

    @promise("create_direct: of calls at once, on all nodes, all get the one room, with its members once")
    async def test_at_once(self, stage: Stage) -> None:
        key, other = unique("key"), await stage.second_or_self()
        calls = [_created(node, key, unique("direct")) for node in (stage, other) * 3]
        rooms = await asyncio.gather(*calls)
        assert len({room.name for room in rooms}) == 1, f"they got {rooms}"
        members = await stage.call("read_members", room=rooms[0].name, users=None)
        assert len(members) == 2, f"its members are {members}"

    @promise("open_room, list_rooms: a direct room is there for its members only, and is said to be direct")
    async def test_visible_to_members_only(self, stage: Stage) -> None:
        room = await _created(stage, unique("key"), unique("direct"))
        for who, there in ((ANN, True), (BOB, True), (CAT, False)):
            opened, listed = await _open(stage, room.name, who), await _listed(stage, room.name, who)
            assert (opened == room, bool(listed)) == (there, there), f"{who.id}: {opened}, {listed}"
            assert not listed or listed.direct, f"it was listed as {listed}"

    @promise("create_direct: None if another room has the name")
    async def test_a_taken_name(self, stage: Stage) -> None:
        name = (await _created(stage, unique("key"), unique("direct"))).name
        given = {"key": unique("key"), "name": name, "user_ids": PAIR}
        found = await stage.call("create_direct", **given)
        assert found is None, f"it gave {found}"

    @promise("delete_room: the key is free for another room")
    async def test_deleted(self, stage: Stage) -> None:
        key = unique("key")
        room = await _created(stage, key, unique("direct"))
        assert await stage.call("delete_room", room=room.name, epoch=room.epoch), "it was not deleted"
        assert await stage.call("find_direct", key=key) is None, "the deleted room is found"
        again = await _created(stage, key, unique("direct"))
        assert again.epoch != room.epoch, "it is the deleted room"

    @promise("Direct rooms outlive a restart, and are the same on the second node")
    async def test_they_are_in_storage(self, stage: Stage) -> None:
        key = unique("key")
        room = await _created(stage, key, unique("direct"))
        other = await stage.second_or_self()
        assert await other.call("find_direct", key=key) == room, "the second node does not see it"
        await stage.restart()
        assert await stage.call("find_direct", key=key) == room, "it is gone after a restart"


async def _created(stage: Stage, key: str, name: str) -> RoomInfo:
    room = await stage.call("create_direct", key=key, name=name, user_ids=PAIR)
    assert isinstance(room, RoomInfo), f"create_direct gave {room!r}"
    return room


async def _open(stage: Stage, name: str, who: User) -> RoomInfo | None:
    given = {"name": name, "user": who, "create": False, "owned_limit": 0, "owner": None}
    found: RoomInfo | None = await stage.call("open_room", **given)
    return found


async def _listed(stage: Stage, name: str, who: User) -> RoomSummary | None:
    rooms = await stage.call("list_rooms", user=who, after=name[:-1], limit=200)
    return next((room for room in rooms if room.name == name), None)
