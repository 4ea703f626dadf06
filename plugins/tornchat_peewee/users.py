"""Who has been here: the users with an account, by their ids and names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from peewee import EXCLUDED

from tornchat import KnownUser
from tornchat_peewee.backend import Backend
from tornchat_peewee.models import Models
from tornchat_peewee.rows import fetched, made, sound
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.statements import MOST_NAMES

MOST_FOUND = 10
FIELDS = ("id", "username", "name_key", "roles")


class UserTable:
    """All users of one database. Its methods run in a worker's thread, in its session."""

    def __init__(self, backend: Backend, models: Models) -> None:
        self._backend = backend
        self._user = models.known_user

    def store(self, session: DatabaseSession, users: Sequence[KnownUser]) -> None:
        """Implements the hook `store_users`. Raises `NotStored`."""
        try:
            self._store(session, users)
        except self._backend.data_errors:
            if len(users) > 1:  # one that the database can't hold keeps none of the others out
                for user in users:
                    self.store(session, [user])

    def _store(self, session: DatabaseSession, users: Sequence[KnownUser]) -> None:
        table = self._user
        rows = [(user.id, user.username, user.name_key, _written(user.roles)) for user in users]
        fields = [table.id, table.username, table.name_key, table.roles]
        kept = {field: getattr(EXCLUDED, field.column_name) for field in fields[1:]}
        with session.writing():
            table.insert_many(rows, fields).on_conflict(conflict_target=[table.id], update=kept).execute()

    def read(self, session: DatabaseSession, user_ids: Sequence[str]) -> list[KnownUser]:
        """Implements the hook `read_users`. Raises `Unavailable`."""
        found: list[KnownUser] = []
        try:
            with session.reading() as cursor:
                for start in range(0, len(user_ids), MOST_NAMES):
                    part = list(user_ids[start : start + MOST_NAMES])
                    rows = fetched(cursor, self._user.select().where(self._user.id.in_(part)))
                    found += sound("known_user", rows, _user)
        except self._backend.data_errors:
            return []  # an id that the database can't hold
        return found

    def find(self, session: DatabaseSession, name_key: str) -> list[KnownUser]:
        """Implements the hook `find_users`. Raises `Unavailable`."""
        try:
            with session.reading() as cursor:
                rows = self._user.select().where(self._user.name_key == name_key).limit(MOST_FOUND)
                return sound("known_user", fetched(cursor, rows), _user)
        except self._backend.data_errors:
            return []


def _written(roles: Sequence[str]) -> str:
    return msgspec.json.encode(roles).decode()


def _user(row: Sequence[Any]) -> KnownUser:
    *names, roles = row
    return made(KnownUser, FIELDS, (*names, msgspec.json.decode(roles)))
