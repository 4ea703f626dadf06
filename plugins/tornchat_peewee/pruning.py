"""Deletion of the oldest entries of logs."""

from __future__ import annotations

import time
from itertools import takewhile
from typing import Any

import peewee

from tornchat_peewee.backend import Backend
from tornchat_peewee.models import Models
from tornchat_peewee.rows import fetched
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.statements import EMPTIED
from tornchat_peewee.untaken import Untaken

MOST_ROOMS = 50
"""Maximum number of rooms per transaction; each is locked against writes until it ends."""
LATEST = 2**62
"""Upper limit for times in milliseconds, which fits the integers of every database."""


class Pruning:
    """Prunes the logs of one database. Methods run in a worker thread, with its session."""

    def __init__(self, backend: Backend, models: Models) -> None:
        self._backend = backend
        self._room, self._message, self._act = models.room, models.message, models.act
        self._report, self._thread = models.report, models.thread
        self._marks = (models.mark, models.standing)
        self._mention = models.mention
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
        room = self._room
        old = room.select(room.id).where(self._begins_before(before_ms)).limit(MOST_ROOMS)
        if self._since is not None:
            old = old.where(~self._untaken.in_room(self._since))
        if name is not None:
            old = old.where(room.name == name)
        ids = [row for (row,) in old.tuples()]
        rows = room.select(room.id, room.first_seq).where(room.id.in_(ids))
        return list(self._backend.locking(rows)) if ids else []

    def _begins_before(self, before_ms: int) -> Any:
        """Return the condition that the first entry of a room, which is in one of two tables, is older."""
        room = self._room
        found: Any = None
        for table in (self._message, self._act):
            first = (table.room == room.id) & (table.seq == room.first_seq) & (table.sent_at < before_ms)
            exists = peewee.fn.EXISTS(table.select(1).where(first))
            found = exists if found is None else found | exists
        return found

    def _prune_room(self, cursor: Any, room: Any, before_ms: int, limit: int) -> int:
        count = len(list(takewhile(lambda sent_at: sent_at < before_ms, self._times(cursor, room, limit))))
        first_unread = None if self._since is None else self._untaken.first(room.id, self._since)
        if first_unread is not None:
            count = max(0, min(count, first_unread - room.first_seq))
        if count:
            end = room.first_seq + count
            self._backend.index.forget(cursor, room.id, room.first_seq, end)
            self._delete(room.id, end)
            self._room.update(first_seq=end).where(self._room.id == room.id).execute()
        return count

    def _times(self, cursor: Any, room: Any, limit: int) -> list[int]:
        """Return when the oldest entries were sent, in their order; 0 for a time that is no number."""
        limit, times = max(limit, 0), dict[int, int]()
        for table in (self._message, self._act):
            here = (table.room == room.id) & table.seq.between(room.first_seq, room.first_seq + limit - 1)
            rows = fetched(cursor, table.select(table.seq, table.sent_at).where(here))
            times.update({seq: sent_at if isinstance(sent_at, int) else 0 for seq, sent_at in rows})
        return [times[seq] for seq in sorted(times)]

    def _delete(self, room: int, end: int) -> None:
        """Delete the entries before `end`, and empty later ones that acted on their messages.

        The last deleted entry that acted on a message stays, without a sender and below `first_seq`: it says
        how many such entries there were.
        """
        message, act = self._message, self._act
        for table in (message, self._report, self._mention):
            table.delete().where((table.room == room) & (table.seq < end)).execute()
        thread = self._thread
        thread.delete().where((thread.room == room) & (thread.root < end)).execute()
        for table in self._marks:
            table.delete().where((table.room == room) & (table.target < end)).execute()
        emptied = {"text": "", "mark": EMPTIED} | dict.fromkeys(("before", "data", "digest", "meta"))
        act.update(emptied).where((act.room == room) & (act.target < end) & (act.seq >= end)).execute()
        old = (act.room == room) & (act.seq < end)
        last = act.select(peewee.fn.MAX(act.seq)).where(old).scalar()
        if last is not None:
            act.delete().where(old & (act.seq < last)).execute()
            nobody = {"sender_id": "", "sender_username": "", "client_id": None, "draft_id": ""}
            act.update({**emptied, **nobody}).where((act.room == room) & (act.seq == last)).execute()
