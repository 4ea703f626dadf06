"""Direct rooms: the one room of some users, found by a digest of their ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tornchat import RoomInfo
from tornchat_peewee.backend import Backend
from tornchat_peewee.models import Models
from tornchat_peewee.rooms import RoomTable
from tornchat_peewee.session import DatabaseSession


class DirectRooms:
    """The direct rooms of one database. Methods run in a worker thread, with its session."""

    def __init__(self, backend: Backend, models: Models, rooms: RoomTable) -> None:
        self._backend = backend
        self._room, self._member = models.room, models.member
        self._rooms = rooms

    def find(self, session: DatabaseSession, key: str) -> RoomInfo | None:
        """Implements the hook `find_direct`. Raises `Unavailable`."""
        with session.reading() as cursor:
            return self._find(cursor, key)

    def create(
        self, session: DatabaseSession, key: str, name: str, user_ids: Sequence[str]
    ) -> RoomInfo | None:
        """Implements the hook `create_direct`. Raises `NotStored`."""
        try:
            with session.writing() as cursor:
                if not self._rooms.insert(name, None, True, key):
                    return self._find(cursor, key)  # made meanwhile, or the name is taken
                room = self._room.get(self._room.name == name)
                rows = [{"room": room.id, "user_id": user_id, "role": "member"} for user_id in user_ids]
                self._member.insert_many(rows).execute()
                return self._rooms.found(cursor, name)
        except self._backend.data_errors:
            return None  # an id that the database can't hold

    def _find(self, cursor: Any, key: str) -> RoomInfo | None:
        row = self._room.select(self._room.name).where(self._room.direct_key == key).tuples().first()
        return None if row is None else self._rooms.found(cursor, row[0])
