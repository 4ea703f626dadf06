"""The contract of descriptions: titles, topics and kinds of rooms."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from tornchat import RoomDescription
from tornchat.testing.fixtures import user
from tornchat.testing.kit import Contract, Stage, promise, unique
from tornchat.testing.log import opened

ARABIC = "\u063a\u0631\u0641\u0629 \u0627\u0644\u0634\u0627\u064a"


class DescriptionsContract(Contract):
    """What `describe_room` and `read_descriptions` promise, besides storage and directory."""

    roles = ("descriptions",)

    @promise("describe_room, read_descriptions: what is set is read, to the letter, of these rooms only")
    async def test_what_is_set_is_read(self, stage: Stage) -> None:
        rooms = [(await opened(stage)).name for _ in range(3)]
        for room, title in zip(rooms, ("Tea", ARABIC, "No"), strict=True):
            await _set(stage, room, title=title, topic=f"about {title}")
        wanted = {
            rooms[0]: RoomDescription("Tea", "about Tea"),
            rooms[1]: RoomDescription(ARABIC, f"about {ARABIC}"),
        }
        found = await _read(stage, rooms[0], rooms[1], unique("nowhere"))
        assert found == wanted, f"it gave {found}, not {wanted}"

    @promise("describe_room: what is None stays as it is, and an empty text removes one")
    async def test_the_rest_stays(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        assert await _set(stage, room) == RoomDescription(), "a new room says something"
        await _set(stage, room, title="Tea", topic="green")
        found = await _set(stage, room, private=True)
        assert found == RoomDescription("Tea", "green", True), f"after private it is {found}"
        found = await _set(stage, room, title="", private=False)
        assert found == RoomDescription("", "green"), f"without a title it is {found}"

    @promise("describe_room: of two calls at once neither undoes what only the other says")
    async def test_two_at_once(self, stage: Stage) -> None:
        room, other = (await opened(stage)).name, await stage.second_or_self()
        await asyncio.gather(_set(stage, room, title="Tea"), _set(other, room, topic="green"))
        found = await _read(stage, room)
        assert found == {room: RoomDescription("Tea", "green")}, f"it is {found}"

    @promise("describe_room: None for a room that is not there")
    async def test_no_room_is_none(self, stage: Stage) -> None:
        found = await _set(stage, unique("nowhere"), title="Tea")
        assert found is None, f"it gave {found!r}"

    @promise("open_room, list_rooms: the room is given with its title and topic")
    async def test_the_room_has_its_texts(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        await _set(stage, room, title="Tea", topic="green")
        given = {"name": room, "user": user(), "create": False, "owned_limit": 0, "owner": None}
        info = await stage.call("open_room", **given)
        assert (info.title, info.topic) == ("Tea", "green"), f"open_room gave {info!r}"
        [listed] = await stage.call("list_rooms", user=user(), after=room[:-1], limit=1)
        assert (listed.title, listed.topic) == ("Tea", "green"), f"list_rooms gave {listed!r}"

    @promise("describe_room: a room made private is there for its owner only, until it is open")
    async def test_private_rooms_are_hidden(self, stage: Stage) -> None:
        info = await opened(stage)
        await _set(stage, info.name, private=True)
        ids = [info.owner or "", "id-stranger"]
        for private, wanted in ((True, [info.owner]), (False, ids)):
            await _set(stage, info.name, private=private)
            admitted = (await stage.call("read_admitted", rooms={info.name: ids})).get(info.name, ())
            assert sorted(admitted) == sorted(map(str, wanted)), f"private {private}: it admits {admitted}"

    @promise("Descriptions outlive a restart, and are the same on the second node")
    async def test_descriptions_are_in_storage(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        await _set(stage, room, title="Tea", topic="green")
        other = await stage.second_or_self()
        wanted = {room: RoomDescription("Tea", "green")}
        assert await _read(other, room) == wanted, "the second node does not see it"
        await stage.restart()
        assert await _read(stage, room) == wanted, "it is gone after a restart"


async def _set(
    stage: Stage, room: str, title: str | None = None, topic: str | None = None, private: bool | None = None
) -> RoomDescription | None:
    found = await stage.call("describe_room", room=room, title=title, topic=topic, private=private)
    assert found is None or isinstance(found, RoomDescription), f"describe_room gave {found!r}"
    return found


async def _read(stage: Stage, *rooms: str) -> Mapping[str, RoomDescription]:
    return dict(await stage.call("read_descriptions", rooms=rooms))
