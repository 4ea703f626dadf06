"""The room log as a property: whatever the interleaving, every member saw a contiguous piece of one order.

The log itself is the model: a list that "storage" appends to. Between it and the room stand commits with
known and unknown outcomes, and a bus that loses, repeats and reorders. Sockets fill up and drain. Messages
are edited, deleted and marked, are in threads and carry meta; a client has the log's state at the end.
"""

from __future__ import annotations

import json

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from tornchat.client.events import (
    Marked,
    Message,
    MessageAppended,
    MessageChanged,
    MessageDeleted,
    read_frame,
)
from tornchat.client.messages import Messages
from tornchat.marks import Mark, Tallies, Tally
from tornchat.model import Entry, More, Participant, PresenceChange, Replies, RoomInfo
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
    """The texts of the tests begin with the places in the log, so that both dialects show them."""
    frames = [json.loads(frame) for frame in frames_of(data) if b'"chat_message"' in frame]
    return [int(frame.get("seq") or frame["message"].rstrip("x")) for frame in frames]


State = tuple[str, int | None, dict[str, object] | None, Replies | None, Tallies]
"""Text, thread, meta, replies and marks of a message."""


def state_of(data: bytes) -> dict[int, State]:
    """The messages that the v1 client has after these frames."""
    messages = Messages()
    for frame in map(read_frame, frames_of(data)):
        if isinstance(frame, Message | MessageAppended | MessageChanged | MessageDeleted | Marked):
            assert not messages.lacks(frame), "a part of a streamed message is missing"
            messages.apply(frame)
    return {seq: (one.text, one.thread, one.meta, one.replies, one.marks) for seq, one in messages.items()}


class RoomLog(RuleBasedStateMachine):
    """One node's room beside a log that others write to as well."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[Entry] = []
        self.bus: list[Entry] = []
        self.unconfirmed: list[Entry] = []
        limits = RoomLimits(tail_length=5, send_buffer_bytes=1 << 20, presence_limit=0)
        self.room = Room(RoomInfo("play", "e"), limits, self)
        self.now: dict[int, Entry] = {}  # the messages as storage has them
        self.marks: dict[int, dict[str, list[str]]] = {}  # message -> token -> who has it, in order
        self.members: list[tuple[Member, Tape, list[int], int]] = []
        self.left: list[tuple[Member, Tape, list[int], int]] = []
        self.acked: dict[int, Member] = {}
        self.streamed: dict[int, int] = {}  # streamed message -> the place of its end, 0 while it is open
        self.version = 0
        self.reached: dict[int, int] = {}  # of those who left: how far they have the log

    def add(self, room: Room) -> None:
        """The room has frames to flush (`Flushes`)."""
        room.queued = True

    def _store(self, long: bool = False, thread: int | None = None) -> Entry:
        seq = len(self.log) + 1
        text = str(seq) + "x" * (ENTRY_BYTES if long else 0)
        more = None if thread is None else More(thread=thread, meta=f'{{"first":{seq}}}')
        entry = Entry(seq, "u", "u", text, 0, f"d{seq}", more=more)
        self.log.append(entry)
        self.now[seq] = entry
        return entry

    def _act(self, target: int, deletes: bool) -> Entry:
        seq, before = len(self.log) + 1, self.now[target]
        deletes |= not before.text or before.is_open
        meta = f'{{"new":{seq}}}' if before.revision % 2 else ""
        more = None if deletes else More(revision=before.revision + 1, meta=meta)
        text = "" if deletes else str(target) + "x" * (before.revision + 1)
        entry = Entry(
            seq, "u", "u", text, 0, f"d{seq}", None, "deletion" if deletes else "edit", target, more
        )
        self.log.append(entry)
        self.now[target] = before.after(entry)
        if deletes:
            self.marks.pop(target, None)
        return entry

    def _mark(self, target: int, user: str, tokens: set[str]) -> Entry:
        """The user has these tokens on a message from now on."""
        seq, users = len(self.log) + 1, self.marks.setdefault(target, {})
        before = {token for token, who in users.items() if user in who}
        for token in sorted(before - tokens):
            users[token].remove(user)
        for token in sorted(tokens - before):
            users.setdefault(token, []).append(user)
        added, removed = tuple(sorted(tokens - before)), tuple(sorted(before - tokens))
        counts = {token: len(users[token]) for token in (*added, *removed)}
        mark = Mark(tokens=tuple(sorted(tokens)), added=added, removed=removed, counts=counts)
        more = More(mark=mark)
        entry = Entry(seq, user, user, "", 0, f"d{seq}", None, "reaction", target, more)
        self.log.append(entry)
        self.now[target] = self.now[target].after(entry)
        return entry

    def _open(self) -> Entry:
        seq = len(self.log) + 1
        entry = Entry(seq, "u", "u", f"{seq}x", 0, f"d{seq}", more=More(status="open"))
        self.streamed[seq] = 0
        self.log.append(entry)
        self.now[seq] = entry
        return entry

    def _grow(self, target: int) -> Entry:
        """A piece is added."""
        seq, before = len(self.log) + 1, self.now[target]
        more = More(offset=len(before.text))
        entry = Entry(seq, "u", "u", "x" * (seq % 3 + 1), 0, f"d{seq}", None, "append", target, more)
        self.log.append(entry)
        self.now[target] = before.after(entry)
        return entry

    def _close(self, target: int) -> Entry:
        seq, before = len(self.log) + 1, self.now[target]
        entry = Entry(seq, "u", "u", "", 0, f"d{seq}", None, "close", target, More(status="complete"))
        self.streamed[target] = seq
        self.log.append(entry)
        self.now[target] = before.after(entry)
        return self._with_whole(entry)

    def _with_whole(self, entry: Entry) -> Entry:
        whole = self.now[entry.target or 0]
        return replace(entry, more=replace(entry.more or More(), whole=whole))

    def _stored(self, entry: Entry) -> Entry:
        """The entry as storage tells it now: a message in its present state, a mark as far as it is there."""
        if entry.target is None:
            return self._present(entry.seq)
        if entry.mark is not None and not self.now[entry.target].text:
            return replace(entry, more=More(mark=Mark()))
        if entry.closes:
            return self._with_whole(entry)
        if entry.offset is not None and not self.now[entry.target].is_open:
            return replace(entry, text="")
        return entry

    def _present(self, seq: int) -> Entry:
        """The message as storage tells it."""
        thread = [one for one in self.now.values() if one.thread == seq]
        if not thread:
            return self.now[seq]
        count = sum(1 for one in thread if one.text)
        return self.now[seq].with_replies(Replies(count, max(one.seq for one in thread)))

    def _kept(self, seqs: list[int], member: Member) -> list[int]:
        """Leave out what is deleted by now: classic is not told of it if that was before it came.

        Nor is it told of streamed messages in their order.
        """
        classic = member.stream.dialect.plain.name == "classic"
        return [seq for seq in seqs if self.now[seq].text and not (classic and seq in self.streamed)]

    def _messages(self, after: int, upto: int) -> list[int]:
        return [entry.seq for entry in self.log[after:upto] if entry.target is None]

    def _accept(self, entries: list[Entry]) -> None:
        try:
            self.room.accept("e", entries)
        except Gap:
            pass

    @rule(count=st.integers(1, 3), long=st.booleans())
    def say_here(self, count: int, long: bool) -> None:
        """A commit of this node: its outcome is known."""
        self._accept([self._store(long) for _ in range(count)])

    @precondition(lambda self: self.now)
    @rule(data=st.data(), deletes=st.booleans(), way=st.sampled_from(["here", "bus", "lost"]))
    def change(self, data: st.DataObject, deletes: bool, way: str) -> None:
        entry = self._act(data.draw(st.sampled_from(sorted(self.now)[-8:])), deletes)
        if way == "here":
            self._accept([entry])
        elif way == "bus":
            self.bus.append(entry)

    @precondition(lambda self: any(one.text for one in self.now.values()))
    @rule(data=st.data(), way=st.sampled_from(["here", "bus", "lost"]))
    def mark(self, data: st.DataObject, way: str) -> None:
        """A commit with some marks, perhaps of the same message, of which members are told in one frame."""
        late = [seq for seq, one in self.now.items() if one.text][-6:]
        sets = st.tuples(st.sampled_from(late), st.sampled_from("abc"), st.sets(st.sampled_from("xyz")))
        entries = [self._mark(*one) for one in data.draw(st.lists(sets, min_size=1, max_size=4))]
        if way == "here":
            self._accept(entries)
        elif way == "bus":
            self.bus += entries

    @rule(way=st.sampled_from(["here", "bus", "lost"]))
    def begin_stream(self, way: str) -> None:
        self._told([self._open()], way)

    @precondition(lambda self: any(one.is_open for one in self.now.values()))
    @rule(data=st.data(), ends=st.booleans(), way=st.sampled_from(["here", "bus", "lost"]))
    def stream(self, data: st.DataObject, ends: bool, way: str) -> None:
        """A commit with a piece of a streamed message, and perhaps its end."""
        target = data.draw(st.sampled_from([seq for seq, one in self.now.items() if one.is_open][-4:]))
        self._told([self._grow(target), *([self._close(target)] if ends else [])], way)

    def _told(self, entries: list[Entry], way: str) -> None:
        if way == "here":
            self._accept(entries)
        elif way == "bus":
            self.bus += entries

    @precondition(lambda self: self.now)
    @rule(data=st.data(), way=st.sampled_from(["here", "bus", "lost"]))
    def say_in_thread(self, data: st.DataObject, way: str) -> None:
        roots = [seq for seq, one in self.now.items() if one.thread is None]
        entry = self._store(thread=data.draw(st.sampled_from(roots[-6:])))
        if way == "here":
            self._accept([entry])
        elif way == "bus":
            self.bus.append(entry)

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
        """The log is read from the room's position, messages in their present state."""
        self._accept([self._stored(entry) for entry in self.log[self.room.seq :]])

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
        count, frames = member.stream.newest(3, 1 << 20)
        there = self._messages(0, self.room.seq)
        assert count == min(3, len(there))
        shown = there[len(there) - count :]
        tape.send(frames)
        if not v1:
            held = {one.seq: one for one in self.room.tail.messages}
            shown = [seq for seq in shown if held[seq].text and not held[seq].is_open]
        self._enters(member, tape, capacity, shown)

    def _enters(self, member: Member, tape: Tape, capacity: int, shown: list[int]) -> None:
        tape.room = capacity
        member.ready = True
        self.room.catch_up(member)
        self.members.append((member, tape, shown, self.room.seq))

    @precondition(lambda self: any(member.stream.dialect.name == "v1" for member, *_ in self.left))
    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        """Somebody who left and had all comes back, and is told what came since."""
        who = data.draw(st.sampled_from([one for one in self.left if one[0].stream.dialect.name == "v1"]))
        _, tape, shown, start = who
        since = self.reached[id(tape)]
        frames = self.room.stream(V1()).resumed(since)
        if frames is None or tape.ended is not None:
            return  # storage has it
        self.left.remove(who)
        member = self.room.enter(Participant("m", "m"), f"s{id(tape)}", V1(), tape)
        tape.send(frames)
        self._enters(member, tape, 1 << 30, [*shown, *self._messages(start, self.room.seq)])

    @precondition(lambda self: self.members)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        found = data.draw(st.sampled_from(self.members))
        member, tape, *_ = found
        tape.room = 1 << 30
        tape.send(self.room.rest(member))
        self.room.leave(member, 0.0)
        self.members.remove(found)
        self._check_reached(found)
        self.reached[id(tape)] = self.room.seq
        self.left.append(found)

    @precondition(lambda self: self.members)
    @rule(data=st.data())
    def ask_for_ack(self, data: st.DataObject) -> None:
        """A v1 sender's own message, acknowledged when the room takes it, perhaps much later."""
        member, *_ = data.draw(st.sampled_from(self.members))
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
        member, tape, *_ = data.draw(st.sampled_from(self.members))
        if not member.ready:
            tape.room = capacity
            member.ready = True
            self.room.catch_up(member)

    @invariant()
    def everybody_saw_a_contiguous_piece(self) -> None:
        for member, tape, shown, start in self.members + self.left:
            seen = self._kept(seqs_of(tape.frames), member)
            assert seen == self._kept([*shown, *self._messages(start, len(self.log))], member)[: len(seen)]

    @invariant()
    def tail_is_the_end_of_what_was_accepted(self) -> None:
        there = [message.seq for message in self.room.tail.messages]
        assert there == self._messages(0, self.room.seq)[-len(there) :][: len(there)]

    @invariant()
    def acks_follow_their_message(self) -> None:
        for member, tape, *_ in self.members + self.left:
            if member.stream.dialect.plain.name == "v1":
                frames = frames_of(tape.frames)
                for index, frame in enumerate(frames):
                    if b'"ack"' in frame:
                        seq = int(frame.split(b'"seq":')[1].rstrip(b"}"))
                        assert seqs_of_frame(frames[index - 1]) == seq

    def teardown(self) -> None:
        """When the bus is quiet and the log was read, everybody who can take it has everything."""
        self.repair()
        assert self.room.seq == len(self.log)
        assert not self.room.missing()
        while self.room.queued:
            self.turn_ends(3)
        for found in self.members:
            member, tape, *_ = found
            if tape.ended is None:
                while not member.ready:
                    tape.room, member.ready = 1 << 30, True
                    self.room.catch_up(member)
                self._check_reached(found)
                if member.stream.dialect.name == "v1":
                    state = state_of(tape.frames)
                    assert state == {seq: self._state(seq) for seq in state}

    def _state(self, seq: int) -> State:
        one = self._present(seq)
        more = one.more or More()
        meta = json.loads(more.meta) if more.meta else None
        users = {token: who for token, who in self.marks.get(seq, {}).items() if who}
        tallies = {token: Tally(len(who), tuple(who)) for token, who in users.items()}
        return one.text, more.thread, meta, more.replies, {"reaction": tallies} if tallies else {}

    def _check_reached(self, found: tuple[Member, Tape, list[int], int]) -> None:
        member, tape, shown, start = found
        if tape.ended is None:
            seen = seqs_of(tape.frames)
            assert self._kept(seen, member) == self._kept(
                [*shown, *self._messages(start, self.room.seq)], member
            )
            if member.stream.dialect.plain.name == "classic":
                for seq, end in self.streamed.items():
                    told = start < end <= self.room.seq and self.now[seq].text != ""
                    assert seen.count(seq) >= told, "a streamed message was not told when it was closed"
                    assert seen.count(seq) <= 1, "a streamed message was told twice"


def seqs_of_frame(frame: bytes) -> int:
    """The place in the log that a v1 message frame shows."""
    return int(frame.rsplit(b'"seq":', 1)[1].rstrip(b"}"))


TestRoomLog = RoomLog.TestCase
TestRoomLog.settings = settings(max_examples=300, stateful_step_count=30, deadline=None)
