"""Deletion of the oldest entries of logs."""

from __future__ import annotations

import time
from itertools import takewhile
from typing import Any

from tornchat_peewee.backend import Backend
from tornchat_peewee.models import Models
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.untaken import Untaken

MOST_ROOMS = 50
"""Maximum number of rooms per transaction; each is locked against writes until it ends."""
LATEST = 2**62
"""Upper limit for times in milliseconds, which fits the integers of every database."""


class Pruning:
    """Prunes the logs of one database. Methods run in a worker thread, with its session."""

    def __init__(self, backend: Backend, models: Models) -> None:
        self._backend = backend
        self._room, self._log, self._report = models.room, models.log, models.report
        self._untaken = Untaken(backend.database, models.room)
        self._since: float | None = None
        """Consumers served since then (Unix seconds) keep what they have not taken; None: none does."""

    def prune(
        self,
        session: DatabaseSession,
        name: str | None,
        before_ms: int,
        limit: int,
        unread_before_ms: int | None = None,
    ) -> int:
        """Implements the hook `prune_history`. Raises `NotStored`."""
        before_ms = min(before_ms, LATEST)
        try:
            with session.writing() as cursor:
                count = self._prune_taken(cursor, name, before_ms, limit, unread_before_ms)
        except self._backend.data_errors:
            return 0  # a name that the database can't hold is no room's
        if count < limit:
            session.erase()
        return count

    def _prune_taken(
        self, cursor: Any, name: str | None, before_ms: int, limit: int, unread_before_ms: int | None
    ) -> int:
        """Prune what the consumers have taken, and what they have not taken in time."""
        if unread_before_ms is None:
            return sum(self._prune_rooms(cursor, name, before_ms, limit))
        self._since = time.time() - (before_ms - unread_before_ms) / 1000
        count = sum(self._prune_rooms(cursor, name, before_ms, limit))
        self._since = None
        return count + sum(self._prune_rooms(cursor, name, unread_before_ms, limit - count))

    def _prune_rooms(self, cursor: Any, name: str | None, before_ms: int, limit: int) -> list[int]:
        counts: list[int] = []
        for room in self._locked(name, before_ms):
            counts.append(self._prune_room(cursor, room, before_ms, limit - sum(counts)))
        return counts

    def _locked(self, name: str | None, before_ms: int) -> list[Any]:
        """Return rooms whose first entry is older than `before_ms`, locked until the transaction ends."""
        room, log = self._room, self._log
        begins = (log.room == room.id) & (log.seq == room.first_seq) & (log.sent_at < before_ms)
        old = room.select(room.id).join(log, on=begins).limit(MOST_ROOMS)
        if self._since is not None:
            old = old.where(~self._untaken.in_room(self._since))
        if name is not None:
            old = old.where(room.name == name)
        ids = [row for (row,) in old.tuples()]
        rows = room.select(room.id, room.first_seq).where(room.id.in_(ids))
        return list(self._backend.locking(rows)) if ids else []

    def _prune_room(self, cursor: Any, room: Any, before_ms: int, limit: int) -> int:
        log, first = self._log, room.first_seq
        oldest = log.select(log.sent_at).where((log.room == room.id) & (log.seq >= first))
        times = oldest.order_by(log.seq).limit(max(limit, 0)).tuples()
        count = len(list(takewhile(lambda sent_at: sent_at < before_ms, (time for (time,) in times))))
        first_unread = None if self._since is None else self._untaken.first(room.id, self._since)
        if first_unread is not None:
            count = max(0, min(count, first_unread - first))
        if count:
            end = first + count
            self._backend.index.forget(cursor, room.id, first, end)
            for table in (log, self._report):
                table.delete().where((table.room == room.id) & (table.seq < end)).execute()
            self._room.update(first_seq=end).where(self._room.id == room.id).execute()
        return count
