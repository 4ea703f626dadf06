"""Who has been here: the users with an account, by their ids and names."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
from peewee import EXCLUDED

from tornchat import KnownUser
from tornchat_peewee.backend import Backend
from tornchat_peewee.models import Models
from tornchat_peewee.rows import fetched, made, sound
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.statements import MOST_NAMES, padded, sql_of

MOST_FOUND = 10
FIELDS = ("id", "username", "name_key", "roles")
LAST = "\U0010ffff"
"""The last character: a text that begins with another is less than that one followed by it."""


class UserTable:
    """All users of one database. Its methods run in a worker's thread, in its session."""

    def __init__(self, backend: Backend, models: Models) -> None:
        self._backend = backend
        self._user = user = models.known_user
        kept = {
            field: getattr(EXCLUDED, field.column_name)
            for field in (user.username, user.name_key, user.roles)
        }
        row = dict.fromkeys((user.id, *kept), "")
        self._upsert = sql_of(
            user.insert(row).on_conflict(conflict_target=[user.id], update=kept).returning()
        )
        """id, name, name key, roles"""
        self._by_ids = lru_cache(maxsize=16)(
            lambda count: sql_of(user.select().where(user.id.in_([""] * count)))
        )

    def store(self, session: DatabaseSession, users: Sequence[KnownUser]) -> None:
        """Implements the hook `store_users`. Raises `NotStored`."""
        try:
            self._store(session, users)
        except self._backend.data_errors:
            if len(users) > 1:  # one that the database can't hold keeps none of the others out
                for user in users:
                    self.store(session, [user])

    def _store(self, session: DatabaseSession, users: Sequence[KnownUser]) -> None:
        rows = [(user.id, user.username, user.name_key, _written(user.roles)) for user in users]
        with session.writing() as cursor:
            cursor.executemany(self._upsert, rows)

    def read(self, session: DatabaseSession, user_ids: Sequence[str]) -> list[KnownUser]:
        """Implements the hook `read_users`. Raises `Unavailable`."""
        found: list[KnownUser] = []
        try:
            with session.reading() as cursor:
                for start in range(0, len(user_ids), MOST_NAMES):
                    ids = padded(list(user_ids[start : start + MOST_NAMES]))
                    cursor.execute(self._by_ids(len(ids)), ids)
                    found += sound("known_user", cursor.fetchall(), _user)
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

    def search(self, session: DatabaseSession, prefix: str, limit: int) -> list[KnownUser]:
        """Implements the hook `search_users`. Raises `Unavailable`."""
        key = self._backend.by_code_point(self._user.name_key)
        begins = (key >= prefix) & (key < prefix + LAST)
        rows = self._user.select().where(begins).order_by(key, self._user.id).limit(max(limit, 0))
        try:
            with session.reading() as cursor:
                return sound("known_user", fetched(cursor, rows), _user)
        except self._backend.data_errors:
            return []


def _written(roles: Sequence[str]) -> str:
    return msgspec.json.encode(roles).decode()


def _user(row: Sequence[Any]) -> KnownUser:
    *names, roles = row
    return made(KnownUser, FIELDS, (*names, msgspec.json.decode(roles)))
