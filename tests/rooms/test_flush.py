"""Rooms take turns: one that is large and never quiet holds up no other."""

from __future__ import annotations

import asyncio

from tornchat.model import Entry, Participant, RoomInfo
from tornchat.rooms.flush import SLICE_MEMBERS, Flush
from tornchat.rooms.room import Room, RoomLimits
from tornchat.wire import Classic


class Ear:
    """A member's way out that counts what it is sent."""

    heard = 0

    def send(self, data):
        self.heard += 1
        return True

    async def drained(self):
        pass

    def end(self, code, reason):
        raise AssertionError(f"closed with {code} {reason}")


def a_room(turn, name, members):
    room = Room(RoomInfo(name, "e1"), RoomLimits(10, 0, 0), turn)
    ears = [Ear() for _ in range(members)]
    for number, ear in enumerate(ears):
        room.enter(Participant(str(number), "n"), str(number), Classic(), ear).ready = True
    return room, ears


def say(room):
    room.accept("e1", [Entry(room.seq + 1, "1", "romeo", "x" * 50, 0, f"d{room.seq}")])


def test_a_large_room_that_is_never_quiet_lets_others_have_their_turn():
    async def main():
        turn = Flush()
        large, crowd = a_room(turn, "large", SLICE_MEMBERS * 3)
        small, [ear] = a_room(turn, "small", 1)
        say(large)
        say(small)
        for _ in range(20):
            await asyncio.sleep(0)
            say(large)
        assert ear.heard == 1
        for _ in range(20):
            await asyncio.sleep(0)
        assert all(one.heard for one in crowd)
        say(small)
        for _ in range(5):
            say(large)
            await asyncio.sleep(0)
        assert ear.heard == 2, "the line grows with every turn"

    asyncio.run(main())
