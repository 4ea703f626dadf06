"""A small right plugin of descriptions, invites and direct rooms: the wrong ones are made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from tests.testing.memory import Log, head
from tests.testing.memory_managing import MemoryManaging
from tornchat import Accepted, Invite, Rejected, RoomDescription, RoomInfo, RoomSummary, User, hookimpl


def described(info: RoomInfo) -> RoomDescription:
    return RoomDescription(info.title, info.topic, info.private)


class MemoryRooms(MemoryManaging):
    @hookimpl
    def list_rooms(self, user: User, after: str | None, limit: int) -> Sequence[RoomSummary]:
        rooms = [self.disk[one.name] for one in super().list_rooms(user, after, limit)]
        return [
            RoomSummary(
                log.info.name,
                log.info.epoch,
                log.info.private,
                log.info.owner,
                head(log),
                log.info.slow_seconds,
                log.info.title,
                log.info.topic,
                log.info.direct,
            )
            for log in rooms
        ]

    @hookimpl
    def describe_room(
        self, room: str, title: str | None, topic: str | None, private: bool | None
    ) -> RoomDescription | None:
        if room not in self.disk:
            return None
        given = {"title": title, "topic": topic, "private": private}
        values = {key: value for key, value in given.items() if value is not None}
        self.disk[room].info = msgspec.structs.replace(self.disk[room].info, **values)
        return described(self.disk[room].info)

    @hookimpl
    def read_descriptions(self, rooms: Sequence[str]) -> Mapping[str, RoomDescription]:
        return {room: described(self.disk[room].info) for room in rooms if room in self.disk}

    # --- invites ---

    @property
    def invites(self) -> dict[str, Invite]:
        return self.disk.setdefault("the invites", {})  # type: ignore[arg-type, return-value]

    def of_room(self, room: str) -> dict[str, Invite]:
        return {digest: one for digest, one in self.invites.items() if one.room == room}

    @hookimpl
    def delete_room(self, room: str, epoch: str) -> bool:
        gone = super().delete_room(room, epoch)
        for digest in self.of_room(room) if gone else ():
            del self.invites[digest]
        for key in [key for key, name in self.keys.items() if name == room] if gone else ():
            del self.keys[key]
        return gone

    @hookimpl
    def store_invite(self, invite: Invite, digest: str, limit: int) -> bool:
        if invite.room not in self.disk:
            return False
        for key, one in self.of_room(invite.room).items():
            if one.expires_at <= invite.created_at or one.used >= one.uses:
                del self.invites[key]
        if len(self.of_room(invite.room)) >= limit:
            raise Rejected(code="too_many_invites")
        self.invites[digest] = invite
        return True

    @hookimpl
    def read_invites(self, room: str) -> Sequence[Invite]:
        return sorted(self.of_room(room).values(), key=lambda one: -one.created_at)

    @hookimpl
    def revoke_invite(self, room: str, invite_id: str) -> bool:
        found = [digest for digest, one in self.of_room(room).items() if one.id == invite_id]
        for digest in found:
            del self.invites[digest]
        return bool(found)

    @hookimpl
    def find_invite(self, digest: str) -> Invite | None:
        return self.invites.get(digest)

    @hookimpl
    def use_invite(self, digest: str, user_id: str, at: float, members_limit: int) -> Accepted | None:
        invite = self.invites.get(digest)
        if invite is None:
            return None
        members = {one.user_id: one.role for one in self.read_members(invite.room, None)}
        if user_id in members:
            return Accepted(invite.room, members[user_id], False)
        self.refuse(invite, at, members_limit, len(members))
        self.set_member(invite.room, user_id, invite.role, 0, 0)
        self.invites[digest] = msgspec.structs.replace(invite, used=invite.used + 1)
        return Accepted(invite.room, invite.role, True)

    def refuse(self, invite: Invite, at: float, members_limit: int, members: int) -> None:
        if invite.expires_at <= at:
            raise Rejected(code="invite_expired")
        if invite.used >= invite.uses:
            raise Rejected(code="invite_used_up")
        if 0 < members_limit <= members:
            raise Rejected(code="too_many_members")

    # --- direct rooms ---

    @property
    def keys(self) -> dict[str, str]:
        return self.disk.setdefault("the keys", {})  # type: ignore[arg-type, return-value]

    @hookimpl
    def find_direct(self, key: str) -> RoomInfo | None:
        return self.disk[self.keys[key]].info if key in self.keys else None

    @hookimpl
    def create_direct(self, key: str, name: str, user_ids: Sequence[str]) -> RoomInfo | None:
        if key not in self.keys:
            if name in self.disk:
                return None
            self.disk[name] = Log(RoomInfo(name, self.epoch(), True, direct=True))
            self.people(name).update(dict.fromkeys(user_ids, "member"))
            self.keys[key] = name
        return self.find_direct(key)
