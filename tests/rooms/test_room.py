"""What is for one member alone counts as being behind, too. The log's own promises are in
test_room_properties.py."""

from __future__ import annotations

import pytest

from tests.rooms.unflushed import Unflushed
from tornchat.model import Entry, More, Participant, RoomInfo
from tornchat.rooms.room import Gap, Room, RoomLimits
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


def test_a_piece_after_one_that_was_emptied_is_left_to_the_close():
    """The bus loses a piece and brings the next; the log is read once the message is closed."""
    room, _, ear = a_room(0, is_full=False)
    sender = ("1", "romeo")
    begun = Entry(2, *sender, "heard, ", 0, "d2", more=More(status="open"))
    heard = Entry(4, *sender, "told", 0, "d4", kind="append", target=2, more=More(offset=13))
    room.accept("e1", [begun])
    with pytest.raises(Gap):
        room.accept("e1", [heard])
    emptied = Entry(3, *sender, "", 0, "d3", kind="append", target=2, more=More(offset=7))
    whole = Entry(2, *sender, "heard, lost, told", 0, "d2", more=More(status="complete", closed=5))
    closed = Entry(5, *sender, "", 0, "d5", kind="close", target=2, more=More(status="complete", whole=whole))
    room.accept("e1", [emptied, closed])
    room.flush(512)
    assert b"message_appended" not in ear.heard
    assert texts_in(ear.heard) == ["once", "heard, ", "heard, lost, told"]


def test_a_signal_goes_to_those_at_the_head_and_has_no_offset():
    room, member, ear = a_room(0, is_full=False)
    other = Ear(is_full=True)
    behind = room.enter(Participant("2", "juliet"), "s2", V1(), other)
    ear.heard, stream = b"", member.stream
    head = stream.head
    room.signal(b"<typing>")
    room.flush(512)
    assert (ear.heard, other.heard) == (b"<typing>", b""), "a member that is not ready is told nothing"
    assert (stream.head, stream.end, member.cursor) == (head, head, head)
    room.signal(b"<typing>")
    room.accept("e1", [Entry(2, "1", "romeo", "twice", 0, "d2")])
    room.flush(512)
    assert ear.heard.endswith(b"<typing>")
    assert ear.heard.count(b"<typing>") == 2
    behind.ready, other.is_full = True, False
    room.catch_up(behind)
    assert b"twice" in other.heard
    assert b"<typing>" not in other.heard, "nobody is told a signal later"
    assert member.cursor == behind.cursor == stream.head
    room.accept("e1", [Entry(3, "1", "romeo", "thrice", 0, "d3")])
    room.flush(512)
    assert b"thrice" in ear.heard
    assert b"thrice" in other.heard


def test_a_full_socket_after_a_signal_loses_nothing():
    room, member, ear = a_room(1 << 20, is_full=False)
    ear.is_full, ear.heard = True, b""
    room.signal(b"<typing>")
    room.flush(512)
    for seq in (2, 3):
        room.signal(b"<typing>")
        room.accept("e1", [Entry(seq, "1", "romeo", f"no {seq}", 0, f"d{seq}")])
        room.flush(512)
    assert ear.heard == b"<typing>"
    assert ear.code == 0
    ear.is_full, member.ready = False, True
    room.catch_up(member)
    assert b"no 2" in ear.heard
    assert b"no 3" in ear.heard
    assert ear.heard.count(b"<typing>") == 1
