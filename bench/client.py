"""The load generator: raw sockets and one epoll loop. What arrives is counted, not parsed."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterable
from time import perf_counter

from bench.dialects import HISTORY_MARK, MARK, Dialect
from bench.members import Member, Room

BLOCK = 1 << 18
PING = 0x89
BATCH = 100
"""How many connections are opened at once: less than every server's backlog."""
PATIENCE = 60.0
QUIET = 0.3
"""Seconds without a byte after which nothing more is expected."""


class BenchError(Exception):
    """A server did not do what is to be measured, so that there is no figure."""


class Crowd:
    """All connections to one server, and the loop that serves them.

    One has entered once the dialect says so and `history` messages have come. `entries` are the seconds
    that it took each.
    """

    def __init__(self, port: int, dialect: Dialect, history: int = 0) -> None:
        self._port = port
        self._dialect = dialect
        self._history = history
        self._epoll = select.epoll()
        self._members: dict[int, Member] = {}
        self._buffer = bytearray(BLOCK)
        self._view = memoryview(self._buffer)
        self.rooms: dict[str, Room] = {}
        self.entries: list[float] = []

    # --- entering and leaving ---------------------------------------------------------------------------

    def enter(self, places: Iterable[tuple[str, str]]) -> None:
        """Connect every (room, user), some at a time. Raises `BenchError` if somebody is not let in."""
        batch: list[Member] = []
        for room, user in places:
            batch.append(self._connect(room, self._dialect.request(room, user)))
            if len(batch) == BATCH:
                self._await_entry(batch)
                batch = []
        self._await_entry(batch)

    def _connect(self, name: str, request: bytes) -> Member:
        room = self.rooms.setdefault(name, Room(name))
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        member = Member(connection, room)
        connection.sendall(request)
        connection.setblocking(False)
        room.members.append(member)
        self._members[connection.fileno()] = member
        self._epoll.register(connection, select.EPOLLIN)
        return member

    def _await_entry(self, batch: list[Member]) -> None:
        deadline = perf_counter() + PATIENCE
        while any(member.arrived is not None for member in batch):
            self.turn(0.1)
            if perf_counter() > deadline:
                raise BenchError(f"somebody was not let in within {PATIENCE:g} s")

    def _admit(self, member: Member, arrived: bytearray) -> None:
        head = arrived.find(b"\r\n\r\n")
        if head < 0:
            return
        if b" 101 " not in arrived[:32]:
            raise BenchError(f"the server answered {bytes(arrived[:80])!r}")
        if not member.greeted:
            member.greeted = True
            member.socket.sendall(self._dialect.greeting(member.room.name))
        entered = arrived.find(self._dialect.entered, head + 4) >= 0
        if entered and arrived.count(HISTORY_MARK) >= self._history:
            member.arrived = None
            self.entries.append(perf_counter() - member.asked_at)

    def leave(self) -> None:
        """Hang up, as a network does that fails: without close frames."""
        for member in self._members.values():
            member.socket.close()
        self._members.clear()
        self.rooms.clear()

    def close(self) -> None:
        """Hang up for good."""
        self.leave()
        self._epoll.close()

    # --- the loop ---------------------------------------------------------------------------------------

    def turn(self, seconds: float) -> bool:
        """Take what has arrived, waiting `seconds` for the first of it; True if there was something."""
        buffer = self._buffer
        ready = self._epoll.poll(seconds)
        for descriptor, _ in ready:
            member = self._members[descriptor]
            size = self._receive(member)
            if member.arrived is not None:
                member.arrived += self._view[:size]
                self._admit(member, member.arrived)
                continue
            found = member.count(buffer, size)
            if not found or buffer[0] == PING:
                found -= self._answer_ping(member, size)
            member.received += found
            if member.probe is not None:
                member.probe.read(bytes(self._view[:size]), member.room.sent)
            if member.sender is not None and found:
                member.sender.fill(found)
        return bool(ready)

    def _receive(self, member: Member) -> int:
        try:
            size = member.socket.recv_into(self._buffer)
        except OSError as error:
            raise BenchError(f"the server cut a connection off: {error}") from None
        if not size:
            raise BenchError("the server closed a connection")
        return size

    def _answer_ping(self, member: Member, size: int) -> int:
        """Answer the ping that the block begins with, if it does, and say how many marks are in it."""
        if not self._buffer.startswith(self._dialect.ping):
            return 0
        ping = bytes(self._view[: min(size, 2 + self._buffer[1])])
        member.socket.send(self._dialect.pong(ping))
        return ping.count(MARK)

    def settle(self) -> None:
        """Take all that comes, until nothing does."""
        while self.turn(QUIET):
            pass
