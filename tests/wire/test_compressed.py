"""A compressed dialect: what many are sent is compressed, what one alone is sent is not."""

from __future__ import annotations

import pytest

from tests.rooms.unflushed import Unflushed
from tornchat.errors import ChatError
from tornchat.model import Entry, Participant, PresenceChange, RoomInfo, User
from tornchat.rooms.room import Room, RoomLimits
from tornchat.wire import V1, Classic, Welcome, encode_participant
from tornchat.wire.compressed import Compressed
from tornchat.wire.deflate import WINDOWS, inflated
from tornchat.wire.framing import RSV1, frame_payload

LONG = Entry(7, "user-id", "user123", "Hello world! " * 50, 1_710_417_600_999, "d1")
SHORT = Entry(7, "user-id", "user123", "Hello world!", 1_710_417_600_999, "d1")
SOMEBODY = Participant("user-id", "n" * 1_000)


@pytest.mark.parametrize("plain", [Classic(), V1()])
@pytest.mark.parametrize("window", WINDOWS)
def test_what_many_are_sent_is_compressed(plain, window):
    dialect = Compressed(plain, window)
    join = PresenceChange("join", SOMEBODY)
    told = [plain.entry(LONG), plain.presence(join)]
    for frame, compressed in zip(told, [dialect.entry(LONG), dialect.presence(join)], strict=True):
        assert compressed[0] & RSV1
        assert inflated(frame_payload(compressed), 1 << 16) == frame_payload(frame)
    assert dialect.entry(SHORT) == plain.entry(SHORT)


@pytest.mark.parametrize("plain", [Classic(), V1()])
def test_what_one_alone_is_sent_is_not(plain):
    dialect = Compressed(plain, 12)
    welcome = Welcome("hall", User("user-id", "n" * 1_000), "e1", 7, True)
    refused = ChatError("rejected", "no " * 500)
    assert dialect.welcome(welcome) == plain.welcome(welcome)
    users = [encode_participant(SOMEBODY)] * 9
    assert dialect.users(users) == plain.users(users)
    assert dialect.ack("a" * 400, LONG) == plain.ack("a" * 400, LONG)
    assert dialect.error(refused) == plain.error(refused)


def test_what_a_dialect_does_not_show_is_not_shown_compressed():
    assert Compressed(Classic(), 12).entry(Entry(8, "u", "u", "", 0, "d2", kind="deletion", target=7)) == b""


class Nowhere:
    def send(self, data):
        return True

    async def drained(self): ...
    def end(self, code, reason): ...


def test_a_room_compresses_for_nobody_once_the_last_who_asked_for_it_has_left():
    room = Room(RoomInfo("hall", "e"), RoomLimits(5, 1 << 20, 0), Unflushed())
    plain, dialect = Classic(), Compressed(Classic(), 12)
    stays = room.enter(SOMEBODY, "s0", plain, Nowhere())
    members = [room.enter(SOMEBODY, f"s{number}", dialect, Nowhere()) for number in (1, 2)]
    assert set(room.streams) == {"classic", dialect.name}
    assert members[0].stream is members[1].stream, "one frame for both"
    for member in members:
        assert dialect.name in room.streams
        room.leave(member, 0.0)
    assert set(room.streams) == {"classic"}
    room.leave(stays, 0.0)
    assert set(room.streams) == {"classic"}, "kept: making it anew costs more than going on"
    room.start(6, [])
    room.accept("e", [LONG])
    again = room.enter(SOMEBODY, "s3", dialect, Nowhere())
    assert again.stream.newest(1, 1 << 20) == (1, dialect.entry(LONG))
