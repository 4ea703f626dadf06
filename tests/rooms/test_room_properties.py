"""The room log as a property: whatever the interleaving, every member saw a contiguous piece of one order.

The log itself is the model: a list that "storage" appends to. Between it and the room stand commits with
known and unknown outcomes, and a bus that loses, repeats and reorders. Sockets fill up and drain.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tornchat.model import Entry, Participant, PresenceChange, RoomInfo
from tornchat.rooms.member import Member
from tornchat.rooms.room import Gap, Room, RoomLimits
from tornchat.wire import V1, Classic
from tornchat.wire.compressed import Compressed
from tornchat.wire.deflate import WINDOWS, inflated
from tornchat.wire.framing import RSV1

ENTRY_BYTES = 40_000


class Tape:
    """A client that keeps what it was sent. Its socket takes `room` more bytes before it is full."""

    def __init__(self) -> None:
        self.frames = b""
        self.room = 1 << 30
        self.ended: int | None = None

    def send(self, data: bytes) -> bool:
        self.frames += data
        self.room -= len(data)
        return self.room > 0

    async def drained(self) -> None:
        raise AssertionError("nobody waits here")

    def end(self, code: int, reason: str) -> None:
        self.ended = code


def frames_of(data: bytes) -> list[bytes]:
    """Cut unmasked text frames apart and inflate those that are compressed; what remains must be whole."""
    found = []
    while data:
        compressed = data[0] & RSV1
        size, start = data[1], 2
        if size == 126:
            size, start = int.from_bytes(data[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(data[2:10], "big"), 10
        found.append(data[start : start + size])
        assert len(found[-1]) == size, "a frame was cut"
        if compressed:
            found[-1] = inflated(found[-1], 1 << 20)
        data = data[start + size :]
    return found


def seqs_of(data: bytes) -> list[int]:
    """The texts of the tests are the places in the log, so that both dialects show them."""
    frames = [frame for frame in frames_of(data) if b'"chat_message"' in frame]
    return [int(frame.split(b'"message":"')[1].split(b'"')[0].rstrip(b"x")) for frame in frames]


class RoomLog(RuleBasedStateMachine):
    """One node's room beside a log that others write to as well."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[Entry] = []
        self.bus: list[Entry] = []
        self.unconfirmed: list[Entry] = []
        limits = RoomLimits(tail_length=5, send_buffer_bytes=1 << 20, presence_limit=0)
        self.room = Room(RoomInfo("play", "e"), limits, self)
        self.members: list[tuple[Member, Tape, int]] = []
        self.left: list[tuple[Member, Tape, int]] = []
        self.acked: dict[int, Member] = {}
        self.version = 0

    def add(self, room: Room) -> None:
        """The room has frames to flush (`Flushes`)."""
        room.queued = True

    def _store(self, long: bool = False) -> Entry:
        seq = len(self.log) + 1
        text = str(seq) + "x" * (ENTRY_BYTES if long else 0)
        entry = Entry(seq, "u", "u", text, 0, f"d{seq}")
        self.log.append(entry)
        return entry

    def _accept(self, entries: list[Entry]) -> None:
        try:
            self.room.accept("e", entries)
        except Gap:
            pass

    @rule(count=st.integers(1, 3), long=st.booleans())
    def say_here(self, count: int, long: bool) -> None:
        """A commit of this node: its outcome is known."""
        self._accept([self._store(long) for _ in range(count)])

    @rule()
    def say_here_unknown(self) -> None:
        """A commit whose outcome is learnt late."""
        self.unconfirmed.append(self._store())

    @precondition(lambda self: self.unconfirmed)
    @rule()
    def learn_outcome(self) -> None:
        self._accept([self.unconfirmed.pop(0)])

    @rule()
    def fail_to_say(self) -> None:
        """A refused store uses no place in the log and shows nothing."""

    @rule(lost=st.booleans())
    def say_elsewhere(self, lost: bool) -> None:
        entry = self._store()
        if not lost:
            self.bus.append(entry)

    @precondition(lambda self: self.bus)
    @rule(data=st.data(), repeat=st.booleans())
    def bus_delivers(self, data: st.DataObject, repeat: bool) -> None:
        entry = data.draw(st.sampled_from(self.bus))
        if not repeat:
            self.bus.remove(entry)
        self._accept([entry])

    @rule()
    def repair(self) -> None:
        """The log is read from the room's position."""
        self._accept(self.log[self.room.seq :])

    @rule(
        v1=st.booleans(),
        window=st.sampled_from([None, *WINDOWS]),
        capacity=st.sampled_from([1 << 30, 100_000]),
    )
    def join(self, v1: bool, window: int | None, capacity: int) -> None:
        tape = Tape()
        plain = V1() if v1 else Classic()
        dialect = plain if window is None else Compressed(plain, window)
        member = self.room.enter(Participant("m", "m"), f"s{id(tape)}", dialect, tape)
        history, frames = member.stream.newest(3, 1 << 20)
        tape.send(frames)
        tape.room = capacity
        member.ready = True
        self.room.catch_up(member)
        self.members.append((member, tape, self.room.seq - history))

    @precondition(lambda self: self.members)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        found = data.draw(st.sampled_from(self.members))
        member, tape, _ = found
        tape.room = 1 << 30
        tape.send(self.room.rest(member))
        self.room.leave(member, 0.0)
        self.members.remove(found)
        self._check_reached(found, self.room.seq)
        self.left.append(found)

    @precondition(lambda self: self.members)
    @rule(data=st.data())
    def ask_for_ack(self, data: st.DataObject) -> None:
        """A v1 sender's own message, acknowledged when the room takes it, perhaps much later."""
        member, _, _ = data.draw(st.sampled_from(self.members))
        entry = self._store()
        self.room.ack(member, "mine", entry)
        self.acked[entry.seq] = member
        self._accept([entry])

    @rule(data=st.data())
    def presence(self, data: st.DataObject) -> None:
        self.version += 1
        kind = data.draw(st.sampled_from(["join", "leave"]))
        changes = self.room.roster.apply(self.version, PresenceChange(kind, Participant("p", "p")))
        self.room.tell_presence(changes or [])

    @rule(budget=st.integers(1, 5))
    def turn_ends(self, budget: int) -> None:
        if self.room.queued:
            self.room.queued = False
            if not self.room.flush(budget):
                self.room.queued = True

    @precondition(lambda self: self.members)
    @rule(data=st.data(), capacity=st.sampled_from([1 << 30, 50_000]))
    def drain(self, data: st.DataObject, capacity: int) -> None:
        member, tape, _ = data.draw(st.sampled_from(self.members))
        if not member.ready:
            tape.room = capacity
            member.ready = True
            self.room.catch_up(member)

    @invariant()
    def everybody_saw_a_contiguous_piece(self) -> None:
        for _, tape, start in self.members + self.left:
            seen = seqs_of(tape.frames)
            assert seen == list(range(start + 1, start + 1 + len(seen)))

    @invariant()
    def tail_is_the_end_of_what_was_accepted(self) -> None:
        there = self.room.tail.messages
        assert list(there) == self.log[: self.room.seq][-len(there) :]

    @invariant()
    def acks_follow_their_message(self) -> None:
        for member, tape, _ in self.members + self.left:
            if member.stream.dialect.plain.name == "v1":
                frames = frames_of(tape.frames)
                for index, frame in enumerate(frames):
                    if b'"ack"' in frame:
                        seq = int(frame.split(b'"seq":')[1].rstrip(b"}"))
                        assert seqs_of_frame(frames[index - 1]) == seq

    def teardown(self) -> None:
        """When the bus is quiet and the log was read, everybody who can take it has everything."""
        self._accept(self.log[self.room.seq :])
        assert self.room.seq == len(self.log)
        assert not self.room.missing()
        while self.room.queued:
            self.turn_ends(3)
        for found in self.members:
            member, tape, _ = found
            if tape.ended is None:
                while not member.ready:
                    tape.room, member.ready = 1 << 30, True
                    self.room.catch_up(member)
                self._check_reached(found, self.room.seq)

    @staticmethod
    def _check_reached(found: tuple[Member, Tape, int], seq: int) -> None:
        _, tape, start = found
        if tape.ended is None:
            assert seqs_of(tape.frames) == list(range(start + 1, seq + 1))


def seqs_of_frame(frame: bytes) -> int:
    """The place in the log that a v1 message frame shows."""
    return int(frame.rsplit(b'"seq":', 1)[1].rstrip(b"}"))


TestRoomLog = RoomLog.TestCase
TestRoomLog.settings = settings(max_examples=300, stateful_step_count=30, deadline=None)
