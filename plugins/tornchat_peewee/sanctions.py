"""The table of sanctions (bans and mutes)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from tornchat import SITE, Sanction, SanctionKind
from tornchat_peewee.backend import Backend
from tornchat_peewee.models import Models
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.statements import MOST_NAMES


class SanctionTable:
    """The sanctions of one database. Methods run in a worker thread, with its session."""

    def __init__(self, backend: Backend, models: Models) -> None:
        self._backend = backend
        self._room, self._sanction, self._site = models.room, models.sanction, models.site_sanction

    def read(self, session: DatabaseSession, rooms: Sequence[str]) -> list[Sanction]:
        """Implements the hook `read_sanctions`. Raises `Unavailable`."""
        found: list[Sanction] = []
        try:
            with session.reading():
                if SITE in rooms:
                    found += self._read_site()
                for start in range(0, len(rooms), MOST_NAMES):
                    found += self._read(rooms[start : start + MOST_NAMES])
        except self._backend.data_errors:
            return []  # a name that the database can't hold is no room's
        return found

    def _read(self, rooms: Sequence[str]) -> list[Sanction]:
        room, sanction = self._room, self._sanction
        rows = sanction.select(room.name, *_fields(sanction)).join(room, on=(sanction.room == room.id))
        now = (room.name.in_(list(rooms))) & (sanction.until > time.time())
        return [Sanction(*row) for row in rows.where(now).tuples()]

    def _read_site(self) -> list[Sanction]:
        rows = self._site.select(*_fields(self._site)).where(self._site.until > time.time())
        return [Sanction(SITE, *row) for row in rows.tuples()]

    def set(self, session: DatabaseSession, given: Sanction) -> bool:
        """Implements the hook `set_sanction`. Raises `NotStored`."""
        table = self._site if given.room == SITE else self._sanction
        try:
            with session.writing():
                table.delete().where(table.until <= time.time()).execute()
                place = self._place(given.room)
                if place is None:
                    return False
                kept = {"until": given.until, "by": given.by, "rank": given.rank, "since": given.since}
                row = {**place, "user_id": given.user_id, "kind": given.kind, **kept}
                key = [getattr(table, name) for name in (*place, "user_id", "kind")]
                table.insert(row).on_conflict(conflict_target=key, update=kept).execute()
                return True
        except self._backend.data_errors:
            return False

    def _place(self, room: str) -> dict[str, Any] | None:
        """The column that names the room, where there is one; None if the room is not there."""
        if room == SITE:
            return {}
        found = self._room.select(self._room.id).where(self._room.name == room).first()
        return None if found is None else {"room": found.id}

    def lift(self, session: DatabaseSession, room: str, user_id: str, kind: SanctionKind) -> bool:
        """Implements the hook `lift_sanction`. Raises `NotStored`."""
        table = self._site if room == SITE else self._sanction
        mine = (table.user_id == user_id) & (table.kind == kind) & (table.until > time.time())
        if room != SITE:
            mine &= table.room.in_(self._room.select(self._room.id).where(self._room.name == room))
        try:
            with session.writing():
                return bool(table.delete().where(mine).execute())
        except self._backend.data_errors:
            return False


def _fields(table: Any) -> tuple[Any, ...]:
    return table.user_id, table.kind, table.until, table.by, table.rank, table.since
