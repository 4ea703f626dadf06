"""A room on this node: its position in the log, its tail, its members and their pending frames.

Entries arrive from this node's commits, from other nodes and from recovery, in any order and possibly more
than once; they are accepted strictly in log order. All methods are synchronous, so that no other code runs
in between.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from tornchat.errors import PositionLost
from tornchat.metrics.counts import Counts
from tornchat.model import Entry, Participant, PresenceChange, RoomDescription, RoomInfo, User
from tornchat.rooms.gathered import Gathered
from tornchat.rooms.member import Member, Outlet
from tornchat.rooms.roster import ToldRoster
from tornchat.rooms.stream import Stream
from tornchat.rooms.tail import Tail
from tornchat.wire import Dialect

MOST_HELD = 10_000
TOO_SLOW = "too slow"
"""Reason in the close frame sent to a client that reads too slowly."""


class Gap(Exception):
    """Entries are missing before the accepted ones; the log must be read."""


class RoomLimits(NamedTuple):
    """Length of the tail (messages), maximum backlog of a member (bytes), and `[rooms] presence_limit`."""

    tail_length: int
    send_buffer_bytes: int
    presence_limit: int


class Flushes(Protocol):
    """The queue of rooms with frames to send, which `Flush` implements."""

    def add(self, room: Room) -> None:
        """Schedule `room.flush`, and set `room.queued` until it is called."""


class Room:
    """One room on this node. It adds itself to the flush queue when it has frames to send."""

    __slots__ = (
        "_acks",
        "_coming",
        "_flush",
        "_gathered",
        "_held",
        "_nudged",
        "_signals",
        "_unserved",
        "acts",
        "counts",
        "empty_since",
        "first_seq",
        "info",
        "limits",
        "population",
        "queued",
        "roster",
        "seq",
        "streams",
        "tail",
    )

    def __init__(
        self,
        info: RoomInfo,
        limits: RoomLimits,
        flush: Flushes,
        counts: Counts | None = None,
    ) -> None:
        """`counts` holds the node's counters; if it is None, the room creates its own."""
        self.info = info
        self.counts = counts or Counts()
        self.seq = 0
        self.acts = 0
        """Number of entries up to `seq` that act on messages."""
        self.first_seq = 1
        """The `seq` of the oldest entry still stored, as last read by this node."""
        self.tail = Tail(limits.tail_length)
        self.roster = ToldRoster(limits.presence_limit)
        self.streams: dict[str, Stream] = {}
        self.population = 0
        """Number of sessions in this room on this node."""
        self.empty_since = 0.0
        """Loop time (seconds) since which the room has been empty; undefined while it has members."""
        self.limits = limits
        self.queued = False
        """True from the call of `Flushes.add` until the flush begins."""
        self._flush = flush
        self._held: dict[int, Entry] = {}
        self._coming: Sequence[Entry] = ()
        self._gathered: Gathered | None = None  # of the entries that come, if there are marks among them
        self._acks: dict[int, list[tuple[Member, str]]] = {}  # seq of an entry -> who waits for it
        self._nudged: list[Member] = []
        self._signals: list[bytes] = []
        self._unserved: list[tuple[Stream, int, bytes, bytes, list[Member]]] = []

    # --- the log ---

    def start(
        self,
        seq: int,
        messages: Sequence[Entry],
        first_seq: int = 1,
        whole: bool = False,
        acts: int = 0,
    ) -> None:
        """Set the position to `seq` and the tail to the newest messages up to it. Call before `enter`.

        `whole`: these are all messages of the room. `acts` is the number of entries up to `seq` that act on
        messages.
        """
        self.seq = seq
        self.acts = acts
        self.first_seq = first_seq
        since = messages[0].seq - 1 if messages else seq
        self.tail.start(messages, first_seq - 1 if whole else since, seq)

    @property
    def number(self) -> int:
        """The number of messages up to `seq`, pruned ones included."""
        return self.seq - self.acts

    def prune(self, first_seq: int) -> None:
        """Remove entries before `first_seq` from the tail; they are no longer stored and must not be sent."""
        self.first_seq = max(self.first_seq, first_seq)
        self._forget(self.tail.prune(self.first_seq))

    def _forget(self, count: int) -> None:
        """Remove the frames of messages that the tail has removed."""
        for stream in self.streams.values():
            for _ in range(count):
                stream.frames.popleft()

    def accept(self, epoch: str, entries: Sequence[Entry]) -> None:
        """Accept entries: append those that come next, drop known ones, and hold those after a gap.

        The marks of one kind on one message are told in one frame, at the last one's position.

        Raises `Gap` if entries are held afterwards, and `PositionLost` if `epoch` belongs to another log.
        """
        if epoch != self.info.epoch:
            raise PositionLost
        before = self.seq
        self._coming, self._gathered = entries, None
        for entry in entries:
            if entry.seq == self.seq + 1:
                self._append(entry)
                while self._held and (later := self._held.pop(self.seq + 1, None)):
                    self._append(later)
            elif entry.seq > self.seq and len(self._held) < MOST_HELD:
                self._held[entry.seq] = entry
        self._coming = ()
        if self.seq > before:
            self._appended(self.seq - before)
        if self._held:
            raise Gap

    def _append(self, entry: Entry) -> None:
        self.seq = entry.seq
        if entry.target is not None:
            self._act(entry)
        else:  # here, and not in a method of its own, since all messages come this way
            self.tail.append(entry)
            plain = entry.more is None
            for stream in self.streams.values():
                frame = stream.dialect.entry(entry) if plain else self._frame(stream.dialect, entry)
                stream.frames.append(frame)
                stream.append(frame)
            if entry.more is not None and entry.more.thread is not None:
                self._changed(self.tail.replied(entry))
            if self._acks:
                self._acknowledge(entry)

    def _frame(self, dialect: Dialect, message: Entry) -> bytes:
        """Return the frame of a message now. One read from storage may have been closed by a later entry.

        A dialect that tells a streamed message when it is closed tells it then.
        """
        later = message.more is not None and message.more.closed > self.seq and not dialect.streams
        return b"" if later else dialect.entry(message)

    def _appended(self, count: int) -> None:
        """Do once for `count` new entries what need not be done for each."""
        self.counts.deliveries += count * self.population
        if removed := self.tail.trim():
            self._forget(removed)
        self._news()

    def _acknowledge(self, entry: Entry) -> None:
        for member, client_id in self._acks.pop(entry.seq, ()):
            self.aside(member, member.stream.dialect.ack(client_id, entry))

    def _act(self, entry: Entry) -> None:
        """Bring the target in the tail to its new state; its frames are encoded when a member joins."""
        self.acts += 1
        if entry.closes:
            entry = self.tail.closing(entry)
            self._changed(self.tail.index(entry.target or 0))
        shows = entry.offset is None or self.tail.continues(entry)
        index = self.tail.act(entry)
        self._changed(index)
        if entry.empties:
            self._changed(self.tail.recounted(entry.target or 0))
        told = [entry] if entry.mark is None else self._gather(entry)
        for stream in self.streams.values() if told and shows else ():
            dialect = stream.dialect
            stream.append(dialect.entry(entry) if len(told) == 1 else dialect.marked(told))
        if self._acks:
            for one in told:
                self._acknowledge(one)

    def _gather(self, entry: Entry) -> Sequence[Entry]:
        """Return the marks to tell now, if this is the last one of several in this call of `accept`."""
        if self._gathered is None:
            self._gathered = Gathered([entry, *self._coming], self._held)
        return self._gathered.add(entry)

    def _changed(self, index: int | None) -> None:
        """Have the frame of the message at this index of the tail encoded again; None: of none."""
        if index is not None:
            for stream in self.streams.values():
                stream.frames[index] = None

    def held(self) -> list[int]:
        """Return the seqs of held entries, which wait for missing entries before them."""
        return list(self._held)

    def drop(self, places: Iterable[int]) -> None:
        """Remove the held entries with these seqs."""
        for seq in places:
            self._held.pop(seq, None)

    def missing(self) -> bool:
        """Return whether entries are held that wait for missing entries before them."""
        self._held = {seq: entry for seq, entry in self._held.items() if seq > self.seq}
        return bool(self._held)

    # --- members ---

    def members(self) -> list[Member]:
        """Return all members on this node."""
        return [member for stream in self.streams.values() for member in stream.members.values()]

    def stream(self, dialect: Dialect) -> Stream:
        """Return the stream of this dialect, creating it if necessary."""
        stream = self.streams.get(dialect.name)
        if stream is None:
            stream = self.streams[dialect.name] = Stream(dialect, self.tail, self.counts)
            for index, message in enumerate(self.tail.messages):
                if message.more is not None and message.more.closed > self.seq:
                    stream.frames[index] = self._frame(dialect, message)
        return stream

    def enter(
        self,
        participant: Participant,
        session: str,
        dialect: Dialect,
        outlet: Outlet,
        user: User | None = None,
    ) -> Member:
        """Add a member whose cursor is at the head: earlier entries are history, later ones are live."""
        stream = self.stream(dialect)
        member = Member(participant, session, stream, outlet, user)
        stream.members[session] = member
        self.population += 1
        return member

    def leave(self, member: Member, now: float) -> None:
        """Remove the member. Idempotent. `now` is the loop time (seconds)."""
        stream = member.stream
        if stream.members.pop(member.session, None) is None:
            return
        member.ready = False
        self.population -= 1
        self.empty_since = now
        if not stream.members and stream.dialect.plain is not stream.dialect:
            del self.streams[stream.dialect.name]  # otherwise messages would be compressed without a reader

    def present(self, member: Member) -> bool:
        """Return whether `member` is still in the room."""
        return member.stream.members.get(member.session) is member

    # --- frames ---

    def tell_presence(self, changes: Iterable[PresenceChange]) -> None:
        """Send presence changes to all members on this node."""
        for change in changes:
            for stream in self.streams.values():
                stream.append(stream.dialect.presence(change))
            self._news()

    def describe(self, description: RoomDescription) -> None:
        """Take what the room says of itself from now on, and send it to all members on this node if new."""
        now = replace(
            self.info, title=description.title, topic=description.topic, private=description.private
        )
        if now == self.info:
            return
        self.info = now
        for stream in self.streams.values():
            stream.append(stream.dialect.room_changed(now))
        self._news()

    def ack(self, member: Member, client_id: str, entry: Entry) -> None:
        """Send an acknowledgement directly after the frame of the entry."""
        if entry.seq <= self.seq:
            self.aside(member, member.stream.dialect.ack(client_id, entry))
        else:
            self._acks.setdefault(entry.seq, []).append((member, client_id))

    def aside(self, member: Member, frame: bytes) -> None:
        """Send `frame` to one member, in order with the frames of the room's stream."""
        if frame and self.present(member):
            if member.asides is None:
                member.asides = deque()
            member.asides.append((member.stream.head, frame))
            member.aside_bytes += len(frame)
            self._nudged.append(member)
            self._news()

    def signal(self, frame: bytes) -> None:
        """Send a frame with the next flush to the members that are at the head of the stream then.

        It has no offset in the stream: it is not sent to members that are behind, and nobody waits for it.
        Dialects without signals leave it out.
        """
        self._signals.append(frame)
        self._news()

    def _news(self) -> None:
        if not self.queued:
            self._flush.add(self)

    # --- writing ---

    def flush(self, budget: int) -> int:
        """Write the new frames to the members, one write each, for at most `budget` members.

        Returns the remaining budget; if it is above 0, all members have been served.
        """
        while budget > 0:
            goes_on = bool(self._unserved)
            if not goes_on and not self._begin():
                return budget
            budget -= self._serve_some(budget)
            if not self._unserved:
                self._end()
                if not goes_on:
                    return budget  # frames that came meanwhile have queued this room again
        return 0

    def _begin(self) -> bool:
        """Prepare the new frames for sending; return False if there are none."""
        signals, self._signals = b"".join(self._signals), []
        for stream in self.streams.values():
            start, chunk = stream.open()
            more = signals if stream.dialect.signals else b""
            if chunk or more:
                self._unserved.append((stream, start, chunk, more, list(stream.members.values())))
        nudged, self._nudged = self._nudged, []
        for member in nudged:
            if member.stream.end == member.cursor:
                self.catch_up(member)
            if not member.ready and 0 < self.limits.send_buffer_bytes < member.aside_bytes:
                member.outlet.end(1013, TOO_SLOW)
        return bool(self._unserved)

    def _serve_some(self, budget: int) -> int:
        stream, start, chunk, more, members = self._unserved.pop()
        if len(members) > budget:
            self._unserved.append((stream, start, chunk, more, members[budget:]))
            members = members[:budget]
        self._serve(stream, start, start + len(chunk), chunk + more if more else chunk, members)
        return len(members)

    @staticmethod
    def _serve(stream: Stream, start: int, end: int, chunk: bytes, members: Sequence[Member]) -> None:
        """Write `chunk`, which brings members at the offset `start` to `end`."""
        others = 0
        for member in members:
            if member.ready and member.cursor == start and not member.asides:
                member.cursor = end
                member.ready = member.send(chunk)
            else:
                others += 1
                _catch_up(stream, member)
                if member.cursor < stream.end:
                    stream.behind.add(member)
        stream.counts.sent_bytes += len(chunk) * (len(members) - others)

    def _end(self) -> None:
        for stream in self.streams.values():
            for member in stream.trim(self.limits.send_buffer_bytes):
                member.outlet.end(1013, TOO_SLOW)

    def backlog(self) -> tuple[int, int]:
        """Return the number of members with unsent frames, and the total number of unsent bytes."""
        behind = [stream.backlog() for stream in self.streams.values() if stream.behind]
        return sum(members for members, _ in behind), sum(size for _, size in behind)

    @staticmethod
    def catch_up(member: Member) -> None:
        """Write to a member until its cursor is at the end of the stream or its socket is full."""
        _catch_up(member.stream, member)

    def rest(self, member: Member) -> bytes:
        """Return all frames not yet sent to this member, including those that wait for the next flush."""
        member.stream.seal()
        return b"".join(iter(lambda: member.stream.due(member), b""))


def _catch_up(stream: Stream, member: Member) -> None:
    while member.ready and (data := stream.due(member)):
        member.ready = member.send(data)
        stream.counts.sent_bytes += len(data)
