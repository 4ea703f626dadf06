"""Invites: links by which users become members of a room. Only the digests of their tokens are stored."""

from __future__ import annotations

from functools import partial
from typing import Any

from tornchat import Accepted, Invite, Rejected, Role
from tornchat_peewee.backend import Backend
from tornchat_peewee.models import Models
from tornchat_peewee.rows import fetched, made, sound
from tornchat_peewee.session import DatabaseSession


class InviteTable:
    """The invites of one database. Methods run in a worker thread, with its session."""

    def __init__(self, backend: Backend, models: Models) -> None:
        self._backend = backend
        self._room, self._member, self._invite = models.room, models.member, models.invite

    def store(self, session: DatabaseSession, invite: Invite, digest: str, limit: int) -> bool:
        """Implements the hook `store_invite`. Raises `Rejected`, `NotStored`."""
        try:
            with session.writing():
                room = self._locked(invite.room)
                full = room is not None and not self._store(room.id, invite, digest, limit)
        except self._backend.data_errors:
            return False
        if full:
            raise Rejected(code="too_many_invites")
        return room is not None

    def _store(self, room_id: int, given: Invite, digest: str, limit: int) -> bool:
        """Store the invite, unless the room has `limit` invites that can still be used."""
        invite = self._invite
        here = invite.room == room_id
        over = (invite.expires_at <= given.created_at) | (invite.used >= invite.uses)
        invite.delete().where(here & over).execute()
        if invite.select().where(here).count() >= limit:
            return False
        row = {"digest": digest, "id": given.id, "room": room_id, "role": given.role, "by": given.by}
        times = {"created_at": given.created_at, "expires_at": given.expires_at}
        invite.insert({**row, **times, "uses": given.uses, "used": given.used}).execute()
        return True

    def read(self, session: DatabaseSession, name: str) -> list[Invite]:
        """Implements the hook `read_invites`. Raises `Unavailable`."""
        rows = self._rows().where(self._room.name == name).order_by(self._invite.created_at.desc())
        try:
            with session.reading() as cursor:
                return sound("invite", fetched(cursor, rows), partial(made, Invite, Invite.__struct_fields__))
        except self._backend.data_errors:
            return []  # a name that the database can't hold is no room's

    def revoke(self, session: DatabaseSession, name: str, invite_id: str) -> bool:
        """Implements the hook `revoke_invite`. Raises `NotStored`."""
        here = self._room.select(self._room.id).where(self._room.name == name)
        mine = self._invite.room.in_(here) & (self._invite.id == invite_id)
        try:
            with session.writing():
                return bool(self._invite.delete().where(mine).execute())
        except self._backend.data_errors:
            return False

    def find(self, session: DatabaseSession, digest: str) -> Invite | None:
        """Implements the hook `find_invite`. Raises `Unavailable`."""
        try:
            with session.reading():
                return self._found(digest)
        except self._backend.data_errors:
            return None

    def use(
        self, session: DatabaseSession, digest: str, user_id: str, at: float, members_limit: int
    ) -> Accepted | None:
        """Implements the hook `use_invite`. Raises `Rejected`, `NotStored`."""
        try:
            with session.writing():
                invite = self._found(digest)
                room = self._locked(invite.room) if invite is not None else None
                invite = self._found(digest)  # again: while it waited for the lock, others used it
                if room is None or invite is None:
                    return None
                result = self._use(room, invite, digest, user_id, at, members_limit)
        except self._backend.data_errors:
            return None
        if isinstance(result, str):
            raise Rejected(code=result)
        return result

    def _use(
        self, room: Any, invite: Invite, digest: str, user_id: str, at: float, members_limit: int
    ) -> Accepted | str:
        """Return the membership, or the code that says why there is none."""
        role = self._role(room, user_id)
        if role is not None:
            return Accepted(invite.room, role, False)
        if invite.expires_at <= at:
            return "invite_expired"
        if invite.used >= invite.uses:
            return "invite_used_up"
        if members_limit and self._members(room) >= members_limit:
            return "too_many_members"
        self._member.insert(room=room.id, user_id=user_id, role=invite.role).execute()
        self._invite.update(used=invite.used + 1).where(self._invite.digest == digest).execute()
        return Accepted(invite.room, invite.role, True)

    def _role(self, room: Any, user_id: str) -> Role | None:
        if room.owner == user_id:
            return "owner"
        member = self._member
        mine = (member.room == room.id) & (member.user_id == user_id)
        row = member.select(member.role).where(mine).tuples().first()
        return None if row is None else row[0]

    def _members(self, room: Any) -> int:
        """Return the number of members, with the owner."""
        members = self._member.select().where(self._member.room == room.id).count()
        return int(members) + (room.owner is not None)

    def _rows(self) -> Any:
        invite, room = self._invite, self._room
        about = (invite.id, room.name, invite.role, invite.by)
        counts = (invite.created_at, invite.expires_at, invite.uses, invite.used)
        return invite.select(*about, *counts).join(room).where(~room.deleted)

    def _found(self, digest: str) -> Invite | None:
        row = self._rows().where(self._invite.digest == digest).tuples().first()
        return None if row is None else Invite(*row)

    def _locked(self, name: str) -> Any:
        """Return the room, locked until the transaction ends; None if it does not exist."""
        wanted = self._room.select(self._room.id, self._room.owner).where(self._room.name == name)
        return next(iter(self._backend.locking(wanted)), None)
