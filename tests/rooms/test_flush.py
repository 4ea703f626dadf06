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


class Broken(Ear):
    """A member's way out that fails."""

    def send(self, data):
        raise RuntimeError("this room is broken")


def test_a_room_whose_flush_fails_does_not_delay_the_others():
    """The others are served in the next iteration at the latest, without a new message."""

    async def main():
        failures = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: failures.append(context))
        turn = Flush()
        broken, _ = a_room(turn, "broken", 0)
        broken.enter(Participant("1", "n"), "1", Classic(), Broken()).ready = True
        before, [early] = a_room(turn, "before", 1)
        after, [late] = a_room(turn, "after", 1)
        for room in (before, broken, after):
            say(room)
        for _ in range(3):
            await asyncio.sleep(0)
        assert [type(failure["exception"]) for failure in failures] == [RuntimeError]
        assert (early.heard, late.heard) == (1, 1)
        say(after)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert late.heard == 2

    asyncio.run(main())


def test_what_is_held_is_flushed_at_once_and_no_iteration_is_scheduled_for_it():
    async def main():
        turn = Flush()
        room, [ear] = a_room(turn, "hall", 1)
        turn.hold()
        say(room)
        for _ in range(3):
            await asyncio.sleep(0)
        assert ear.heard == 0
        turn.end()
        assert ear.heard == 1
        say(room)
        await asyncio.sleep(0)
        assert ear.heard == 2, "later frames are flushed by themselves again"

    asyncio.run(main())


class Answering(Ear):
    """A member's way out; the room gets another message while it is written to."""

    def __init__(self, room):
        self.room = room

    def send(self, data):
        super().send(data)
        if self.heard == 1:
            say(self.room)
        return True


def test_frames_that_come_during_a_flush_need_no_later_ones():
    async def main():
        turn = Flush()
        room, [ear] = a_room(turn, "hall", 1)
        answering = Answering(room)
        room.enter(Participant("2", "n"), "2", Classic(), answering).ready = True
        say(room)
        for _ in range(3):
            await asyncio.sleep(0)
        assert (ear.heard, answering.heard) == (2, 2)

    asyncio.run(main())
