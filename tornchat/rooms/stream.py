"""The byte stream sent to the members of a room that use the same dialect, and their cursors in it.

A member holds a cursor instead of a copy of its unsent frames. The stream keeps only the bytes from the
cursor of the slowest member that may still catch up.
"""

from __future__ import annotations

from collections import deque
from itertools import islice

from tornchat.metrics.counts import Counts
from tornchat.rooms.member import SLICE_BYTES, Member
from tornchat.rooms.tail import Tail
from tornchat.wire import Dialect
from tornchat.wire.framing import frame_length, whole_frames


class Stream:
    """One dialect's stream in one room, and the messages of the tail encoded in this dialect."""

    __slots__ = (
        "_chunks",
        "_opened",
        "_pending",
        "_tail",
        "behind",
        "counts",
        "dialect",
        "end",
        "frames",
        "head",
        "members",
    )

    def __init__(self, dialect: Dialect, tail: Tail, counts: Counts) -> None:
        self.dialect = dialect
        self._tail = tail
        self.counts = counts
        self.members: dict[str, Member] = {}
        self.behind: set[Member] = set()
        """Members that did not receive all bytes of a flush; some may have caught up since."""
        self.frames: deque[bytes | None] = deque([None] * len(tail.messages))
        """The frame of each message in the tail; None: encoded when it is needed."""
        self.head = 0
        """Offset (bytes) at which the next frame is appended."""
        self.end = 0
        """Offset (bytes) up to which frames may be sent; later frames wait for the next flush."""
        self._opened = 0
        self._pending: list[bytes] = []
        self._chunks: deque[tuple[int, bytes]] = deque()

    def append(self, frame: bytes) -> None:
        """Append a frame to the stream; it is sent at the next flush."""
        if frame:
            self._pending.append(frame)
            self.head += len(frame)

    def seal(self) -> None:
        """Join the pending frames into one chunk, which may then be sent to members."""
        if self._pending:
            chunk = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
            self._pending.clear()
            self._chunks.append((self.end, chunk))
            self.end = self.head

    def open(self) -> tuple[int, bytes]:
        """Seal, and return the offset and bytes of everything sealed since the last call."""
        self.seal()
        start, self._opened = self._opened, self.end
        if start == self.end:
            return start, b""
        newest = self._chunks[-1]
        return newest if newest[0] == start else (start, self._read(start, self.end))

    def newest(self, most: int, most_bytes: int) -> tuple[int, bytes]:
        """Return how many of the tail's newest messages are within both limits, and their frames.

        It is at least one message, if there is one.
        """
        first = max(0, len(self.frames) - most)
        parts = [frame for frame in islice(self.frames, first, None) if frame is not None]
        if len(parts) == len(self.frames) - first and sum(map(len, parts)) <= most_bytes:
            return len(parts), b"".join(parts)
        parts, size = [], 0
        for index in range(len(self.frames) - 1, max(-1, len(self.frames) - 1 - most), -1):
            frame = self._frame(index)
            if parts and size + len(frame) > most_bytes:
                break
            parts.append(frame)
            size += len(frame)
        parts.reverse()
        return len(parts), b"".join(parts)

    def resumed(self, since: int) -> bytes | None:
        """Return the frames for a member who knows the log up to `since`; None if the tail lacks some.

        First the messages and deletions after it, in the order of the log, then the present state of older
        messages that were acted on.
        """
        tail, dialect = self._tail, self.dialect
        older = tail.acted_on(since) if tail.covers(since) else None
        if older is None:
            return None
        first = tail.after(since)
        frames = [(tail.messages[i].seq, self._frame(i)) for i in range(first, len(tail.messages))]
        if deletions := tail.deletions(since):
            frames += [(act.seq, dialect.entry(act)) for act in deletions]
            frames.sort()
        parts = [frame for _, frame in frames]
        return b"".join(parts + [dialect.changed(tail.messages[index]) for index in older])

    def _frame(self, index: int) -> bytes:
        frame = self.frames[index]
        if frame is None:
            frame = self.frames[index] = self.dialect.entry(self._tail.messages[index])
        return frame

    def due(self, member: Member) -> bytes:
        """Return the next frames for `member`, about `SLICE_BYTES` bytes, and advance its cursor.

        Returns no stream bytes if those at its cursor were trimmed, so that the member never gets a gap.
        """
        parts: list[bytes] = []
        room = SLICE_BYTES
        while room > 0:
            stop = self.end
            if member.asides:
                offset, aside = member.asides[0]
                if offset <= member.cursor:
                    member.asides.popleft()
                    parts.append(aside)
                    member.aside_bytes -= len(aside)
                    room -= len(aside)
                    continue
                stop = min(stop, offset)
            if member.cursor >= stop:
                break
            piece = self._piece(member.cursor, stop, room)
            if not piece or (parts and len(piece) > room):
                break
            member.cursor += len(piece)
            parts.append(piece)
            room -= len(piece)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _piece(self, start: int, stop: int, limit: int) -> bytes:
        """Return whole frames from `start`, about `limit` bytes; empty if they were trimmed."""
        piece = self._read(start, min(stop, start + limit))
        if start + len(piece) == stop:
            return piece
        end = whole_frames(piece, 0, limit)
        return piece[:end] if end else self._read(start, start + frame_length(self._read(start, stop)))

    def trim(self, limit: int) -> list[Member]:
        """Drop chunks sent to all members; return the members over `limit` bytes behind (0: no limit)."""
        if not self.behind and self._opened == self.end:
            self._chunks.clear()
            return []
        self.behind = {m for m in self.behind if m.cursor < self.end and m.session in self.members}
        slow = [m for m in self.behind if limit and self.end - m.cursor > limit]
        self.behind.difference_update(slow)
        oldest = min((m.cursor for m in self.behind), default=self._opened)
        while self._chunks and self._chunks[0][0] + len(self._chunks[0][1]) <= oldest:
            self._chunks.popleft()
        return slow

    def backlog(self) -> tuple[int, int]:
        """Return the number of members with unsent frames, and the total number of unsent bytes."""
        behind = [m for m in self.behind if m.cursor < self.end and m.session in self.members]
        return len(behind), sum(self.end - m.cursor + m.aside_bytes for m in behind)

    def _read(self, start: int, stop: int) -> bytes:
        """Return the sealed bytes from `start` to `stop`; empty if they were trimmed."""
        if not self._chunks or self._chunks[0][0] > start:
            return b""
        parts = []
        for offset, chunk in self._chunks:
            if offset >= stop:
                break
            if offset + len(chunk) > start:
                parts.append(chunk[max(0, start - offset) : stop - offset])
        return b"".join(parts)
