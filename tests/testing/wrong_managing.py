"""Deliberately wrong plugins of directory, moderation and search: each breaks one promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from tests.testing.memory import Log
from tests.testing.memory_managing import MemoryManaging
from tornchat import (
    SITE,
    AuditEntry,
    Entry,
    KnownUser,
    Membership,
    Role,
    RoomInfo,
    RoomSummary,
    Sanction,
    SanctionKind,
    User,
    hookimpl,
)

# --- directory ------------------------------------------------------------------------------------------


class TakesOverRooms(MemoryManaging):
    @hookimpl
    def create_room(
        self, name: str, user: User, private: bool, owned_limit: int, owner: str | None
    ) -> RoomInfo:
        self.disk.pop(name, None)
        return super().create_room(name, user, private, owned_limit, owner)


class CreatesPublicRoomsOnly(MemoryManaging):
    @hookimpl
    def create_room(self, name: str, user: User, owned_limit: int, owner: str | None) -> RoomInfo:
        return super().create_room(name, user, False, owned_limit, owner)


class CountsNoOwnedRooms(MemoryManaging):
    @hookimpl
    def create_room(self, name: str, user: User, private: bool, owner: str | None) -> RoomInfo:
        return super().create_room(name, user, private, 0, owner)


class OwnsEverythingItCreates(MemoryManaging):
    @hookimpl
    def create_room(self, name: str, user: User, private: bool, owned_limit: int) -> RoomInfo:
        return super().create_room(name, user, private, owned_limit, user.id)


class HandsOverWithoutCounting(MemoryManaging):
    @hookimpl
    def set_member(self, room: str, user_id: str, role: Role) -> bool:
        return super().set_member(room, user_id, role, 0, 0)


class LetsEverybodyIn(MemoryManaging):
    @hookimpl
    def set_member(self, room: str, user_id: str, role: Role, owned_limit: int) -> bool:
        return super().set_member(room, user_id, role, owned_limit, 0)


class AdmitsWhoWasThere(MemoryManaging):
    @hookimpl
    def read_admitted(self, rooms: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
        return rooms


class ListsFromTheNameOn(MemoryManaging):
    @hookimpl
    def list_rooms(self, user: User, after: str | None, limit: int) -> Sequence[RoomSummary]:
        before = None if after is None else after[:-1] + chr(ord(after[-1]) - 1) + "\U0010ffff"
        return super().list_rooms(user, before, limit)


class ListsPrivateRooms(MemoryManaging):
    @hookimpl
    def list_rooms(self, after: str | None, limit: int) -> Sequence[RoomSummary]:
        return super().list_rooms(User("", "", frozenset({"admin"})), after, limit)


class HidesNothing(MemoryManaging):
    def admits(self, info: RoomInfo, user: User) -> bool:
        return True


class KeepsAdminsOut(MemoryManaging):
    def admits(self, info: RoomInfo, user: User) -> bool:
        return super().admits(info, User(user.id, user.username))


class DeletesByName(MemoryManaging):
    @hookimpl
    def delete_room(self, room: str) -> bool:
        return room in self.disk and super().delete_room(room, self.disk[room].info.epoch)


class KeepsMembersOfDeletedRooms(MemoryManaging):
    @hookimpl
    def delete_room(self, room: str, epoch: str) -> bool:
        members = dict(self.people(room))
        deleted = super().delete_room(room, epoch)
        self.people(room).update(members)
        return deleted


class ForgetsTheOwner(MemoryManaging):
    @hookimpl
    def read_members(self, room: str, users: Sequence[str] | None) -> Sequence[Membership]:
        return [member for member in super().read_members(room, users) if member.role != "owner"]


class GivesAllMembers(MemoryManaging):
    @hookimpl
    def read_members(self, room: str) -> Sequence[Membership]:
        return super().read_members(room, None)


class HasTwoOwners(MemoryManaging):
    @hookimpl
    def set_member(self, room: str, user_id: str, role: Role) -> bool:
        if room in self.disk:
            self.people(room)[user_id] = role
        return room in self.disk


class RemovesNobody(MemoryManaging):
    @hookimpl
    def remove_member(self, room: str, user_id: str) -> bool:
        return user_id in self.people(room)


# --- moderation -----------------------------------------------------------------------------------------


class GivesAllSanctions(MemoryManaging):
    @hookimpl
    def read_sanctions(self) -> Sequence[Sanction]:
        return list(self.sanctions.values())


class NeverEnds(MemoryManaging):
    @hookimpl
    def read_sanctions(self, rooms: Sequence[str]) -> Sequence[Sanction]:
        return [one for one in self.sanctions.values() if one.room in rooms]


class HasOneSanctionPerUser(MemoryManaging):
    def key(self, room: str, user_id: str, kind: str) -> Any:
        return room, user_id


class BansFromAllRooms(MemoryManaging):
    def key(self, room: str, user_id: str, kind: str) -> Any:
        return user_id, kind


class KeepsTheFirst(MemoryManaging):
    @hookimpl
    def set_sanction(self, sanction: Sanction) -> bool:
        key = self.key(sanction.room, sanction.user_id, sanction.kind)
        return key in self.sanctions or super().set_sanction(sanction, 0)


class CountsNoSanctions(MemoryManaging):
    @hookimpl
    def set_sanction(self, sanction: Sanction) -> bool:
        return super().set_sanction(sanction, 0)


class CutsTheTime(MemoryManaging):
    @hookimpl
    def set_sanction(self, sanction: Sanction) -> bool:
        return super().set_sanction(replace(sanction, until=float(int(sanction.until))), 0)


class ForgetsTheRank(MemoryManaging):
    @hookimpl
    def set_sanction(self, sanction: Sanction) -> bool:
        return super().set_sanction(replace(sanction, rank="admin"), 0)


class KeepsNothingOfTheSite(MemoryManaging):
    @hookimpl
    def set_sanction(self, sanction: Sanction) -> bool:
        return sanction.room != SITE and super().set_sanction(sanction, 0)


class TakesTheSiteForEveryRoom(MemoryManaging):
    @hookimpl
    def read_sanctions(self, rooms: Sequence[str]) -> Sequence[Sanction]:
        return super().read_sanctions([*rooms, SITE])


class AlwaysLifts(MemoryManaging):
    @hookimpl
    def lift_sanction(self, room: str, user_id: str, kind: SanctionKind) -> bool:
        super().lift_sanction(room, user_id, kind)
        return True


class SanctionsAnything(MemoryManaging):
    @hookimpl
    def set_sanction(self, sanction: Sanction) -> bool:
        super().set_sanction(sanction, 0)
        return True


class KeepsSanctionsInMemory(MemoryManaging):
    def __init__(self, disk: dict[str, Any]) -> None:
        super().__init__({name: log for name, log in disk.items() if name != "the sanctions"})


# --- audit ----------------------------------------------------------------------------------------------


class ChangesWhatIsRecorded(MemoryManaging):
    @hookimpl
    def record_audit(self, entries: Sequence[AuditEntry]) -> None:
        for entry in entries:
            self.audit.pop(entry.key, None)
        super().record_audit(entries)


class ReadsTheOldestFirst(MemoryManaging):
    @hookimpl
    def read_audit(
        self, before: int | None, limit: int, user_id: str | None, room: str | None
    ) -> Sequence[AuditEntry]:
        return list(reversed(super().read_audit(before, 1000, user_id, room)))[:limit]


class ReadsWhatTheUserDidOnly(MemoryManaging):
    @hookimpl
    def read_audit(
        self, before: int | None, limit: int, user_id: str | None, room: str | None
    ) -> Sequence[AuditEntry]:
        found = super().read_audit(before, limit, None, room)
        return [entry for entry in found if user_id in (None, entry.actor)]


class ReadsTheEntryBeforeAgain(MemoryManaging):
    @hookimpl
    def read_audit(
        self, before: int | None, limit: int, user_id: str | None, room: str | None
    ) -> Sequence[AuditEntry]:
        after = before if before is None or before <= 2 else before + 1
        return super().read_audit(after, limit, user_id, room)[:limit]


class PrunesAll(MemoryManaging):
    @hookimpl
    def prune_audit(self, before_ms: int, limit: int) -> int:
        return super().prune_audit(before_ms + 1, limit)


class KeepsTheAuditInMemory(MemoryManaging):
    def __init__(self, disk: dict[str, Any]) -> None:
        super().__init__({name: log for name, log in disk.items() if name != "the audit"})


# --- users ----------------------------------------------------------------------------------------------


class SearchesAnywhere(MemoryManaging):
    @hookimpl
    def search_users(self, prefix: str, limit: int) -> Sequence[KnownUser]:
        found = [user for user in self.users.values() if prefix in user.name_key]
        return sorted(found, key=lambda user: user.name_key)[:limit]


class KeepsTheFirstUser(MemoryManaging):
    @hookimpl
    def store_users(self, users: Sequence[KnownUser]) -> None:
        super().store_users([user for user in users if user.id not in self.users])


class ReadsAllUsers(MemoryManaging):
    @hookimpl
    def read_users(self) -> Sequence[KnownUser]:
        return list(self.users.values())


class ForgetsTheirRoles(MemoryManaging):
    @hookimpl
    def store_users(self, users: Sequence[KnownUser]) -> None:
        super().store_users([replace(user, roles=()) for user in users])


class FindsByTheName(MemoryManaging):
    @hookimpl
    def find_users(self, name_key: str) -> Sequence[KnownUser]:
        return [user for user in self.users.values() if user.username == name_key]


class KeepsUsersInMemory(MemoryManaging):
    def __init__(self, disk: dict[str, Any]) -> None:
        super().__init__({name: log for name, log in disk.items() if name != "the users"})


class ErasesAllAtOnce(MemoryManaging):
    @hookimpl
    def erase_user(self, user_id: str) -> int:
        return super().erase_user(user_id, 1000)


class KeepsTheirName(MemoryManaging):
    def erase_entry(self, log: Log, entry: Entry) -> None:
        super().erase_entry(log, entry)
        place = entry.seq - 1 - log.pruned
        log.entries[place] = replace(log.entries[place], sender_username=entry.sender_username)


class KeepsTheirClientId(MemoryManaging):
    def erase_entry(self, log: Log, entry: Entry) -> None:
        super().erase_entry(log, entry)
        place = entry.seq - 1 - log.pruned
        log.entries[place] = replace(log.entries[place], client_id=entry.client_id)


class ErasesInSilence(MemoryManaging):
    def tell_erased(self, log: Log, entry: Entry) -> None:
        pass


class KeepsTheirRoles(MemoryManaging):
    def forget_roles(self, user_id: str) -> None:
        pass


class LiftsTheirBans(MemoryManaging):
    def forget(self, user_id: str) -> None:
        for key, one in list(self.sanctions.items()):
            if one.by == user_id:
                del self.sanctions[key]
        super().forget(user_id)


class ErasesWhoseIdBeginsAlike(MemoryManaging):
    def forget(self, user_id: str) -> None:
        for known in [one for one in self.users if one.startswith(user_id)]:
            super().forget(known)


class AlwaysErasesOne(MemoryManaging):
    @hookimpl
    def erase_user(self, user_id: str, limit: int) -> int:
        return max(1, super().erase_user(user_id, limit))


class ErasesTheNameInMemory(MemoryManaging):
    def __init__(self, disk: dict[str, Any]) -> None:
        super().__init__(disk)
        self.gone: set[str] = set()

    def forget(self, user_id: str) -> None:
        known = dict(self.users)
        super().forget(user_id)
        self.users.update(known)
        self.gone.add(user_id)

    @hookimpl
    def read_users(self, user_ids: Sequence[str]) -> Sequence[KnownUser]:
        return super().read_users([one for one in user_ids if one not in self.gone])


# --- search ---------------------------------------------------------------------------------------------


class FindsTheOldestFirst(MemoryManaging):
    @hookimpl
    def search_messages(
        self, room: str, query: str, before: int | None, limit: int
    ) -> Sequence[Entry] | None:
        found = super().search_messages(room, query, before, limit)
        return None if found is None else list(reversed(found))


class FindsAnyWord(MemoryManaging):
    def fits(self, wanted: set[str], entry: Entry) -> bool:
        return entry.kind == "message" and bool(wanted & self.words(entry.text))


class FindsPartsOfWords(MemoryManaging):
    def fits(self, wanted: set[str], entry: Entry) -> bool:
        return all(word in entry.text.casefold() for word in wanted)


class ReadsSigns(MemoryManaging):
    def words(self, text: str) -> set[str]:
        return set(text.casefold().split())


class KnowsLatinOnly(MemoryManaging):
    def words(self, text: str) -> set[str]:
        return {word for word in super().words(text) if word.isascii()}


class IncludesTheSeqBefore(MemoryManaging):
    @hookimpl
    def search_messages(
        self, room: str, query: str, before: int | None, limit: int
    ) -> Sequence[Entry] | None:
        return super().search_messages(room, query, before and before + 1, limit)


class FindsAllForNothing(MemoryManaging):
    @hookimpl
    def search_messages(
        self, room: str, query: str, before: int | None, limit: int
    ) -> Sequence[Entry] | None:
        if room in self.disk and not self.words(query):
            return list(reversed(self.disk[room].entries))[:limit]
        return super().search_messages(room, query, before, limit)


class SearchesWhatWasThere(MemoryManaging):
    def __init__(self, disk: dict[str, Any]) -> None:
        super().__init__(disk)
        self.seen: dict[str, Sequence[Entry]] = {}

    @hookimpl
    def search_messages(
        self, room: str, query: str, before: int | None, limit: int
    ) -> Sequence[Entry] | None:
        found = super().search_messages(room, query, before, 1000)
        if found is None:
            return None
        return self.seen.setdefault(f"{room} {query} {before}", found)[:limit]


class FindsNothingInNoRoom(MemoryManaging):
    @hookimpl
    def search_messages(
        self, room: str, query: str, before: int | None, limit: int
    ) -> Sequence[Entry] | None:
        return super().search_messages(room, query, before, limit) or []


class SearchesTheLastThousand(MemoryManaging):
    def fits(self, wanted: set[str], entry: Entry) -> bool:
        newest = max(log.entries[-1].seq for log in self.rooms().values() if log.entries)
        return super().fits(wanted, entry) and entry.seq > newest - 1000
