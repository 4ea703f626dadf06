"""What rooms say of themselves: title, topic, and whether they are private."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tornchat import RoomDescription
from tornchat_peewee.backend import Backend
from tornchat_peewee.models import Models
from tornchat_peewee.rows import fetched, sound, text
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.statements import MOST_NAMES


class Descriptions:
    """The descriptions in one database. Methods run in a worker thread, with its session."""

    def __init__(self, backend: Backend, models: Models) -> None:
        self._backend = backend
        self._room = models.room

    def change(
        self,
        session: DatabaseSession,
        name: str,
        title: str | None,
        topic: str | None,
        private: bool | None,
    ) -> RoomDescription | None:
        """Implements the hook `describe_room`. Raises `NotStored`."""
        given = {"title": title, "topic": topic, "private": private}
        values = {key: value for key, value in given.items() if value is not None}
        try:
            with session.writing() as cursor:
                if values:
                    self._room.update(values).where(self._room.name == name).execute()
                return self._read(cursor, [name]).get(name)
        except self._backend.data_errors:
            return None

    def read(self, session: DatabaseSession, rooms: Sequence[str]) -> dict[str, RoomDescription]:
        """Implements the hook `read_descriptions`. Raises `Unavailable`."""
        try:
            with session.reading() as cursor:
                return self._read(cursor, rooms)
        except self._backend.data_errors:
            return {}  # a name that the database can't hold is no room's

    def _read(self, cursor: Any, rooms: Sequence[str]) -> dict[str, RoomDescription]:
        """Return the descriptions of these rooms, within the caller's transaction."""
        room, found = self._room, dict[str, RoomDescription]()
        described = room.select(room.name, room.title, room.topic, room.private)
        for start in range(0, len(rooms), MOST_NAMES):
            part = described.where(room.name.in_(list(rooms[start : start + MOST_NAMES])))
            found |= dict(sound("room", fetched(cursor, part), _description))
        return found


def _description(row: Sequence[Any]) -> tuple[str, RoomDescription]:
    name, title, topic, private = row
    return text(name), RoomDescription(text(title), text(topic), bool(private))
