"""The logs of the rooms: appending drafts and reading pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tornchat import Draft, Page, Position, Refusal, Stored, StoreResult
from tornchat_peewee.backend import Backend
from tornchat_peewee.batch import Batch
from tornchat_peewee.entries import entries_of
from tornchat_peewee.positions import Positions
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.statements import MOST_NAMES, Statements


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
        if any(draft.kind == "deletion" for draft in drafts):
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

    def positions(self, session: DatabaseSession, rooms: Sequence[str]) -> dict[str, Position]:
        """Implements the hook `latest_positions`. Notes what other nodes stored, which is handed out, too."""
        found: dict[str, Position] = {}
        with session.reading() as cursor:
            for start in range(0, len(rooms), MOST_NAMES):
                cursor.execute(*self._sql.positions(list(rooms[start : start + MOST_NAMES])))
                found.update((name, Position(*head)) for name, *head in cursor.fetchall())
        self._positions.note({head.epoch: head.seq for head in found.values()})
        return found

    def _read(self, cursor: Any, room: str, after: int | None, before: int | None, limit: int) -> Page | None:
        cursor.execute(self._sql.bounds, (room,))
        bounds = cursor.fetchone()
        if bounds is None:
            return None
        room_id, epoch, first_seq, head_seq = bounds
        low = _within(after or 0, head_seq)
        high = head_seq + 1 if before is None else _within(before, head_seq + 1)
        sql = self._sql.newest_between if after is None else self._sql.oldest_between
        cursor.execute(sql, (room_id, low, high, _within(limit, head_seq)))
        rows = cursor.fetchall()
        entries = entries_of(reversed(rows) if after is None else rows)
        return Page(tuple(entries), first_seq, head_seq, epoch)

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


def _within(number: int, most: int) -> int:
    """Return `number` limited to the range from 0 to `most`."""
    return min(max(number, 0), most)
