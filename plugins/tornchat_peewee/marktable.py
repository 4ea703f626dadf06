"""Reading who has marked messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tornchat import MarkSet
from tornchat_peewee.backend import Backend
from tornchat_peewee.models import Models
from tornchat_peewee.rows import fetched, made, sound, text
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.statements import SEPARATOR, joined


class MarkTable:
    """The marks in one database. Methods run in a worker thread, with its session."""

    def __init__(self, backend: Backend, models: Models) -> None:
        self._backend = backend
        self._room, self._mark = models.room, models.mark

    def read(
        self,
        session: DatabaseSession,
        room: str,
        targets: Sequence[int],
        user_id: str | None,
        after: int,
        limit: int,
    ) -> list[MarkSet] | None:
        """Implements the hook `read_marks`."""
        try:
            with session.reading() as cursor:
                found = self._room.select(self._room.id).where(self._room.name == room).scalar()
                return None if found is None else self._read(cursor, found, targets, user_id, after, limit)
        except self._backend.data_errors:
            return None  # a name that the database can't hold is no room's

    def _read(
        self, cursor: Any, room: int, targets: Sequence[int], user_id: str | None, after: int, limit: int
    ) -> list[MarkSet]:
        mark = self._mark
        columns = (mark.target, mark.kind, mark.user_id, mark.position)
        here: Any = (mark.room == room) & mark.target.in_(list(targets)) & (mark.position > after)
        if user_id is not None:
            here &= mark.user_id == user_id
        rows = mark.select(*columns, joined(self._backend, mark.token)).where(here).group_by(*columns)
        rows = rows.order_by(mark.position).limit(max(limit, 0))
        return sound("mark", fetched(cursor, rows), _set)


def _set(row: Sequence[Any]) -> MarkSet:
    target, kind, user, position, tokens = row
    return made(
        MarkSet,
        ("target", "kind", "user_id", "position", "tokens"),
        (target, kind, user, position, sorted(text(tokens).split(SEPARATOR))),
    )
