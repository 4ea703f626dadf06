"""Deliberately wrong plugins of descriptions, invites and direct rooms: each breaks one promise."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from tests.testing.memory import Log
from tests.testing.memory_rooms import MemoryRooms
from tornchat import Accepted, Invite, RoomDescription, RoomInfo, User, hookimpl

# --- descriptions ----------------------------------------------------------------------------------------


class DescribesInAscii(MemoryRooms):
    @hookimpl
    def describe_room(
        self, room: str, title: str | None, topic: str | None, private: bool | None
    ) -> RoomDescription | None:
        plain = None if title is None else title.encode("ascii", "replace").decode()
        return super().describe_room(room, plain, topic, private)


class ReplacesTheWholeDescription(MemoryRooms):
    @hookimpl
    def describe_room(
        self, room: str, title: str | None, topic: str | None, private: bool | None
    ) -> RoomDescription | None:
        return super().describe_room(room, title or "", topic or "", bool(private))


class ReadsBeforeItWrites(MemoryRooms):
    @hookimpl
    async def describe_room(  # type: ignore[override]
        self, room: str, title: str | None, topic: str | None, private: bool | None
    ) -> RoomDescription | None:
        before = self.read_descriptions([room]).get(room)
        await asyncio.sleep(0)
        if before is None:
            return None
        given = (before.title if title is None else title, before.topic if topic is None else topic)
        return super().describe_room(room, *given, before.private if private is None else private)


class DescribesAnything(MemoryRooms):
    @hookimpl
    def describe_room(
        self, room: str, title: str | None, topic: str | None, private: bool | None
    ) -> RoomDescription | None:
        return super().describe_room(room, title, topic, private) or RoomDescription(title or "")


class OpensRoomsWithoutTexts(MemoryRooms):
    @hookimpl
    def open_room(
        self, name: str, user: User, create: bool, owned_limit: int, owner: str | None
    ) -> RoomInfo | None:
        info = super().open_room(name, user, create, owned_limit, owner)
        return None if info is None else replace(info, title="", topic="")


class AdmitsWhoWasAdmitted(MemoryRooms):
    @hookimpl
    def read_admitted(self, rooms: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
        return rooms


class ForgetsDescriptions(MemoryRooms):
    @hookimpl
    def startup(self) -> None:
        for log in self.rooms().values():
            log.info = replace(log.info, title="", topic="")


# --- invites ---------------------------------------------------------------------------------------------


class ReadsAllInvites(MemoryRooms):
    @hookimpl
    def read_invites(self, room: str) -> Sequence[Invite]:
        return sorted(self.invites.values(), key=lambda one: -one.created_at)


class StoresForAnyRoom(MemoryRooms):
    @hookimpl
    def store_invite(self, invite: Invite, digest: str, limit: int) -> bool:
        super().store_invite(invite, digest, limit)
        return True


class CountsUsedUpInvites(MemoryRooms):
    @hookimpl
    def use_invite(self, digest: str, user_id: str, at: float, members_limit: int) -> Accepted | None:
        accepted = super().use_invite(digest, user_id, at, members_limit)
        self.invites[digest] = replace(self.invites[digest], uses=9)
        return accepted


class MakesMembersOnly(MemoryRooms):
    @hookimpl
    def use_invite(self, digest: str, user_id: str, at: float, members_limit: int) -> Accepted | None:
        accepted = super().use_invite(digest, user_id, at, members_limit)
        return None if accepted is None else replace(accepted, role="member")


class UsesUpForMembers(MemoryRooms):
    @hookimpl
    def use_invite(self, digest: str, user_id: str, at: float, members_limit: int) -> Accepted | None:
        accepted = super().use_invite(digest, user_id, at, members_limit)
        if accepted is not None and not accepted.joined:
            self.invites[digest] = replace(self.invites[digest], used=1)
        return accepted


class LooksBeforeItCounts(MemoryRooms):
    @hookimpl
    async def use_invite(  # type: ignore[override]
        self, digest: str, user_id: str, at: float, members_limit: int
    ) -> Accepted | None:
        before = self.invites.get(digest)
        if before is not None:
            self.refuse(before, at, members_limit, 0)
            await asyncio.sleep(0)
            self.invites[digest] = replace(before, used=0)
        return super().use_invite(digest, user_id, at, members_limit)


class NeverExpires(MemoryRooms):
    @hookimpl
    def use_invite(self, digest: str, user_id: str, members_limit: int) -> Accepted | None:
        return super().use_invite(digest, user_id, 0.0, members_limit)


class RevokesInAnyRoom(MemoryRooms):
    @hookimpl
    def revoke_invite(self, invite_id: str) -> bool:
        rooms = [one.room for one in self.invites.values() if one.id == invite_id]
        return bool(rooms) and super().revoke_invite(rooms[0], invite_id)


class KeepsInvitesByName(MemoryRooms):
    @hookimpl
    def delete_room(self, room: str, epoch: str) -> bool:
        kept = self.of_room(room)
        gone = super().delete_room(room, epoch)
        self.invites.update(kept)
        return gone


class KeepsInvitesInMemory(MemoryRooms):
    @hookimpl
    def startup(self) -> None:
        self.invites.clear()


# --- direct rooms ----------------------------------------------------------------------------------------


class OwnsDirectRooms(MemoryRooms):
    @hookimpl
    def create_direct(self, key: str, name: str, user_ids: Sequence[str]) -> RoomInfo | None:
        super().create_direct(key, name, user_ids)
        self.disk[name].info = replace(self.disk[name].info, owner=user_ids[0])
        return self.disk[name].info


class CreatesOneRoomPerCall(MemoryRooms):
    @hookimpl
    def create_direct(self, key: str, name: str, user_ids: Sequence[str]) -> RoomInfo | None:
        self.keys.pop(key, None)
        return super().create_direct(key, name, user_ids)


class LooksBeforeItCreates(MemoryRooms):
    @hookimpl
    async def create_direct(  # type: ignore[override]
        self, key: str, name: str, user_ids: Sequence[str]
    ) -> RoomInfo | None:
        found = self.find_direct(key)
        await asyncio.sleep(0)
        if found is None:
            self.keys.pop(key, None)
        return super().create_direct(key, name, user_ids)


class OpensDirectRoomsToAll(MemoryRooms):
    def admits(self, info: RoomInfo, user: User) -> bool:
        return info.direct or super().admits(info, user)


class TakesOverTheName(MemoryRooms):
    @hookimpl
    def create_direct(self, key: str, name: str, user_ids: Sequence[str]) -> RoomInfo | None:
        if key not in self.keys:
            self.disk.pop(name, None)
        return super().create_direct(key, name, user_ids)


class KeepsTheKey(MemoryRooms):
    @hookimpl
    def delete_room(self, room: str, epoch: str) -> bool:
        info, keys = self.disk[room].info, dict(self.keys)
        gone = super().delete_room(room, epoch)
        self.keys.update(keys)
        self.disk[room] = Log(info)
        return gone


class KeepsDirectRoomsInMemory(MemoryRooms):
    @hookimpl
    def startup(self) -> None:
        self.keys.clear()
