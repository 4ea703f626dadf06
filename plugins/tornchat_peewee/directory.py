"""The room directory: listing, creating and deleting rooms, and managing their members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tornchat import Membership, Rejected, Role, RoomInfo, RoomSummary, User
from tornchat_peewee.backend import Backend
from tornchat_peewee.models import Models
from tornchat_peewee.rooms import RoomTable, new_epoch, visible
from tornchat_peewee.rows import fetched, made, sound
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.statements import MOST_NAMES

MOST_CLEARED = 1000
"""Maximum number of entries of a deleted room removed per transaction, which delays messages."""


class DirectoryTable:
    """The rooms and members of one database. Methods run in a worker thread, with its session.

    Methods that write raise `NotStored`; methods that only read raise `Unavailable`.
    """

    def __init__(self, backend: Backend, models: Models, rooms: RoomTable) -> None:
        self._backend = backend
        self._room, self._message, self._act = models.room, models.message, models.act
        self._marks = (models.mark, models.standing)
        self._mention, self._marker = models.mention, models.marker
        self._member, self._sanction, self._report = models.member, models.sanction, models.report
        self._models = models
        self._rooms = rooms

    # --- rooms ---

    def list_rooms(
        self, session: DatabaseSession, user: User, after: str | None, limit: int
    ) -> list[RoomSummary]:
        """Implements the hook `list_rooms`."""
        room, name = self._room, self._backend.by_code_point(self._room.name)
        listed = visible(self._models, user)
        if after is not None:
            listed &= name > after
        of_log = (room.name, room.epoch, room.private, room.owner, room.head_seq)
        fields = (*of_log, room.slow_seconds, room.title, room.topic, room.direct)
        try:
            with session.reading() as cursor:
                rows = room.select(*fields).where(listed).order_by(name).limit(max(limit, 0))
                return sound("room", fetched(cursor, rows), _summary)
        except self._backend.data_errors:
            return []  # a name that the database can't hold

    def create_room(
        self, session: DatabaseSession, name: str, private: bool, owned_limit: int, owner: str | None
    ) -> RoomInfo:
        """Implements the hook `create_room`. Raises `Rejected`."""
        try:
            with session.writing() as cursor:
                if owner is not None:
                    self._backend.take_turns(cursor, owner)
                created = self._create(cursor, name, owner, private, owned_limit)
        except self._backend.data_errors:
            created = "invalid_message"
        if isinstance(created, str):
            raise Rejected(code=created)
        return created

    def _create(
        self, cursor: Any, name: str, owner: str | None, private: bool, owned_limit: int
    ) -> RoomInfo | str:
        """Give the new room, or the code that says why there is none."""
        if self._rooms.exists(name):
            return "room_taken"
        if not self._rooms.may_own(owner, owned_limit):
            return "too_many_rooms"
        added = self._rooms.insert(name, owner, private)
        return self._rooms.found(cursor, name) if added else "room_taken"

    def delete_room(self, session: DatabaseSession, name: str, epoch: str) -> bool:
        """Implements the hook `delete_room`. The room is only marked; `clear` deletes its rows later."""
        room, nobodys = self._room, f"\x7f{new_epoch()}"
        mine = (room.name == name) & (room.epoch == epoch)
        with session.writing():
            gone = {"name": nobodys, "deleted": True, "owner": None, "epoch": new_epoch()}
            return bool(room.update({**gone, "direct_key": None}).where(mine).execute())

    def has_deleted(self, session: DatabaseSession) -> bool:
        """Return whether there are deleted rooms whose rows still exist."""
        with session.reading():
            return bool(self._room.select().where(self._room.deleted).exists())

    def clear(self, session: DatabaseSession) -> bool:
        """Delete some rows of a deleted room; return False if there is no such room."""
        with session.writing() as cursor:
            found = self._room.select().where(self._room.deleted).first()
            done = found is not None and self._clear(cursor, found)
        if done:
            session.erase()
        return found is not None

    def _clear(self, cursor: Any, room: Any) -> bool:
        """Delete some entries of the room, and finally the room; return whether it is gone."""
        end = room.first_seq + MOST_CLEARED
        self._backend.index.forget(cursor, room.id, room.first_seq, end)
        for entries in (self._message, self._act, self._mention):
            entries.delete().where((entries.room == room.id) & (entries.seq < end)).execute()
        for marks in self._marks:
            marks.delete().where((marks.room == room.id) & (marks.target < end)).execute()
        done = bool(end > room.head_seq)
        if done:
            for people in (
                self._member,
                self._sanction,
                self._report,
                self._marker,
                self._models.invite,
            ):  # foreign keys are off in SQLite: no cascade
                people.delete().where(people.room == room.id).execute()
            self._room.delete().where(self._room.id == room.id).execute()
        else:
            self._room.update(first_seq=end).where(self._room.id == room.id).execute()
        return done

    # --- members ---

    def read_members(
        self, session: DatabaseSession, name: str, users: Sequence[str] | None
    ) -> list[Membership]:
        """Implements the hook `read_members`."""
        try:
            with session.reading() as cursor:
                members = self._members(cursor, name, users)
        except self._backend.data_errors:
            return []  # a name or an id that the database can't hold
        return [members[user_id] for user_id in sorted(members)]

    def _members(self, cursor: Any, name: str, users: Sequence[str] | None) -> dict[str, Membership]:
        room, member = self._room, self._member
        found = fetched(cursor, room.select(room.id, room.owner).where(room.name == name))
        if not found:
            return {}
        room_id, owner = found[0]
        rows = member.select(member.user_id, member.role).where(member.room == room_id)
        if users is not None:
            rows = rows.where(member.user_id.in_(list(users)))
        members = {one.user_id: one for one in sound("member", fetched(cursor, rows), _membership)}
        if isinstance(owner, str) and (users is None or owner in users):
            members[owner] = Membership(owner, "owner")
        return members

    def read_admitted(
        self, session: DatabaseSession, rooms: Mapping[str, Sequence[str]]
    ) -> dict[str, Sequence[str]]:
        """Implements the hook `read_admitted`."""
        found: dict[str, Sequence[str]] = {}
        try:
            with session.reading() as cursor:
                private = self._privacy(cursor, list(rooms))
                for name, users in rooms.items():
                    hidden = private.get(name, True)
                    found[name] = self._members_of(cursor, name, users) if hidden else users
        except self._backend.data_errors:
            return {}  # a name or an id that the database can't hold
        return found

    def _privacy(self, cursor: Any, names: Sequence[str]) -> dict[str, bool]:
        """Return those of the rooms that exist, each with whether it is private: few queries for many."""
        room, private = self._room, dict[str, bool]()
        for start in range(0, len(names), MOST_NAMES):
            part = list(names[start : start + MOST_NAMES])
            found = fetched(cursor, room.select(room.name, room.private).where(room.name.in_(part)))
            private |= {name: bool(hidden) for name, hidden in found}
        return private

    def _members_of(self, cursor: Any, name: str, users: Sequence[str]) -> Sequence[str]:
        parts = (users[start : start + MOST_NAMES] for start in range(0, len(users), MOST_NAMES))
        return [user_id for part in parts for user_id in self._members(cursor, name, part)]

    def set_member(
        self, session: DatabaseSession, name: str, user_id: str, role: Role, limits: tuple[int, int]
    ) -> bool:
        """Implements the hook `set_member`. `limits`: of owned rooms, of members. Raises `Rejected`."""
        try:
            with session.writing() as cursor:
                if role == "owner":
                    self._backend.take_turns(cursor, user_id)
                room = self._locked(name)
                code = None if room is None else self._set(room, user_id, role, *limits)
        except self._backend.data_errors:
            return False
        if code:
            raise Rejected(code=code)
        return room is not None

    def _set(self, room: Any, user_id: str, role: Role, owned_limit: int, members_limit: int) -> str:
        """Give the user this role; return "", or the code that says why the user may not have it."""
        if user_id == room.owner:
            return ""
        if role == "owner" and not self._rooms.may_own(user_id, owned_limit):
            return "too_many_rooms"
        if self._is_full(room, user_id, members_limit):
            return "too_many_members"
        if role == "owner":
            self._hand_over(room, user_id)
        else:
            self._put(room, user_id, role)
        return ""

    def _is_full(self, room: Any, user_id: str, limit: int) -> bool:
        """Return whether the room has `limit` members (0: no limit) without this user."""
        member = self._member
        others = member.select().where((member.room == room.id) & (member.user_id != user_id))
        if not limit or others.count() + (room.owner is not None) < limit:
            return False
        return not member.select().where((member.room == room.id) & (member.user_id == user_id)).exists()

    def _hand_over(self, room: Any, user_id: str) -> None:
        if room.owner not in (None, user_id):
            self._put(room, room.owner, "moderator")
        mine = (self._member.room == room.id) & (self._member.user_id == user_id)
        self._member.delete().where(mine).execute()
        self._room.update(owner=user_id).where(self._room.id == room.id).execute()

    def _put(self, room: Any, user_id: str, role: Role) -> None:
        row = {"room": room.id, "user_id": user_id, "role": role}
        key = [self._member.room, self._member.user_id]
        self._member.insert(row).on_conflict(conflict_target=key, update={"role": role}).execute()

    def remove_member(self, session: DatabaseSession, name: str, user_id: str) -> bool:
        """Implements the hook `remove_member`."""
        try:
            with session.writing():
                room = self._locked(name)
                if room is None or room.owner == user_id:
                    return False
                mine = (self._member.room == room.id) & (self._member.user_id == user_id)
                return bool(self._member.delete().where(mine).execute())
        except self._backend.data_errors:
            return False

    def _locked(self, name: str) -> Any:
        """Return the room, locked until the transaction ends; None if it does not exist."""
        wanted = self._room.select(self._room.id, self._room.owner).where(self._room.name == name)
        return next(iter(self._backend.locking(wanted)), None)


def _summary(row: Sequence[Any]) -> RoomSummary:
    name, epoch, private, owner, *rest, title, topic, direct = row
    owner = owner if isinstance(owner, str) else None
    fields = (name, epoch, bool(private), owner, *rest, title, topic, bool(direct))
    return made(RoomSummary, RoomSummary.__struct_fields__, fields)


def _membership(row: Sequence[Any]) -> Membership:
    return made(Membership, Membership.__struct_fields__, row)
