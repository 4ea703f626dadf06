"""What a stream keeps: everything that its slowest member still needs, and nothing that all have."""

from __future__ import annotations

from tests.rooms.test_room import a_room, texts_in
from tornchat.model import Entry, Participant
from tornchat.wire import V1


def say(room, number):
    room.accept("e1", [Entry(room.seq + 1, "1", "romeo", f"line {number}", 0, f"d{number}")])
    room.flush(512)


def test_members_that_are_behind_by_different_amounts_all_get_everything():
    room, slowest, ear = a_room(0, is_full=True)
    _, slow, other = None, None, type(ear)(True)
    slow = room.enter(Participant("2", "juliet"), "s2", V1(), other)
    slow.ready = True
    for number in range(5):
        say(room, number)
        if number == 2:  # she takes what came until now, and he takes nothing
            slow.ready = True
            room.catch_up(slow)
    for member, found in ((slowest, ear), (slow, other)):
        found.is_full = False
        member.ready = True
        room.catch_up(member)
        assert texts_in(found.heard)[-5:] == [f"line {number}" for number in range(5)]


def test_what_all_members_have_is_not_kept():
    room, member, ear = a_room(0, is_full=True)
    for number in range(5):
        say(room, number)
    stream = member.stream
    assert len(stream._chunks) == 5
    assert room.backlog() == (1, stream.end - member.cursor)
    ear.is_full, member.ready = False, True
    room.catch_up(member)
    say(room, 5)
    assert len(stream._chunks) == 0
    assert room.backlog() == (0, 0)


def test_a_member_that_left_does_not_keep_the_stream():
    room, member, _ = a_room(0, is_full=True)
    for number in range(5):
        say(room, number)
    stream = member.stream
    room.enter(Participant("2", "juliet"), "s2", V1(), type(member.outlet)(False)).ready = True
    room.leave(member, 0.0)
    say(room, 5)
    assert len(stream._chunks) == 0
