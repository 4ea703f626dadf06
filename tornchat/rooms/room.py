"""A room on this node: its position in the log, its tail, its members, and what it has to tell them.

Entries come in from this node's commits, from other nodes and from repairs, in any order and more than
once; they are accepted strictly in the order of the log. Everything here is plain and synchronous, so
that between two lines nothing else happens.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from tornchat.metrics.counts import Counts
from tornchat.model import Entry, Participant, PresenceChange, RoomInfo
from tornchat.rooms.member import Member, Outlet
from tornchat.rooms.roster import ToldRoster
from tornchat.rooms.stream import Stream
from tornchat.wire import Dialect

MOST_HELD = 10_000
TOO_SLOW = "too slow"
"""The reason in the close frame of who reads too slowly."""


class Gap(Exception):
    """Entries are missing before the ones that came: the log is to be read."""


class PositionLost(Exception):
    """What came does not belong to the log that this room's members were shown."""


class RoomLimits(NamedTuple):
    """How long the tail is (entries), how far a member may be behind (bytes), and [rooms] presence_limit."""

    tail_length: int
    send_buffer_bytes: int
    presence_limit: int


class Room:
    """One room. `on_news` is called once when there is something to flush, until `flush` was called."""

    __slots__ = (
        "_acks",
        "_held",
        "_limits",
        "_nudged",
        "_on_news",
        "_unserved",
        "counts",
        "empty_since",
        "first_seq",
        "info",
        "population",
        "roster",
        "seq",
        "streams",
        "tail",
    )

    def __init__(
        self,
        info: RoomInfo,
        limits: RoomLimits,
        on_news: Callable[[Room], None],
        counts: Counts | None = None,
    ) -> None:
        """`counts` is the node's; without it the room has its own."""
        self.info = info
        self.counts = counts or Counts()
        self.seq = 0
        self.first_seq = 1
        """The oldest entry that is still stored, as far as is known here."""
        self.tail: deque[Entry] = deque(maxlen=limits.tail_length)
        self.roster = ToldRoster(limits.presence_limit)
        self.streams: dict[str, Stream] = {}
        self.population = 0
        """Sessions in this room on this node."""
        self.empty_since = 0.0
        """Since when (loop time, seconds) nobody is here; it says nothing while somebody is."""
        self._limits = limits
        self._on_news: Callable[[Room], None] | None = on_news
        self._held: dict[int, Entry] = {}
        self._acks: dict[int, list[tuple[Member, str]]] = {}
        self._nudged: list[Member] = []
        self._unserved: list[tuple[Stream, int, bytes, list[Member]]] = []

    # --- the log ---

    def start(self, seq: int, tail: Iterable[Entry], first_seq: int = 1) -> None:
        """Stand at `seq`, with the entries that lead to it. Before anybody is a member."""
        self.seq = seq
        self.first_seq = first_seq
        self.tail.extend(tail)

    def prune(self, first_seq: int) -> None:
        """Let go of what is not stored any more: nobody is to be shown it from now on."""
        self.first_seq = max(self.first_seq, first_seq)
        while self.tail and self.tail[0].seq < self.first_seq:
            self.tail.popleft()
            for stream in self.streams.values():
                stream.frames.popleft()

    def accept(self, epoch: str, entries: Sequence[Entry]) -> None:
        """Take entries of the log: the next ones are told, old ones dropped, later ones held.

        Raises `Gap` if something is held after this, `PositionLost` if `epoch` is another log's.
        """
        if epoch != self.info.epoch:
            raise PositionLost
        for entry in entries:
            if entry.seq == self.seq + 1:
                self._append(entry)
                while self._held and (later := self._held.pop(self.seq + 1, None)):
                    self._append(later)
            elif entry.seq > self.seq and len(self._held) < MOST_HELD:
                self._held[entry.seq] = entry
        if self._held:
            raise Gap

    def _append(self, entry: Entry) -> None:
        self.seq = entry.seq
        if entry.kind == "deletion":
            self._blank(entry.target or 0)
        self.tail.append(entry)
        self.counts.deliveries += self.population
        for stream in self.streams.values():
            frame = stream.dialect.entry(entry)
            stream.frames.append(frame)
            stream.append(frame)
        if self._acks:
            for member, client_id in self._acks.pop(entry.seq, ()):
                self.aside(member, member.stream.dialect.ack(client_id, entry.seq))
        self._news()

    def _blank(self, target: int) -> None:
        for index, entry in enumerate(self.tail):
            if entry.seq == target:
                blank = Entry(
                    entry.seq, entry.sender_id, entry.sender_username, "", entry.sent_at, entry.draft_id
                )
                self.tail[index] = blank
                for stream in self.streams.values():
                    stream.frames[index] = stream.dialect.entry(blank)

    def held(self) -> list[int]:
        """The places of the entries that wait for others before them."""
        return list(self._held)

    def drop(self, places: Iterable[int]) -> None:
        """Forget held entries at these places of the log."""
        for seq in places:
            self._held.pop(seq, None)

    def missing(self) -> bool:
        """Say whether entries are held that wait for others before them."""
        self._held = {seq: entry for seq, entry in self._held.items() if seq > self.seq}
        return bool(self._held)

    def tail_after(self, since: int) -> int | None:
        """How many of the tail's entries come after `since`; None if the tail does not reach back so far."""
        count = self.seq - since
        return count if 0 <= count <= len(self.tail) else None

    # --- members ---

    def members(self) -> list[Member]:
        """Every session in this room on this node."""
        return [member for stream in self.streams.values() for member in stream.members.values()]

    def stream(self, dialect: Dialect) -> Stream:
        """The stream of this dialect; made when its first member comes."""
        stream = self.streams.get(dialect.name)
        if stream is None:
            stream = self.streams[dialect.name] = Stream(
                dialect, self.tail, self._limits.tail_length, self.counts
            )
        return stream

    def enter(self, participant: Participant, session: str, dialect: Dialect, outlet: Outlet) -> Member:
        """Make a member whose cursor is set to this instant: all before is history, all after is live."""
        stream = self.stream(dialect)
        member = Member(participant, session, stream, outlet)
        stream.members[session] = member
        self.population += 1
        return member

    def leave(self, member: Member, now: float) -> None:
        """Forget the member. Idempotent. `now` is the loop's time (seconds)."""
        stream = member.stream
        if stream.members.pop(member.session, None) is None:
            return
        member.ready = False
        self.population -= 1
        self.empty_since = now
        if not stream.members and stream.dialect.plain is not stream.dialect:
            del self.streams[stream.dialect.name]  # else every message would be compressed for nobody

    def present(self, member: Member) -> bool:
        """Say whether `member` is still one."""
        return member.stream.members.get(member.session) is member

    # --- what is told ---

    def tell_presence(self, changes: Iterable[PresenceChange]) -> None:
        """Tell everybody here who came and who left."""
        for change in changes:
            for stream in self.streams.values():
                stream.append(stream.dialect.presence(change))
            self._news()

    def ack(self, member: Member, client_id: str, seq: int) -> None:
        """Acknowledge a message right after the frame of the entry it became."""
        if seq <= self.seq:
            self.aside(member, member.stream.dialect.ack(client_id, seq))
        else:
            self._acks.setdefault(seq, []).append((member, client_id))

    def aside(self, member: Member, frame: bytes) -> None:
        """Send `frame` to one member, in its order among the room's frames."""
        if frame and self.present(member):
            if member.asides is None:
                member.asides = deque()
            member.asides.append((member.stream.head, frame))
            member.aside_bytes += len(frame)
            self._nudged.append(member)
            self._news()

    def _news(self) -> None:
        if self._on_news is not None:
            told, self._on_news = self._on_news, None
            told(self)

    def rearm(self, on_news: Callable[[Room], None]) -> None:
        """Ask to be called again at the next news."""
        self._on_news = on_news

    # --- writing ---

    def flush(self, budget: int) -> int:
        """Give each member one write with all that is new, at most `budget` members in one go.

        Gives what is left of the budget: above 0, everybody has been served.
        """
        while budget > 0:
            if not self._unserved and not self._begin():
                return budget
            budget -= self._serve_some(budget)
            if not self._unserved:
                self._end()
        return 0

    def _begin(self) -> bool:
        """Open what is new to the members; False if nothing is."""
        for stream in self.streams.values():
            start, chunk = stream.open()
            if chunk:
                self._unserved.append((stream, start, chunk, list(stream.members.values())))
        nudged, self._nudged = self._nudged, []
        for member in nudged:
            if member.stream.end == member.cursor:
                self.catch_up(member)
            if not member.ready and 0 < self._limits.send_buffer_bytes < member.aside_bytes:
                member.outlet.end(1013, TOO_SLOW)
        return bool(self._unserved)

    def _serve_some(self, budget: int) -> int:
        stream, start, chunk, members = self._unserved.pop()
        if len(members) > budget:
            self._unserved.append((stream, start, chunk, members[budget:]))
            members = members[:budget]
        self._serve(stream, start, chunk, members)
        return len(members)

    @staticmethod
    def _serve(stream: Stream, start: int, chunk: bytes, members: Sequence[Member]) -> None:
        end, others = start + len(chunk), 0
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
            for member in stream.trim(self._limits.send_buffer_bytes):
                member.outlet.end(1013, TOO_SLOW)

    def backlog(self) -> tuple[int, int]:
        """How many members have not been sent all, and how many bytes they are behind together."""
        behind = [stream.backlog() for stream in self.streams.values() if stream.behind]
        return sum(members for members, _ in behind), sum(size for _, size in behind)

    @staticmethod
    def catch_up(member: Member) -> None:
        """Write to a member whose socket has drained until it is at the head or its socket is full."""
        _catch_up(member.stream, member)

    def rest(self, member: Member) -> bytes:
        """All that is still for this member, also what waits for the turn's end: its last words."""
        member.stream.seal()
        return b"".join(iter(lambda: member.stream.due(member), b""))


def _catch_up(stream: Stream, member: Member) -> None:
    while member.ready and (data := stream.due(member)):
        member.ready = member.send(data)
        stream.counts.sent_bytes += len(data)
