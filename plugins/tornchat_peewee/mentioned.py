"""Erasing a user: the id goes from the mentions of the messages of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from tornchat import Mentions
from tornchat_peewee.backend import Backend
from tornchat_peewee.models import Models
from tornchat_peewee.rows import STRANGE
from tornchat_peewee.session import DatabaseSession

Place = tuple[int, int]
"""The id of a room and the `seq` of a message."""


class Mentioned:
    """Removes users from the mentions in one database. Methods run in a worker thread, with its session."""

    def __init__(self, backend: Backend, models: Models) -> None:
        self._backend = backend
        self._room, self._message = models.room, models.message

    def find(self, session: DatabaseSession, user_id: str) -> list[Place]:
        """Return the messages that mention the user. Reads the whole log. Raises `Unavailable`."""
        message = self._message
        rows = message.select(message.room_id, message.seq, message.mentions)
        try:
            with session.reading() as cursor:
                cursor.execute(*rows.where(message.mentions.is_null(False)).sql())
                return [(room, seq) for room, seq, text in cursor if user_id in _read(text).users]
        except self._backend.data_errors:
            return []  # an id that the database can't hold is nobody's

    def remove(self, session: DatabaseSession, user_id: str, places: Sequence[Place]) -> None:
        """Remove the user from these messages. Raises `NotStored`.

        The rooms are locked, since an edit writes the mentions that it has read.
        """
        room, message = self._room, self._message
        with session.writing():
            ids = sorted({place[0] for place in places})
            list(self._backend.locking(room.select(room.id).where(room.id.in_(ids))))
            for room_id, seq in places:
                here = (message.room == room_id) & (message.seq == seq)
                row = message.select(message.mentions).where(here).tuples().first()
                if row is not None and row[0] is not None:
                    message.update(mentions=_without(row[0], user_id)).where(here).execute()


def _read(text: Any) -> Mentions:
    try:
        return msgspec.json.decode(text, type=Mentions)
    except STRANGE:
        return Mentions()


def _without(text: str, user_id: str) -> str | None:
    """Return the mentions without the user; None if nobody is left."""
    mentions = _read(text)
    left = replace(mentions, users=tuple(one for one in mentions.users if one != user_id))
    return msgspec.json.encode(left).decode() if left.users or left.room else None
