"""The logs of the rooms: appending drafts and reading pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from tornchat import Changed, Draft, Entry, More, OpenMessage, Page, Position, Refusal, Stored, StoreResult
from tornchat_peewee.backend import Backend
from tornchat_peewee.batch import Batch
from tornchat_peewee.entries import ACT, entries_of
from tornchat_peewee.positions import Positions
from tornchat_peewee.rows import made, sound, text
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.standing import Standing
from tornchat_peewee.statements import MOST_NAMES, Statements, act_of, message_of
from tornchat_peewee.streams import silent, with_pieces, with_wholes
from tornchat_peewee.threads import with_replies


class Log:
    """The logs of all rooms in one database. Methods run in a worker thread, with its session."""

    def __init__(self, backend: Backend, statements: Statements, positions: Positions) -> None:
        self._backend = backend
        self._positions = positions
        self._data_errors = backend.data_errors
        self._sql = statements

    def store(self, session: DatabaseSession, drafts: Sequence[Draft]) -> list[StoreResult]:
        """Implements the hook `store_messages`: stores the drafts in one transaction."""
        try:
            with session.writing() as cursor:
                results = Batch(self._backend, self._sql, cursor).append(drafts)
        except self._data_errors:
            with session.writing() as cursor:
                results = self._store_parts(cursor, drafts)
        self._positions.note({r.epoch: r.entry.seq for r in results if type(r) is Stored and not r.repeated})
        if any(draft.target is not None and draft.empties for draft in drafts):
            session.erase()
        return results

    def read(
        self, session: DatabaseSession, room: str, after: int | None, before: int | None, limit: int
    ) -> Page | None:
        """Implements the hook `read_history`. With both bounds, the oldest entries are returned."""
        try:
            with session.reading() as cursor:
                return self._read(cursor, room, after, before, limit)
        except self._data_errors:
            return None  # a name that the database can't hold is no room's

    def messages(
        self,
        session: DatabaseSession,
        room: str,
        after: int | None,
        before: int | None,
        around: int | None,
        thread: int | None,
        limit: int,
    ) -> Page | None:
        """Implements the hook `read_messages`."""
        try:
            with session.reading() as cursor:
                bounds = self._bounds(cursor, room)
                if bounds is None:
                    return None
                if around is None:
                    found = self._messages(cursor, bounds, after, before, limit, thread)
                else:
                    older = self._messages(cursor, bounds, None, around, limit // 2, thread)
                    after, limit = max(around - 1, 0), limit - len(older)
                    found = older + self._messages(cursor, bounds, after, None, limit, thread)
                return Page(tuple(found), bounds.first_seq, bounds.head_seq, bounds.epoch, bounds.acts)
        except self._data_errors:
            return None  # a name that the database can't hold is no room's

    def changed(self, session: DatabaseSession, room: str, since: int, limit: int) -> Changed | None:
        """Implements the hook `read_changed`."""
        try:
            with session.reading() as cursor:
                bounds = self._bounds(cursor, room)
                return None if bounds is None else self._changed(cursor, bounds, since, limit)
        except self._data_errors:
            return None

    def _changed(self, cursor: Any, bounds: _Bounds, since: int, limit: int) -> Changed:
        room, head = bounds.room, bounds.head_seq
        since = _within(since, head)
        cursor.execute(self._sql.changed, (room, room, since, since, "", max(0, min(limit, head))))
        messages = tuple(self._whole(cursor, room, list(entries_of(cursor.fetchall(), message_of))))
        acts = self._nth(cursor, room, head) - self._nth(cursor, room, since)
        return Changed(messages, head - since - acts, bounds.first_seq, head, bounds.epoch)

    def _nth(self, cursor: Any, room: int, seq: int) -> int:
        """Return the number of entries up to `seq` that acted on messages."""
        cursor.execute(self._sql.nth_at, (room, seq, 1))
        row = cursor.fetchone()
        return int(row[0]) if row else 0

    def find(self, session: DatabaseSession, room: str, sender_id: str, client_id: str) -> Entry | None:
        """Implements the hook `find_stored`."""
        try:
            with session.reading() as cursor:
                bounds = self._bounds(cursor, room)
                return self._find(cursor, (bounds.room, sender_id, client_id)) if bounds is not None else None
        except self._data_errors:
            return None

    def _find(self, cursor: Any, key: tuple[int, str, str]) -> Entry | None:
        for sql, entry_of in ((self._sql.said_before, message_of), (self._sql.done_before, act_of)):
            cursor.execute(sql, key)
            if (row := cursor.fetchone()) is not None:
                entry, digest = entry_of(row), row[-1]
                return replace(entry, more=replace(entry.more or More(), digest=digest)) if digest else entry
        found = Standing(self._backend, self._sql, cursor).recall([key]).get(key)
        return found[0] if found is not None else None

    def silent(self, session: DatabaseSession, before_ms: int, limit: int) -> Sequence[OpenMessage]:
        """Implements the hook `read_open`."""
        return silent(session, self._sql, before_ms, limit)

    def positions(self, session: DatabaseSession, rooms: Sequence[str]) -> dict[str, Position]:
        """Implements the hook `latest_positions`. Notes what other nodes stored, which is handed out, too."""
        found: dict[str, Position] = {}
        with session.reading() as cursor:
            for start in range(0, len(rooms), MOST_NAMES):
                cursor.execute(*self._sql.positions(list(rooms[start : start + MOST_NAMES])))
                found |= dict(sound("room", cursor.fetchall(), _head))
        self._positions.note({head.epoch: head.seq for head in found.values()})
        return found

    def _read(self, cursor: Any, room: str, after: int | None, before: int | None, limit: int) -> Page | None:
        bounds = self._bounds(cursor, room)
        if bounds is None:
            return None
        low, high = _range(bounds, after, before, limit)
        entries = self._messages(cursor, bounds, low, high, high)
        cursor.execute(self._sql.acts_between, (bounds.room, low, high))
        if rows := cursor.fetchall():
            acts = list(entries_of(rows, act_of, ACT))
            acts = with_wholes(self._backend, cursor, self._sql, bounds.room, acts)
            entries = sorted([*entries, *acts], key=lambda entry: entry.seq)
        return Page(tuple(entries), bounds.first_seq, bounds.head_seq, bounds.epoch, bounds.acts)

    def _bounds(self, cursor: Any, room: str) -> _Bounds | None:
        cursor.execute(self._sql.bounds, (room,))
        row = cursor.fetchone()
        return None if row is None else _Bounds(*row)

    def _messages(
        self,
        cursor: Any,
        bounds: _Bounds,
        after: int | None,
        before: int | None,
        limit: int,
        thread: int | None = None,
    ) -> list[Entry]:
        """Return messages between the two, oldest first: the oldest ones if `after` is given."""
        head = bounds.head_seq
        low = max(_within(after or 0, head), bounds.first_seq - 1)
        high = head + 1 if before is None else _within(before, head + 1)
        limit = _within(limit, head)
        if thread is None:
            sql = self._sql.newest_between if after is None else self._sql.oldest_between
            cursor.execute(sql, (bounds.room, low, high, limit))
        else:
            sql = self._sql.newest_in_thread if after is None else self._sql.oldest_in_thread
            cursor.execute(sql, (bounds.room, bounds.room, low, high, _within(thread, head), limit))
        rows = cursor.fetchall()
        found = list(entries_of(reversed(rows) if after is None else rows, message_of))
        return self._whole(cursor, bounds.room, found)

    def _whole(self, cursor: Any, room: int, messages: Sequence[Entry]) -> list[Entry]:
        """Return messages with what other tables say of them."""
        return with_replies(cursor, self._sql, room, with_pieces(cursor, self._sql, room, messages))

    def _store_parts(self, cursor: Any, drafts: Sequence[Draft]) -> list[StoreResult]:
        """Store drafts by bisection, so that only the invalid ones are refused."""
        cursor.execute("SAVEPOINT part")
        try:
            results = Batch(self._backend, self._sql, cursor).append(drafts)
        except self._data_errors:
            cursor.execute("ROLLBACK TO SAVEPOINT part")
            results = []
        cursor.execute("RELEASE SAVEPOINT part")
        if results:
            return results
        if len(drafts) == 1:
            return [Refusal("rejected", "The database can't hold this message.")]
        middle = len(drafts) // 2
        return self._store_parts(cursor, drafts[:middle]) + self._store_parts(cursor, drafts[middle:])


def _head(row: Sequence[Any]) -> tuple[str, Position]:
    return text(row[0]), made(Position, Position.__struct_fields__, row[1:])


class _Bounds(NamedTuple):
    """The id of a room, and the bounds of its log."""

    room: int
    epoch: str
    first_seq: int
    head_seq: int
    acts: int


def _range(bounds: _Bounds, after: int | None, before: int | None, limit: int) -> tuple[int, int]:
    """Return the `seq` before and after the entries that a page has, since a log has no gaps."""
    first, head = bounds.first_seq, bounds.head_seq
    low = max(_within(after or 0, head), first - 1)
    high = head + 1 if before is None else _within(before, head + 1)
    limit = _within(limit, head)
    return (max(low, high - 1 - limit), high) if after is None else (low, min(high, low + 1 + limit))


def _within(number: int, most: int) -> int:
    """Return `number` limited to the range from 0 to `most`."""
    return min(max(number, 0), most)
