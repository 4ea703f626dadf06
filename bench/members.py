"""Rooms as the load generator sees them: members, who speaks, and who looks closely."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from time import perf_counter

from bench.dialects import ID_DIGITS, MARK, Dialect, text_of

NUMBER = re.compile(MARK + rb"(\d{%d})" % ID_DIGITS)


class Room:
    """A room's members, the first of whom speaks, and when each of its messages left."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.members: list[Member] = []
        self.sent: list[float] = []

    @property
    def lost(self) -> int:
        """How many messages, counted once for each member, have not arrived."""
        return len(self.sent) * len(self.members) - self.received

    @property
    def received(self) -> int:
        """How many messages have arrived, counted once for each member."""
        return sum(member.received for member in self.members)

    def forget(self) -> None:
        """Count from nothing."""
        self.sent = []
        for member in self.members:
            member.received, member.probe, member.sender = 0, None, None


class Member:
    """One connection. `received` counts the messages that arrived on it."""

    __slots__ = ("_cut", "arrived", "asked_at", "greeted", "probe", "received", "room", "sender", "socket")

    def __init__(self, connection: socket.socket, room: Room) -> None:
        self.socket = connection
        self.room = room
        self.asked_at = perf_counter()
        self.greeted = False
        self.arrived: bytearray | None = bytearray()
        """What came before it was in; None from then on."""
        self.received = 0
        self._cut = False
        self.probe: Probe | None = None
        self.sender: Sender | None = None

    def count(self, block: bytearray, size: int) -> int:
        """Say how many marks end in the first `size` bytes of a block; one may have begun in the last."""
        found = block.count(MARK, 0, size) + (self._cut and block[0] == MARK[1])
        self._cut = block[size - 1] == MARK[0]
        return found


class Frames:
    """The frames of the messages 0, 1, 2 ..., which are the same in every room; made when first needed."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._made: list[bytes] = []

    def between(self, first: int, end: int) -> bytes:
        """The frames from number `first` to before `end`."""
        for number in range(len(self._made), end):
            self._made.append(self._dialect.say(text_of(number)))
        return b"".join(self._made[first:end])


class Sender:
    """Keeps `most` messages of a room unanswered. `at` is when it last had an answer."""

    __slots__ = ("_frames", "_member", "_most", "_unanswered", "at")

    def __init__(self, member: Member, most: int, frames: Frames) -> None:
        self._member = member
        self._most = most
        self._frames = frames
        self._unanswered = 0
        self.at = perf_counter()

    def fill(self, answered: int = 0) -> None:
        """Take the answers, and send as many messages as may be under way."""
        self._unanswered -= answered
        missing = self._most - self._unanswered
        if missing > 0:
            sent = self._member.room.sent
            first = len(sent)
            self._unanswered += missing
            frames = self._frames.between(first, first + missing)
            self.at = perf_counter()
            sent += [self.at] * missing
            self._member.socket.sendall(frames)

    def give_up(self) -> None:
        """Take what is unanswered for lost, and go on."""
        self.fill(self._unanswered)


class Probe:
    """Reads each message that arrives on one connection: when, and whether all came once and in order."""

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.misplaced = 0
        self._expected = 0
        self._rest = b""

    def read(self, block: bytes, sent: Sequence[float]) -> None:
        """Take a block that has just arrived. `sent` has the times at which the messages left."""
        now = perf_counter()
        text = self._rest + block
        end = 0
        for found in NUMBER.finditer(text):
            number, end = int(found[1]), found.end()
            self.misplaced += number != self._expected
            self._expected = number + 1
            self.latencies.append(now - sent[number])
        self._rest = text[end:][-ID_DIGITS - 1 :]
