"""The table of sanctions (bans and mutes)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from tornchat import SITE, Rejected, Sanction, SanctionKind
from tornchat_peewee.backend import Backend
from tornchat_peewee.models import Models
from tornchat_peewee.rows import STRANGE, fetched, made, tell
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.statements import MOST_NAMES

FIELDS = ("room", "user_id", "kind", "until", "by", "rank", "since")
HELD_SECONDS = 86_400.0
"""How long a sanction holds whose end can't be read. It is read again meanwhile: it ends with its row."""
HELD = frozenset({"ban", "mute", "revoke"})
"""Kinds that hold if the rest of their row can't be read; the others have ended sessions once."""


class SanctionTable:
    """The sanctions of one database. Methods run in a worker thread, with its session."""

    def __init__(self, backend: Backend, models: Models) -> None:
        self._backend = backend
        self._room, self._sanction, self._site = models.room, models.sanction, models.site_sanction

    def read(self, session: DatabaseSession, rooms: Sequence[str]) -> list[Sanction]:
        """Implements the hook `read_sanctions`. Raises `Unavailable`."""
        found: list[Sanction] = []
        try:
            with session.reading() as cursor:
                if SITE in rooms:
                    found += _sanctions("site_sanction", self._read_site(cursor))
                for start in range(0, len(rooms), MOST_NAMES):
                    found += _sanctions("sanction", self._read(cursor, rooms[start : start + MOST_NAMES]))
        except self._backend.data_errors:
            return []  # a name that the database can't hold is no room's
        return found

    def _read(self, cursor: Any, rooms: Sequence[str]) -> list[Sequence[Any]]:
        room, sanction = self._room, self._sanction
        rows = sanction.select(room.name, *_fields(sanction)).join(room, on=(sanction.room == room.id))
        now = (room.name.in_(list(rooms))) & (sanction.until > time.time())
        return fetched(cursor, rows.where(now))

    def _read_site(self, cursor: Any) -> list[Sequence[Any]]:
        rows = self._site.select(*_fields(self._site)).where(self._site.until > time.time())
        return [(SITE, *row) for row in fetched(cursor, rows)]

    def set(self, session: DatabaseSession, given: Sanction, limit: int) -> bool:
        """Implements the hook `set_sanction`. Raises `NotStored` and `Rejected`."""
        try:
            with session.writing():
                place = self._place(given.room)
                full = place is not None and not self._set(place, given, limit)
        except self._backend.data_errors:
            return False
        if full:
            raise Rejected(code="too_many_sanctions")
        return place is not None

    def _set(self, place: dict[str, Any], given: Sanction, limit: int) -> bool:
        """Store the sanction, unless `limit` other users have one of its kind there; say whether it is."""
        table = self._sanction if place else self._site
        table.delete().where(table.until <= time.time()).execute()
        if limit and self._others(table, place, given) >= limit:
            return False
        kept = {"until": given.until, "by": given.by, "rank": given.rank, "since": given.since}
        row = {**place, "user_id": given.user_id, "kind": given.kind, **kept}
        key = [getattr(table, name) for name in (*place, "user_id", "kind")]
        table.insert(row).on_conflict(conflict_target=key, update=kept).execute()
        return True

    def _place(self, room: str) -> dict[str, Any] | None:
        """The column that names the room, where there is one; None if the room is not there."""
        if room == SITE:
            return {}
        wanted = self._room.select(self._room.id).where(self._room.name == room)
        found = next(iter(self._backend.locking(wanted)), None)  # so that others who count wait
        return None if found is None else {"room": found.id}

    def _others(self, table: Any, place: dict[str, Any], given: Sanction) -> int:
        """Return how many other users have such a sanction there."""
        same = (table.kind == given.kind) & (table.user_id != given.user_id) & (table.until > time.time())
        for name, value in place.items():
            same &= getattr(table, name) == value
        return int(table.select().where(same).count())

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


def _sanctions(table: str, rows: Sequence[Sequence[Any]]) -> Iterator[Sanction]:
    """Yield the sanctions in rows of `FIELDS`. One whose row is damaged holds, if it tells whom and what."""
    strange = 0
    for row in rows:
        try:
            yield made(Sanction, FIELDS, row)
        except STRANGE:
            strange += 1
            yield from _held(row)
    if strange:
        tell(table, strange)


def _held(row: Sequence[Any]) -> Iterator[Sanction]:
    room, user_id, kind = row[:3]
    if isinstance(room, str) and isinstance(user_id, str) and kind in HELD:
        now = time.time()
        yield Sanction(room, user_id, kind, now + HELD_SECONDS, "", "admin", now)


def _fields(table: Any) -> tuple[Any, ...]:
    return table.user_id, table.kind, table.until, table.by, table.rank, table.since
