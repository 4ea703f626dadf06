"""The load generator: raw sockets and one epoll loop. What arrives is counted, not parsed."""

from __future__ import annotations

import re
import select
import socket
from collections.abc import Iterable, Sequence
from time import perf_counter

from bench.dialects import ID_DIGITS, MARK, Dialect, text_of

BLOCK = 1 << 18
BATCH = 50
"""How many connections are opened at once: less than every server's backlog."""
PATIENCE = 30.0
QUIET = 0.3
"""Seconds without a byte after which nothing more is expected."""
GIVEN_UP = 3.0
"""Seconds without an answer after which a sender takes its messages for lost."""
NUMBER = re.compile(MARK + rb"(\d{%d})" % ID_DIGITS)


class BenchError(Exception):
    """A server that did not do what is measured, so that there is no figure."""


class Member:
    """One connection. `received` counts the messages that arrived on it."""

    __slots__ = ("arrived", "probe", "received", "room", "socket", "waiting")

    def __init__(self, connection: socket.socket, room: Room) -> None:
        self.socket = connection
        self.room = room
        self.received = 0
        self.arrived: bytes | None = b""
        """What came before one was in; None from then on."""
        self.probe: Probe | None = None
        self.waiting: Waiting | None = None


class Waiting:
    """A sender's unanswered messages, of which there are never more than `most`."""

    __slots__ = ("at", "count", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self.count = 0
        self.at = perf_counter()


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
        self._rest = text[end:][-ID_DIGITS:]


class Room:
    """A room's members, the first of whom is its sender, and when each of its messages left."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.members: list[Member] = []
        self.sent: list[float] = []

    @property
    def expected(self) -> int:
        """How many messages must arrive if none is lost."""
        return len(self.sent) * len(self.members)

    @property
    def received(self) -> int:
        return sum(member.received for member in self.members)


class Crowd:
    """All connections to one server, and the loop that serves them."""

    def __init__(self, port: int, dialect: Dialect) -> None:
        self._port = port
        self._dialect = dialect
        self._epoll = select.epoll()
        self._members: dict[int, Member] = {}
        self._buffer = bytearray(BLOCK)
        self._view = memoryview(self._buffer)
        self._messages: list[bytes] = []
        self.rooms: dict[str, Room] = {}

    # --- entering and leaving ---------------------------------------------------------------------------

    def enter(self, places: Iterable[tuple[str, str]]) -> None:
        """Connect every (room, user), some at a time. Raises `BenchError` if somebody is not let in."""
        batch: list[Member] = []
        for room, user in places:
            batch.append(self._connect(room, user))
            if len(batch) == BATCH:
                self._await_entry(batch)
                batch = []
        self._await_entry(batch)

    def _connect(self, room_name: str, user: str) -> Member:
        room = self.rooms.setdefault(room_name, Room(room_name))
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(self._dialect.request(room_name, user))
        connection.setblocking(False)
        member = Member(connection, room)
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

    def _entering(self, member: Member, block: bytes) -> None:
        before = member.arrived or b""
        member.arrived = before + block
        head = member.arrived.find(b"\r\n\r\n")
        if head < 0:
            return
        if b" 101 " not in member.arrived[:32]:
            raise BenchError(f"the server answered {member.arrived[:80]!r}")
        if b"\r\n\r\n" not in before and (greeting := self._dialect.greeting(member.room.name)):
            member.socket.sendall(greeting)
        if self._dialect.entered in member.arrived[head + 4 :]:
            member.arrived = None

    def close(self) -> None:
        """Hang up, as a network does that is gone: no close frames."""
        for member in self._members.values():
            member.socket.close()
        self._members.clear()
        self._epoll.close()

    # --- the loop ---------------------------------------------------------------------------------------

    def turn(self, seconds: float) -> bool:
        """Take what has arrived, waiting `seconds` for the first of it; True if there was something."""
        ready = self._epoll.poll(seconds)
        buffer, count = self._buffer, self._buffer.count
        for descriptor, _ in ready:
            member = self._members[descriptor]
            try:
                size = member.socket.recv_into(buffer)
            except ConnectionResetError:
                size = 0
            if not size:
                raise BenchError("the server closed a connection")
            if member.arrived is not None:
                self._entering(member, bytes(self._view[:size]))
                continue
            found = count(MARK, 0, size)
            member.received += found
            if member.probe is not None:
                member.probe.read(bytes(self._view[:size]), member.room.sent)
            if member.waiting is not None and found:
                member.waiting.count -= found
                self._fill(member, member.waiting)
            if not found and buffer.startswith(self._dialect.ping):
                member.socket.send(self._dialect.pong)
        return bool(ready)

    def settle(self) -> None:
        """Take all that comes, until nothing does."""
        while self.turn(QUIET):
            pass

    def _fill(self, sender: Member, waiting: Waiting) -> None:
        missing = waiting.most - waiting.count
        if missing <= 0:
            return
        first = len(sender.room.sent)
        while len(self._messages) < first + missing:
            self._messages.append(self._dialect.say(text_of(len(self._messages))))
        now = waiting.at = perf_counter()
        sender.room.sent += [now] * missing
        waiting.count += missing
        sender.socket.sendall(b"".join(self._messages[first : first + missing]))

    # --- talking ----------------------------------------------------------------------------------------

    def talk(self, in_flight: int, seconds: float, probes: int = 0) -> None:
        """Let the sender of each room keep `in_flight` messages unanswered; then take what is under way.

        The counts start from nothing. `probes` members, of as many rooms as there are, look closer.
        """
        self._forget()
        self._place_probes(probes)
        end = perf_counter() + seconds
        senders = [room.members[0] for room in self.rooms.values()]
        for sender in senders:
            sender.waiting = Waiting(in_flight)
            self._fill(sender, sender.waiting)
        look = perf_counter() + GIVEN_UP
        while (now := perf_counter()) < end:
            self.turn(min(0.1, end - now))
            if now > look:
                look = now + GIVEN_UP / 3
                self._give_up(senders, now)
        for sender in senders:
            sender.waiting = None
        self._collect()

    def _give_up(self, senders: list[Member], now: float) -> None:
        for sender in senders:
            waiting = sender.waiting
            if waiting is not None and now - waiting.at > GIVEN_UP:
                waiting.count = 0
                self._fill(sender, waiting)

    def _collect(self) -> None:
        last = perf_counter()
        while self.lost > 0 and perf_counter() - last < GIVEN_UP:
            if self.turn(0.05):
                last = perf_counter()

    def _forget(self) -> None:
        for room in self.rooms.values():
            room.sent = []
            for member in room.members:
                member.received, member.probe = 0, None

    def _place_probes(self, probes: int) -> None:
        rooms = list(self.rooms.values())[: max(probes, 1)]
        for number in range(probes):
            room = rooms[number % len(rooms)]
            member = room.members[-1 - number // len(rooms) % len(room.members)]
            member.probe = member.probe or Probe()

    # --- what came of it ----------------------------------------------------------------------------------

    @property
    def deliveries(self) -> int:
        """Messages that arrived, each counted once for each member."""
        return sum(room.received for room in self.rooms.values())

    @property
    def lost(self) -> int:
        """Messages that did not arrive where they should have."""
        return sum(room.expected - room.received for room in self.rooms.values())

    @property
    def probes(self) -> list[Probe]:
        """The probes of the last talk."""
        members = [member for room in self.rooms.values() for member in room.members]
        return [member.probe for member in members if member.probe is not None]
