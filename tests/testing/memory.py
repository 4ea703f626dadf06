"""Small right plugins, written with plain functions: the wrong ones are made of them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import msgspec

from tornchat import (
    Credentials,
    Draft,
    Entry,
    Page,
    Position,
    Refusal,
    Rejected,
    RoomInfo,
    Stored,
    StoreResult,
    User,
    hookimpl,
)


@dataclass
class Log:
    info: RoomInfo
    entries: list[Entry] = field(default_factory=list)
    pruned: int = 0


class MemoryStorage:
    """Storage and history on a "disk" that is a dict."""

    def __init__(self, disk: dict[str, Log]) -> None:
        self.disk = disk

    @hookimpl
    def open_room(
        self, name: str, user: User, create: bool, owned_limit: int, owner: str | None
    ) -> RoomInfo | None:
        if name not in self.disk:
            if not create or not self.may_own(owner, owned_limit):
                return None
            self.disk[name] = Log(RoomInfo(name, self.epoch(), owner=owner))
        return self.disk[name].info

    @hookimpl
    def store_messages(self, drafts: Sequence[Draft]) -> Sequence[StoreResult]:
        return [self.place(draft) for draft in drafts]

    @hookimpl
    def read_history(self, room: str, after: int | None, before: int | None, limit: int) -> Page | None:
        log = self.disk.get(room)
        return None if log is None else self.page(log, after, before, limit)

    @hookimpl
    def latest_positions(self, rooms: Sequence[str]) -> dict[str, Position]:
        found = {name: self.disk[name] for name in rooms if name in self.disk}
        return {name: Position(log.info.epoch, head(log), log.pruned + 1) for name, log in found.items()}

    @hookimpl
    def prune_history(self, room: str | None, before_ms: int, limit: int) -> int:
        logs = [log for name, log in self.disk.items() if room in (None, name)]
        return sum(self.prune(log, before_ms, limit) for log in logs)

    def prune(self, log: Log, before_ms: int, limit: int) -> int:
        old = list(takewhile(lambda entry: entry.sent_at < before_ms, log.entries[:limit]))
        del log.entries[: len(old)]
        log.pruned += len(old)
        return len(old)

    @hookimpl
    def renew_epoch(self, room: str, epoch: str) -> None:
        log = self.disk[room]
        if log.info.epoch == epoch:
            log.info = msgspec.structs.replace(log.info, epoch=self.epoch())

    def may_own(self, owner: str | None, owned_limit: int) -> bool:
        owned = [log for log in self.disk.values() if owner and log.info.owner == owner]
        return not owned_limit or len(owned) < owned_limit

    def epoch(self) -> str:
        return secrets.token_hex(4)

    def is_for(self, draft: Draft, log: Log) -> bool:
        return draft.epoch in ("", log.info.epoch)

    def place(self, draft: Draft) -> StoreResult:
        log = self.disk.get(draft.room)
        if log is None or not self.is_for(draft, log):
            return Refusal("room_gone")
        first = self.first(log, draft)
        if first is not None:
            same = first.text == draft.text
            return Stored(first, log.info.epoch, repeated=True) if same else Refusal("conflict")
        if (early := self.early(log, draft)) > 0:
            return Refusal("slow_mode", retry_after=early / 1000)
        entry = entry_of(draft, self.next_seq(log))
        log.entries.append(entry)
        self.blank(log, draft.target)
        return Stored(entry, log.info.epoch)

    def early(self, log: Log, draft: Draft) -> int:
        times = [one.sent_at for one in log.entries if one.sender_id == draft.sender_id]
        return max(times, default=0) - draft.sent_at + draft.spaced_ms if draft.spaced_ms else 0

    def first(self, log: Log, draft: Draft) -> Entry | None:
        key = (draft.sender_id, draft.client_id)
        same = [entry for entry in log.entries if (entry.sender_id, entry.client_id) == key]
        return same[0] if same and draft.client_id is not None else None

    def next_seq(self, log: Log) -> int:
        return head(log) + 1

    def blank(self, log: Log, target: int | None) -> None:
        if target is not None:
            place = target - 1 - log.pruned
            log.entries[place] = msgspec.structs.replace(log.entries[place], text="")

    def page(self, log: Log, after: int | None, before: int | None, limit: int) -> Page:
        entries = [entry for entry in log.entries if before is None or entry.seq < before]
        if after is not None:
            entries = [entry for entry in entries if entry.seq > after][:limit]
        else:
            entries = entries[max(len(entries) - limit, 0) :]
        return Page(tuple(entries), log.pruned + 1, head(log), log.info.epoch)


class TableAuth:
    """Auth by a table of tokens, with hooks that are `async`."""

    def __init__(self) -> None:
        self.users = {"a good token of ann": User("id-ann", "ann")}

    @hookimpl
    async def authenticate(self, credentials: Credentials) -> User | None:
        return self.users.get(credentials.token or "")

    @hookimpl
    async def authorize(self, user: User, action: str, room: str) -> bool | None:
        return None


class SwearFilter:
    """A filter that refuses one word."""

    def __init__(self, settings: Any = None) -> None:
        pass

    @hookimpl
    async def filter_message(self, draft: Draft, user: User) -> Draft:
        if "damn" in draft.text:
            raise Rejected("Mind your language.")
        return draft


def head(log: Log) -> int:
    return log.entries[-1].seq if log.entries else log.pruned


def entry_of(draft: Draft, seq: int) -> Entry:
    return Entry(
        seq=seq,
        sender_id=draft.sender_id,
        sender_username=draft.sender_username,
        text=draft.text,
        sent_at=draft.sent_at,
        draft_id=draft.draft_id,
        client_id=draft.client_id,
        kind=draft.kind,
        target=draft.target,
    )
