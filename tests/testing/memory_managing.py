"""A small right plugin of directory, moderation and search: the wrong ones are made of it."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any

import msgspec

from tests.testing.memory import Log, MemoryStorage, head
from tornchat import (
    Entry,
    Membership,
    Rejected,
    Role,
    RoomInfo,
    RoomSummary,
    Sanction,
    SanctionKind,
    User,
    hookimpl,
)


class MemoryManaging(MemoryStorage):
    """All on one "disk"; what is no room's log has a key that is no room's name."""

    def people(self, room: str) -> dict[str, Role]:
        return self.disk.setdefault(("members", room), {})  # type: ignore[call-overload, no-any-return]

    @property
    def sanctions(self) -> dict[Any, Sanction]:
        return self.disk.setdefault("the sanctions", {})  # type: ignore[arg-type, return-value]

    def rooms(self) -> dict[str, Log]:
        return {name: log for name, log in self.disk.items() if isinstance(log, Log)}

    # --- directory ---

    @hookimpl
    def open_room(self, name: str, user: User, create: bool, owned_limit: int) -> RoomInfo | None:
        info = super().open_room(name, user, create, owned_limit)
        return info if info is not None and self.admits(info, user) else None

    def may_own(self, user: User, owned_limit: int) -> bool:
        owned = [log for log in self.rooms().values() if log.info.owner == user.id]
        return not owned_limit or len(owned) < owned_limit

    def admits(self, info: RoomInfo, user: User) -> bool:
        there = {info.owner, *self.people(info.name)}
        return not info.private or user.id in there or "admin" in user.roles

    @hookimpl
    def list_rooms(self, user: User, after: str | None, limit: int) -> Sequence[RoomSummary]:
        names = sorted(name for name in self.rooms() if after is None or name > after)
        logs = [self.disk[name] for name in names if self.admits(self.disk[name].info, user)]
        return [
            RoomSummary(log.info.name, log.info.epoch, log.info.private, log.info.owner, head(log))
            for log in logs[:limit]
        ]

    @hookimpl
    def create_room(self, name: str, user: User, private: bool, owned_limit: int) -> RoomInfo:
        if name in self.disk:
            raise Rejected(code="room_taken")
        if not self.may_own(user, owned_limit):
            raise Rejected(code="too_many_rooms")
        self.disk[name] = Log(RoomInfo(name, self.epoch(), private, user.id))
        return self.disk[name].info

    @hookimpl
    def delete_room(self, room: str, epoch: str) -> bool:
        if room not in self.disk or self.disk[room].info.epoch != epoch:
            return False
        del self.disk[room]
        self.people(room).clear()
        return True

    @hookimpl
    def read_members(self, room: str, users: Sequence[str] | None) -> Sequence[Membership]:
        if room not in self.disk:
            return []
        owner: dict[str, Role] = {self.disk[room].info.owner or "": "owner"}
        everybody = {**self.people(room), **owner}
        return [Membership(who, everybody[who]) for who in sorted(everybody) if users is None or who in users]

    @hookimpl
    def set_member(self, room: str, user_id: str, role: Role) -> bool:
        if room not in self.disk:
            return False
        info = self.disk[room].info
        if role == "owner":
            self.people(room)[info.owner or ""] = "moderator"
            self.disk[room].info = msgspec.structs.replace(info, owner=user_id)
        else:
            self.people(room)[user_id] = role
        return True

    @hookimpl
    def remove_member(self, room: str, user_id: str) -> bool:
        return self.people(room).pop(user_id, None) is not None and user_id != self.disk[room].info.owner

    # --- moderation ---

    @hookimpl
    def read_sanctions(self, rooms: Sequence[str]) -> Sequence[Sanction]:
        return [one for one in self.sanctions.values() if one.room in rooms and one.until > time.time()]

    @hookimpl
    def set_sanction(self, sanction: Sanction) -> bool:
        if sanction.room in self.disk:
            self.sanctions[self.key(sanction.room, sanction.user_id, sanction.kind)] = sanction
        return sanction.room in self.disk

    @hookimpl
    def lift_sanction(self, room: str, user_id: str, kind: SanctionKind) -> bool:
        lifted = self.sanctions.pop(self.key(room, user_id, kind), None)
        return lifted is not None and lifted.until > time.time()

    def key(self, room: str, user_id: str, kind: str) -> Any:
        return room, user_id, kind

    # --- search ---

    @hookimpl
    def search_messages(
        self, room: str, query: str, before: int | None, limit: int
    ) -> Sequence[Entry] | None:
        if room not in self.disk:
            return None
        wanted = self.words(query)
        entries = [entry for entry in self.disk[room].entries if before is None or entry.seq < before]
        found = [entry for entry in reversed(entries) if wanted and self.fits(wanted, entry)]
        return found[:limit]

    def fits(self, wanted: set[str], entry: Entry) -> bool:
        return entry.kind == "message" and wanted <= self.words(entry.text)

    def words(self, text: str) -> set[str]:
        return set(re.findall(r"[\u3040-\u9fff]|[^\W_\u3040-\u9fff]+", text.casefold()))
