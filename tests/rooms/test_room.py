"""What is for one member alone counts as being behind, too. The log's own promises are in
test_room_properties.py."""

from __future__ import annotations

from tests.rooms.unflushed import Unflushed
from tornchat.model import Entry, Participant, RoomInfo
from tornchat.rooms.room import Room, RoomLimits
from tornchat.wire import V1


class Ear:
    """A member's way out that is full, or not, and keeps what it is sent and how it ended."""

    def __init__(self, is_full):
        self.is_full = is_full
        self.heard = b""
        self.code = 0

    def send(self, data):
        self.heard += data
        return not self.is_full

    async def drained(self):
        pass

    def end(self, code, reason):
        self.code = code


def a_room(limit, is_full):
    room = Room(RoomInfo("hall", "e1"), RoomLimits(10, limit, 0), Unflushed())
    ear = Ear(is_full)
    member = room.enter(Participant("1", "romeo"), "s1", V1(), ear)
    member.ready = True
    room.accept("e1", [Entry(1, "1", "romeo", "once", 0, "d1")])
    room.flush(512)
    return room, member, ear


def test_who_repeats_without_end_and_does_not_read_the_acks_is_closed():
    room, member, ear = a_room(10_000, is_full=True)
    for _ in range(1000):
        room.ack(member, "a" * 64, 1)
        room.flush(512)
        if ear.code:
            break
    assert ear.code == 1013
    assert sum(len(frame) for _, frame in member.asides or ()) < 10_200


def test_who_reads_may_repeat_as_often_as_it_likes():
    room, member, ear = a_room(10_000, is_full=False)
    for _ in range(1000):
        room.ack(member, "a" * 64, 1)
        room.flush(512)
    assert ear.code == 0
    assert ear.heard.count(b'"ack"') == 1000


def test_without_a_limit_nobody_is_closed():
    room, member, ear = a_room(0, is_full=True)
    for _ in range(1000):
        room.ack(member, "a" * 64, 1)
        room.flush(512)
    assert ear.code == 0
