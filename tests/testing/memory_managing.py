"""A small right plugin of directory, moderation and search: the wrong ones are made of it."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tests.testing.memory import Log, MemoryStorage, head
from tornchat import (
    ERASED,
    SITE,
    AuditEntry,
    Entry,
    KnownUser,
    Membership,
    Rejected,
    Report,
    ReportState,
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
    def open_room(
        self, name: str, user: User, create: bool, owned_limit: int, owner: str | None
    ) -> RoomInfo | None:
        info = super().open_room(name, user, create, owned_limit, owner)
        return info if info is not None and self.admits(info, user) else None

    def may_own(self, owner: str | None, owned_limit: int) -> bool:
        owned = [log for log in self.rooms().values() if owner and log.info.owner == owner]
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
    def create_room(
        self, name: str, user: User, private: bool, owned_limit: int, owner: str | None
    ) -> RoomInfo:
        if name in self.disk:
            raise Rejected(code="room_taken")
        if not self.may_own(owner, owned_limit):
            raise Rejected(code="too_many_rooms")
        self.disk[name] = Log(RoomInfo(name, self.epoch(), private, owner))
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
        name = self.disk[room].info.owner
        owner: dict[str, Role] = {} if name is None else {name: "owner"}
        everybody = {**self.people(room), **owner}
        return [Membership(who, everybody[who]) for who in sorted(everybody) if users is None or who in users]

    @hookimpl
    def set_member(self, room: str, user_id: str, role: Role, owned_limit: int, members_limit: int) -> bool:
        if room not in self.disk:
            return False
        info = self.disk[room].info
        members = {one.user_id for one in self.read_members(room, None)}
        if members_limit and user_id not in members and len(members) >= members_limit:
            raise Rejected(code="too_many_members")
        if role == "owner":
            if info.owner != user_id and not self.may_own(user_id, owned_limit):
                raise Rejected(code="too_many_rooms")
            self.people(room)[info.owner or ""] = "moderator"
            self.disk[room].info = msgspec.structs.replace(info, owner=user_id)
        else:
            self.people(room)[user_id] = role
        return True

    @hookimpl
    def read_admitted(self, rooms: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
        found = {name: self.disk[name].info for name in rooms if name in self.disk}
        return {
            name: [who for who in rooms[name] if self.admits(info, User(who, who))]
            for name, info in found.items()
        }

    @hookimpl
    def remove_member(self, room: str, user_id: str) -> bool:
        return self.people(room).pop(user_id, None) is not None and user_id != self.disk[room].info.owner

    # --- moderation ---

    @hookimpl
    def read_sanctions(self, rooms: Sequence[str]) -> Sequence[Sanction]:
        return [one for one in self.sanctions.values() if one.room in rooms and one.until > time.time()]

    @hookimpl
    def set_sanction(self, sanction: Sanction, limit: int) -> bool:
        known = sanction.room == SITE or sanction.room in self.disk
        same = [one for one in self.read_sanctions([sanction.room]) if one.kind == sanction.kind]
        if limit and sum(one.user_id != sanction.user_id for one in same) >= limit:
            raise Rejected(code="too_many_sanctions")
        if known:
            self.sanctions[self.key(sanction.room, sanction.user_id, sanction.kind)] = sanction
        return known

    @hookimpl
    def lift_sanction(self, room: str, user_id: str, kind: SanctionKind) -> bool:
        lifted = self.sanctions.pop(self.key(room, user_id, kind), None)
        return lifted is not None and lifted.until > time.time()

    def key(self, room: str, user_id: str, kind: str) -> Any:
        return room, user_id, kind

    # --- audit ---

    @property
    def audit(self) -> dict[str, AuditEntry]:
        return self.disk.setdefault("the audit", {})  # type: ignore[arg-type, return-value]

    @hookimpl
    def record_audit(self, entries: Sequence[AuditEntry]) -> None:
        for entry in entries:
            number = max((one.id for one in self.audit.values()), default=0) + 1
            self.audit.setdefault(entry.key, msgspec.structs.replace(entry, id=number))

    @hookimpl
    def read_audit(
        self, before: int | None, limit: int, user_id: str | None, room: str | None
    ) -> Sequence[AuditEntry]:
        found = sorted(self.audit.values(), key=lambda entry: -entry.id)
        return [
            entry
            for entry in found
            if (before is None or entry.id < before)
            and user_id in (None, entry.actor, entry.target)
            and room in (None, entry.room)
        ][:limit]

    @hookimpl
    def prune_audit(self, before_ms: int, limit: int) -> int:
        old = sorted((one for one in self.audit.values() if one.at < before_ms), key=lambda one: one.id)
        for entry in old[:limit]:
            del self.audit[entry.key]
        return len(old[:limit])

    # --- users ---

    @property
    def users(self) -> dict[str, KnownUser]:
        return self.disk.setdefault("the users", {})  # type: ignore[arg-type, return-value]

    @hookimpl
    def store_users(self, users: Sequence[KnownUser]) -> None:
        self.users.update({user.id: user for user in users})

    @hookimpl
    def read_users(self, user_ids: Sequence[str]) -> Sequence[KnownUser]:
        return [self.users[user_id] for user_id in user_ids if user_id in self.users]

    @hookimpl
    def find_users(self, name_key: str) -> Sequence[KnownUser]:
        return [user for user in self.users.values() if user.name_key == name_key][:10]

    @hookimpl
    def search_users(self, prefix: str, limit: int) -> Sequence[KnownUser]:
        found = [user for user in self.users.values() if user.name_key.startswith(prefix)]
        return sorted(found, key=lambda user: (user.name_key, user.id))[:limit]

    @hookimpl
    def erase_user(self, user_id: str, limit: int) -> int:
        theirs = [
            (log, one) for log in self.rooms().values() for one in log.entries if one.sender_id == user_id
        ]
        for log, entry in theirs[:limit]:
            self.erase_entry(log, entry)
        if not theirs:
            self.forget(user_id)
        return len(theirs[:limit])

    def erase_entry(self, log: Log, entry: Entry) -> None:
        nobody = {"sender_id": ERASED.id, "sender_username": ERASED.username, "text": "", "client_id": None}
        log.entries[entry.seq - 1 - log.pruned] = msgspec.structs.replace(entry, **nobody)
        if entry.kind == "message":
            self.tell_erased(log, entry)

    def tell_erased(self, log: Log, entry: Entry) -> None:
        told = Entry(
            head(log) + 1, ERASED.id, ERASED.username, "", 0, self.epoch(), None, "deletion", entry.seq
        )
        log.entries.append(told)

    def forget(self, user_id: str) -> None:
        self.users.pop(user_id, None)
        self.forget_roles(user_id)
        self.forget_blocks_and_reports(user_id)
        for key, one in list(self.sanctions.items()):
            if one.user_id == user_id:
                del self.sanctions[key]
            elif one.by == user_id:
                self.sanctions[key] = msgspec.structs.replace(one, by=ERASED.id)

    def forget_blocks_and_reports(self, user_id: str) -> None:
        self.blocks.pop(user_id, None)
        for blocked in self.blocks.values():
            blocked.discard(user_id)
        for key, one in list(self.reports.items()):
            if one.reporter == user_id:
                del self.reports[key]
            elif one.closed_by == user_id:
                self.reports[key] = msgspec.structs.replace(one, closed_by=ERASED.id)

    def forget_roles(self, user_id: str) -> None:
        for name, log in self.rooms().items():
            self.people(name).pop(user_id, None)
            if log.info.owner == user_id:
                log.info = msgspec.structs.replace(log.info, owner=None)

    # --- blocks ---

    @property
    def blocks(self) -> dict[str, set[str]]:
        return self.disk.setdefault("the blocks", {})  # type: ignore[arg-type, return-value]

    @hookimpl
    def read_blocks(self, user_id: str) -> Sequence[str]:
        return sorted(self.blocks.get(user_id, ()))

    @hookimpl
    def set_block(self, user_id: str, blocked_id: str, limit: int) -> bool:
        mine = self.blocks.setdefault(user_id, set())
        if blocked_id not in mine and len(mine) >= limit:
            return False
        mine.add(blocked_id)
        return True

    @hookimpl
    def lift_block(self, user_id: str, blocked_id: str) -> bool:
        there = blocked_id in self.blocks.get(user_id, ())
        self.blocks.get(user_id, set()).discard(blocked_id)
        return there

    @hookimpl
    def find_blockers(self, blocked_id: str, among: Sequence[str]) -> Sequence[str]:
        return [user_id for user_id in among if blocked_id in self.blocks.get(user_id, ())]

    # --- reports ---

    @property
    def reports(self) -> dict[tuple[str, int, str], Report]:
        return self.disk.setdefault("the reports", {})  # type: ignore[arg-type, return-value]

    def message(self, room: str, seq: int) -> Entry | None:
        entries = self.disk[room].entries if room in self.disk else []
        fits = [entry for entry in entries if entry.seq == seq and entry.kind == "message" and entry.text]
        return fits[0] if fits else None

    @hookimpl
    def store_report(self, report: Report) -> bool | None:
        if self.message(report.room, report.seq) is None:
            return None
        key = report.room, report.seq, report.reporter
        if key in self.reports:
            return False
        number = max((one.id for one in self.reports.values()), default=0) + 1
        self.reports[key] = msgspec.structs.replace(report, id=number)
        return True

    def with_message(self, report: Report) -> Report | None:
        entry = self.message(report.room, report.seq)
        if entry is None:
            return None
        shown = {"sender_id": entry.sender_id, "sender_username": entry.sender_username, "text": entry.text}
        return msgspec.structs.replace(report, **shown)

    @hookimpl
    def read_reports(
        self,
        user: User,
        room: str | None,
        state: ReportState | None,
        user_id: str | None,
        before: int | None,
        limit: int,
    ) -> Sequence[Report]:
        found = sorted(self.reports.values(), key=lambda one: -one.id)
        shown = [one for report in found if (one := self.with_message(report)) is not None]
        return [
            one
            for one in shown
            if self.admits(self.disk[one.room].info, user)
            and room in (None, one.room)
            and state in (None, one.state)
            and user_id in (None, one.reporter, one.sender_id)
            and (before is None or one.id < before)
        ][:limit]

    @hookimpl
    def close_report(self, room: str, report_id: int, state: ReportState, closed_by: str) -> bool:
        for key, one in self.reports.items():
            if (one.room, one.id, one.state) == (room, report_id, "open"):
                self.reports[key] = msgspec.structs.replace(one, state=state, closed_by=closed_by)
                return True
        return False

    # --- slow mode ---

    @hookimpl
    def set_slow_mode(self, room: str, seconds: int) -> bool:
        if room not in self.disk:
            return False
        self.disk[room].info = msgspec.structs.replace(self.disk[room].info, slow_seconds=seconds)
        return True

    @hookimpl
    def read_slow_modes(self, rooms: Sequence[str]) -> Mapping[str, int]:
        there = {room: self.disk[room].info.slow_seconds for room in rooms if room in self.disk}
        return {room: seconds for room, seconds in there.items() if seconds}

    @hookimpl
    def read_latest_messages(self, room: str, user_id: str, after_ms: int, limit: int) -> Sequence[Entry]:
        entries = reversed(self.disk[room].entries) if room in self.disk else []
        return [
            one
            for one in entries
            if one.sender_id == user_id and one.kind == "message" and one.sent_at > after_ms
        ][:limit]

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
