"""Slow mode: the seconds of each room, and when a user sent messages in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tornchat import Entry
from tornchat_peewee.backend import Backend
from tornchat_peewee.entries import entries_of
from tornchat_peewee.models import Models
from tornchat_peewee.rows import fetched, number, sound, text
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.statements import MOST_LOOKED_THROUGH, MOST_NAMES, message_fields, message_of


class SlowModes:
    """Slow mode in one database. Methods run in a worker thread, with its session."""

    def __init__(self, backend: Backend, models: Models) -> None:
        self._backend = backend
        self._room, self._message = models.room, models.message
        self._fields = message_fields(models)

    def set(self, session: DatabaseSession, name: str, seconds: int) -> bool:
        """Implements the hook `set_slow_mode`. Raises `NotStored`."""
        try:
            with session.writing():
                changed = self._room.update(slow_seconds=seconds).where(self._room.name == name)
                return bool(changed.execute())
        except self._backend.data_errors:
            return False

    def read(self, session: DatabaseSession, rooms: Sequence[str]) -> dict[str, int]:
        """Implements the hook `read_slow_modes`. Raises `Unavailable`."""
        room, found = self._room, dict[str, int]()
        slow = room.select(room.name, room.slow_seconds).where(room.slow_seconds > 0)
        try:
            with session.reading() as cursor:
                for start in range(0, len(rooms), MOST_NAMES):
                    part = list(rooms[start : start + MOST_NAMES])
                    found |= dict(sound("room", fetched(cursor, slow.where(room.name.in_(part))), _mode))
        except self._backend.data_errors:
            return {}  # a name that the database can't hold is no room's
        return found

    def latest(
        self, session: DatabaseSession, name: str, user_id: str, after_ms: int, limit: int
    ) -> list[Entry]:
        """Implements the hook `read_latest_messages`. Raises `Unavailable`."""
        room, message = self._room, self._message
        try:
            with session.reading() as cursor:
                place = room.select(room.id, room.head_seq).where(room.name == name).tuples().first()
                if place is None:
                    return []
                last = (message.room == place[0]) & (message.seq > place[1] - MOST_LOOKED_THROUGH)
                theirs = last & (message.sender_id == user_id) & (message.sent_at > after_ms)
                rows = message.select(*self._fields).where(theirs).order_by(message.seq.desc())
                return list(entries_of(fetched(cursor, rows.limit(max(limit, 0))), message_of))
        except self._backend.data_errors:
            return []


def _mode(row: Sequence[Any]) -> tuple[str, int]:
    return text(row[0]), number(row[1])
