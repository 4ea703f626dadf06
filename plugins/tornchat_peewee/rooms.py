"""The table of rooms: finding and creating rooms."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from tornchat import RoomInfo, User
from tornchat_peewee.backend import Backend
from tornchat_peewee.models import Models
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.statements import Statements

ADMIN = "admin"
"""The token role to which every room is visible."""


class NewRoom(NamedTuple):
    """A public room to be created. `owner` may own `owned_limit` rooms; 0: any number."""

    name: str
    owner: str | None
    owned_limit: int


class RoomTable:
    """The rooms of one database. Methods run in a worker thread, with its session."""

    def __init__(self, backend: Backend, models: Models, statements: Statements) -> None:
        self._backend = backend
        self._room, self._member = models.room, models.member
        self._sql = statements

    def find(self, session: DatabaseSession, name: str) -> RoomInfo | None:
        """Return the room, or None if it does not exist. Raises `Unavailable`."""
        try:
            with session.reading() as cursor:
                return self._find(cursor, name)
        except self._backend.data_errors:
            return None  # a name that the database can't hold is no room's

    def create(self, session: DatabaseSession, wanted: Sequence[NewRoom]) -> list[RoomInfo | None]:
        """Create rooms in one transaction. Return each room, in the order of `wanted`.

        A room that exists already is returned as it is. The result is None for a room whose owner may own no
        more, and for a name that the database can't store. Raises `NotStored`.
        """
        try:
            with session.writing() as cursor:
                return self._create(cursor, wanted)
        except self._backend.data_errors:
            if len(wanted) == 1:
                return [None]
        return [self.create(session, [room])[0] for room in wanted]

    def _create(self, cursor: Any, wanted: Sequence[NewRoom]) -> list[RoomInfo | None]:
        # Sorted, so that the transactions of two nodes wait for each other in one order.
        for owner in sorted({room.owner for room in wanted if room.owner is not None}):
            self._backend.take_turns(cursor, owner)
        for room in sorted(wanted, key=_name):
            if self.may_own(room.owner, room.owned_limit):
                self.insert(room.name, room.owner)
        return [self._find(cursor, room.name) for room in wanted]

    def admits(self, session: DatabaseSession, room: RoomInfo, user: User) -> bool:
        """Return whether the room is visible to the user. Raises `Unavailable`."""
        if not room.private or room.owner == user.id or ADMIN in user.roles:
            return True
        member = self._member
        here = self._room.select(self._room.id).where(self._room.name == room.name)
        try:
            with session.reading():
                found = member.select().where((member.user_id == user.id) & member.room.in_(here))
                return bool(found.exists())
        except self._backend.data_errors:
            return False

    def renew_epoch(self, session: DatabaseSession, name: str, epoch: str) -> None:
        """Replace the room's epoch with a new one if it still equals `epoch`. Raises `NotStored`."""
        with session.writing():
            mine = (self._room.name == name) & (self._room.epoch == epoch)
            self._room.update(epoch=new_epoch()).where(mine).execute()

    def _find(self, cursor: Any, name: str) -> RoomInfo | None:
        cursor.execute(self._sql.room, (name,))
        row = cursor.fetchone()
        if row is None:
            return None
        epoch, private, owner, slow_seconds, title, topic, direct = row
        owner = owner if isinstance(owner, str) else None
        slow = slow_seconds if type(slow_seconds) is int else 0
        title, topic = (text if isinstance(text, str) else "" for text in (title, topic))
        return RoomInfo(name, epoch, bool(private), owner, slow, title, topic, bool(direct))

    def found(self, cursor: Any, name: str) -> RoomInfo:
        """Return a room that is known to exist, within the caller's transaction."""
        room = self._find(cursor, name)
        assert room is not None
        return room

    def exists(self, name: str) -> bool:
        """Return whether the room exists, within the caller's transaction."""
        return bool(self._room.select().where(self._room.name == name).exists())

    def may_own(self, owner: str | None, owned_limit: int) -> bool:
        """Say whether `owner` may own one more room, in the caller's transaction; None is nobody."""
        if owner is None:
            return True
        rooms = self._room.select().where(self._room.owner == owner)
        return not owned_limit or bool(rooms.count() < owned_limit)

    def insert(
        self, name: str, owner: str | None, private: bool = False, direct_key: str | None = None
    ) -> bool:
        """Make a room, in the caller's transaction; False if somebody else, on another node, was quicker.

        One with a `direct_key` is direct.
        """
        created_at = time.time_ns() // 1_000_000
        row = {"name": name, "epoch": new_epoch(), "owner": owner, "created_at": created_at}
        kind = {"private": private, "direct": direct_key is not None, "direct_key": direct_key}
        added = self._room.insert({**row, **kind}).on_conflict_ignore()
        return bool(added.as_rowcount().execute())


def _name(room: NewRoom) -> str:
    return room.name


def visible(models: Models, user: User) -> Any:
    """Return the condition that a room is there and visible to the user."""
    room, member = models.room, models.member
    if ADMIN in user.roles:
        return ~room.deleted
    joined = member.select(member.room).where(member.user_id == user.id)
    return ~room.deleted & (~room.private | (room.owner == user.id) | room.id.in_(joined))


def new_epoch() -> str:
    """Return a random epoch, unique among all logs."""
    return secrets.token_hex(8)
