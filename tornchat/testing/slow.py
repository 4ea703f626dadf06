"""The contract of slow mode: the seconds of a room, and a user's latest messages in it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from tornchat import Draft, Entry, Refusal, RoomInfo
from tornchat.testing.fixtures import deletion, draft, user
from tornchat.testing.kit import Contract, Stage, promise, unique
from tornchat.testing.log import opened, results, stored


class SlowModeContract(Contract):
    """What `set_slow_mode`, `read_slow_modes` and `read_latest_messages` promise, besides storage."""

    roles = ("slow mode",)

    @promise("set_slow_mode, read_slow_modes: of these rooms, those with slow mode")
    async def test_what_is_set_is_read(self, stage: Stage) -> None:
        rooms = [(await opened(stage)).name for _ in range(3)]
        for room, seconds in zip(rooms, (30, 21_600, 0), strict=True):
            await _set(stage, room, seconds)
        found = await _read(stage, rooms[0], rooms[2], unique("nowhere"))
        assert found == {rooms[0]: 30}, f"of rooms 0 and 2 of {rooms} it gave {found}"
        await _set(stage, rooms[0], 0)
        found = await _read(stage, *rooms)
        assert found == {rooms[1]: 21_600}, f"with one turned off it gave {found}"

    @promise("set_slow_mode: False for a room that is not there")
    async def test_no_room_is_false(self, stage: Stage) -> None:
        done = await stage.call("set_slow_mode", room=unique("nowhere"), seconds=30)
        assert done is False, f"it gave {done!r}"

    @promise("open_room: the room is given with its seconds")
    async def test_the_room_has_its_seconds(self, stage: Stage) -> None:
        room = await opened(stage)
        assert room.slow_seconds == 0, f"a new room has {room.slow_seconds}"
        await _set(stage, room.name, 30)
        given = {"name": room.name, "user": user(), "create": False, "owned_limit": 0, "owner": None}
        found = await stage.call("open_room", **given)
        assert found == RoomInfo(room.name, room.epoch, room.private, room.owner, 30), f"it gave {found!r}"

    @promise("read_latest_messages: this user's of this room, newest first, after that time, at most limit")
    async def test_latest_messages(self, stage: Stage) -> None:
        room, other = (await opened(stage)).name, (await opened(stage)).name
        given = [
            replace(draft(f"{sender} {at}", room=place, sender=sender, client_id=f"c{at}"), sent_at=at)
            for place, sender, at in (
                (room, "ann", 10),
                (room, "ann", 20),
                (room, "bob", 30),
                (other, "ann", 40),
                (room, "ann", 50),
            )
        ]
        entries = await stored(stage, *given)
        await stored(stage, deletion(entries[1].seq, room=room, sender="ann"))
        for after, limit, wanted in ((0, 9, [50, 20, 10]), (10, 9, [50, 20]), (0, 1, [50]), (50, 9, [])):
            found = await _latest(stage, room, after, limit)
            times = [entry.sent_at for entry in found]
            assert times == wanted, f"after {after}, at most {limit}, it gave {times}"
        [last] = await _latest(stage, room, 20, 9)
        assert last == entries[4], f"of {entries[4]} it gave {last}"
        assert await _latest(stage, unique("nowhere"), 0, 9) == [], "of no room it gave some"

    @promise("store_messages: a message that comes less than spaced_ms after another one is refused")
    async def test_messages_are_spaced(self, stage: Stage) -> None:
        room = (await opened(stage)).name

        def said(at: int, sender: str = "ann", spaced: int = 1000, client_id: str | None = None) -> Draft:
            made = draft(f"{at}", room=room, sender=sender, client_id=client_id)
            return replace(made, sent_at=at, spaced_ms=spaced)

        first = [said(10_000, client_id="1"), said(10_900), said(10_900, "bob"), said(10_950, spaced=0)]
        codes = [getattr(one, "code", "stored") for one in await results(stage, *first)]
        assert codes == ["stored", "slow_mode", "stored", "stored"], f"of one call it gave {codes}"
        later = [said(10_000, client_id="1"), said(11_900), said(11_950)]
        found = await results(stage, *later)
        codes = [getattr(one, "code", "stored") for one in found]
        assert codes == ["stored", "slow_mode", "stored"], f"of a later call it gave {codes}"
        wait = found[1].retry_after if isinstance(found[1], Refusal) else None
        assert wait == 0.05, f"the sender is told to wait for {wait} s"

    @promise("store_messages: of messages at once on two nodes, one is stored")
    async def test_one_of_many_nodes(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        stages = [stage, await stage.second_or_self()]
        drafts = [replace(draft(f"{n}", room=room), spaced_ms=60_000) for n in range(6)]
        told = await asyncio.gather(*(results(stages[n % 2], one) for n, one in enumerate(drafts)))
        codes = sorted(getattr(one, "code", "stored") for [one] in told)
        assert codes == ["slow_mode"] * 5 + ["stored"], f"it gave {codes}"

    @promise("Slow mode outlives a restart, and is the same on the second node")
    async def test_slow_mode_is_in_storage(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        await _set(stage, room, 30)
        other = await stage.second_or_self()
        assert await _read(other, room) == {room: 30}, "the second node does not see it"
        await stage.restart()
        assert await _read(stage, room) == {room: 30}, "it is gone after a restart"


async def _set(stage: Stage, room: str, seconds: int) -> None:
    done = await stage.call("set_slow_mode", room=room, seconds=seconds)
    assert done is True, f"set_slow_mode gave {done!r} for a room that is there"


async def _read(stage: Stage, *rooms: str) -> Mapping[str, int]:
    return dict(await stage.call("read_slow_modes", rooms=rooms))


async def _latest(stage: Stage, room: str, after: int, limit: int) -> Sequence[Entry]:
    part = {"room": room, "user_id": "id-ann", "after_ms": after, "limit": limit}
    found = await stage.call("read_latest_messages", **part)
    assert all(isinstance(one, Entry) for one in found), f"read_latest_messages gave {found!r}"
    return list(found)
