"""Slow mode: the seconds of each room, and when a user sent messages in it."""

from __future__ import annotations

from collections.abc import Sequence

from tornchat import Entry
from tornchat_peewee.backend import Backend
from tornchat_peewee.models import Models
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.statements import MOST_NAMES

MOST_LOOKED_THROUGH = 5000
"""Number of last entries of a log that are searched for the messages of a user."""


class SlowModes:
    """Slow mode in one database. Methods run in a worker thread, with its session."""

    def __init__(self, backend: Backend, models: Models) -> None:
        self._backend = backend
        self._room, self._log = models.room, models.log

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
            with session.reading():
                for start in range(0, len(rooms), MOST_NAMES):
                    part = list(rooms[start : start + MOST_NAMES])
                    found |= dict(slow.where(room.name.in_(part)).tuples())
        except self._backend.data_errors:
            return {}  # a name that the database can't hold is no room's
        return found

    def latest(
        self, session: DatabaseSession, name: str, user_id: str, after_ms: int, limit: int
    ) -> list[Entry]:
        """Implements the hook `read_latest_messages`. Raises `Unavailable`."""
        room, log = self._room, self._log
        fields = [field for field in log._meta.sorted_fields if field is not log.room]
        try:
            with session.reading():
                place = room.select(room.id, room.head_seq).where(room.name == name).tuples().first()
                if place is None:
                    return []
                last = (log.room == place[0]) & (log.seq > place[1] - MOST_LOOKED_THROUGH)
                theirs = last & (log.sender_id == user_id) & (log.kind == "message")
                rows = log.select(*fields).where(theirs & (log.sent_at > after_ms))
                return [Entry(*row) for row in rows.order_by(log.seq.desc()).limit(max(limit, 0)).tuples()]
        except self._backend.data_errors:
            return []
