"""What is for one member alone counts as being behind, too. The log's own promises are in
test_room_properties.py."""

from __future__ import annotations

from tests.rooms.unflushed import Unflushed
from tornchat.model import Entry, Participant, RoomInfo
from tornchat.rooms.room import Room, RoomLimits
from tornchat.wire import V1

ONCE = Entry(1, "1", "romeo", "once", 0, "d1")


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
    room.accept("e1", [ONCE])
    room.flush(512)
    return room, member, ear


def test_who_repeats_without_end_and_does_not_read_the_acks_is_closed():
    room, member, ear = a_room(10_000, is_full=True)
    for _ in range(1000):
        room.ack(member, "a" * 64, ONCE)
        room.flush(512)
        if ear.code:
            break
    assert ear.code == 1013
    assert sum(len(frame) for _, frame in member.asides or ()) < 10_200


def test_who_reads_may_repeat_as_often_as_it_likes():
    room, member, ear = a_room(10_000, is_full=False)
    for _ in range(1000):
        room.ack(member, "a" * 64, ONCE)
        room.flush(512)
    assert ear.code == 0
    assert ear.heard.count(b'"ack"') == 1000


def test_without_a_limit_nobody_is_closed():
    room, member, ear = a_room(0, is_full=True)
    for _ in range(1000):
        room.ack(member, "a" * 64, ONCE)
        room.flush(512)
    assert ear.code == 0


def texts_in(frames):
    """The texts of the chat messages among these frames."""
    return [part.split(b'"')[0].decode() for part in frames.split(b'"message":"')[1:]]


def test_a_deletion_after_pruning_blanks_the_right_frame_of_the_history():
    """The encoded tail and the tail itself must lose the same entries."""
    room, _, _ = a_room(0, is_full=False)
    room.accept("e1", [Entry(seq, "1", "romeo", f"line {seq}", 0, f"d{seq}") for seq in range(2, 7)])
    room.prune(4)
    room.accept("e1", [Entry(7, "1", "romeo", "", 0, "d7", kind="deletion", target=5)])
    assert [entry.text for entry in room.tail.messages] == ["line 4", "", "line 6"]
    assert texts_in(room.stream(V1()).newest(9, 1000)[1]) == ["line 4", "", "line 6"]
