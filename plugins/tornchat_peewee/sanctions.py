"""The table of sanctions (bans and mutes)."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tornchat import Sanction, SanctionKind
from tornchat_peewee.backend import Backend
from tornchat_peewee.models import Models
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.statements import MOST_NAMES


class SanctionTable:
    """The sanctions of one database. Methods run in a worker thread, with its session."""

    def __init__(self, backend: Backend, models: Models) -> None:
        self._backend = backend
        self._room, self._sanction = models.room, models.sanction

    def read(self, session: DatabaseSession, rooms: Sequence[str]) -> list[Sanction]:
        """Implements the hook `read_sanctions`. Raises `Unavailable`."""
        found: list[Sanction] = []
        try:
            with session.reading():
                for start in range(0, len(rooms), MOST_NAMES):
                    found += self._read(rooms[start : start + MOST_NAMES])
        except self._backend.data_errors:
            return []  # a name that the database can't hold is no room's
        return found

    def _read(self, rooms: Sequence[str]) -> list[Sanction]:
        room, sanction = self._room, self._sanction
        fields = (room.name, sanction.user_id, sanction.kind, sanction.until, sanction.by)
        rows = sanction.select(*fields).join(room, on=(sanction.room == room.id))
        now = (room.name.in_(list(rooms))) & (sanction.until > time.time())
        return [Sanction(*row) for row in rows.where(now).tuples()]

    def set(self, session: DatabaseSession, given: Sanction) -> bool:
        """Implements the hook `set_sanction`. Raises `NotStored`."""
        sanction = self._sanction
        try:
            with session.writing():
                sanction.delete().where(sanction.until <= time.time()).execute()
                found = self._room.select(self._room.id).where(self._room.name == given.room).first()
                if found is None:
                    return False
                kept = {"until": given.until, "by": given.by}
                row = {"room": found.id, "user_id": given.user_id, "kind": given.kind, **kept}
                key = [sanction.room, sanction.user_id, sanction.kind]
                sanction.insert(row).on_conflict(conflict_target=key, update=kept).execute()
                return True
        except self._backend.data_errors:
            return False

    def lift(self, session: DatabaseSession, room: str, user_id: str, kind: SanctionKind) -> bool:
        """Implements the hook `lift_sanction`. Raises `NotStored`."""
        sanction = self._sanction
        here = self._room.select(self._room.id).where(self._room.name == room)
        mine = sanction.room.in_(here) & (sanction.user_id == user_id) & (sanction.kind == kind)
        try:
            with session.writing():
                return bool(sanction.delete().where(mine & (sanction.until > time.time())).execute())
        except self._backend.data_errors:
            return False
