"""The hooks for directory and moderation, which run their queries in worker threads."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

from tornchat import (
    AuditEntry,
    KnownUser,
    Membership,
    Role,
    RoomDescription,
    RoomInfo,
    RoomSummary,
    Sanction,
    SanctionKind,
    Unavailable,
    User,
    hookimpl,
)
from tornchat_peewee.opened import Opened
from tornchat_peewee.purging import PURGE_SECONDS, Purging

CLEAR_PAUSE = 0.02
"""Pause in seconds between two transactions that delete rows of deleted rooms, for other writes."""
CLEAR_RETRY = 5.0
"""Seconds until the next attempt after the database was unavailable."""


class ManagingHooks(Opened):
    """The optional hooks of the plugin."""

    def __init__(self) -> None:
        super().__init__()
        self._clearing: asyncio.Task[None] | None = None
        self._purges: asyncio.Task[None] | None = None
        self._more = False

    # --- directory ---

    @hookimpl
    async def list_rooms(self, user: User, after: str | None, limit: int) -> Sequence[RoomSummary]:
        return await self._read(
            partial(self._opened().directory.list_rooms, user=user, after=after, limit=limit)
        )

    @hookimpl
    async def create_room(self, name: str, private: bool, owned_limit: int, owner: str | None) -> RoomInfo:
        create = self._opened().directory.create_room
        job = partial(create, name=name, private=private, owned_limit=owned_limit, owner=owner)
        return await self._write(job)

    @hookimpl
    async def delete_room(self, room: str, epoch: str) -> bool:
        gone = await self._write(partial(self._opened().directory.delete_room, name=room, epoch=epoch))
        if gone:
            self._clear_away()
        return gone

    @hookimpl
    async def read_members(self, room: str, users: Sequence[str] | None) -> Sequence[Membership]:
        return await self._read(partial(self._opened().directory.read_members, name=room, users=users))

    @hookimpl
    async def read_admitted(self, rooms: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
        return await self._read(partial(self._opened().directory.read_admitted, rooms=rooms))

    @hookimpl
    async def set_member(
        self, room: str, user_id: str, role: Role, owned_limit: int, members_limit: int
    ) -> bool:
        change = self._opened().directory.set_member
        job = partial(change, name=room, user_id=user_id, role=role, limits=(owned_limit, members_limit))
        return await self._write(job)

    @hookimpl
    async def remove_member(self, room: str, user_id: str) -> bool:
        remove = self._opened().directory.remove_member
        return await self._write(partial(remove, name=room, user_id=user_id))

    @hookimpl
    async def describe_room(
        self, room: str, title: str | None, topic: str | None, private: bool | None
    ) -> RoomDescription | None:
        change = partial(self._opened().descriptions.change, name=room, title=title)
        return await self._write(partial(change, topic=topic, private=private))

    @hookimpl
    async def read_descriptions(self, rooms: Sequence[str]) -> Mapping[str, RoomDescription]:
        return await self._read(partial(self._opened().descriptions.read, rooms=rooms))

    # --- moderation ---

    @hookimpl
    async def read_sanctions(self, rooms: Sequence[str]) -> Sequence[Sanction]:
        return await self._read(partial(self._opened().sanctions.read, rooms=rooms))

    @hookimpl
    async def set_sanction(self, sanction: Sanction, limit: int) -> bool:
        return await self._write(partial(self._opened().sanctions.set, given=sanction, limit=limit))

    @hookimpl
    async def lift_sanction(self, room: str, user_id: str, kind: SanctionKind) -> bool:
        lift = self._opened().sanctions.lift
        return await self._write(partial(lift, room=room, user_id=user_id, kind=kind))

    # --- audit ---

    @hookimpl
    async def record_audit(self, entries: Sequence[AuditEntry]) -> None:
        await self._write(partial(self._opened().audit.record, entries=entries))

    @hookimpl
    async def read_audit(
        self, before: int | None, limit: int, user_id: str | None, room: str | None
    ) -> Sequence[AuditEntry]:
        read = self._opened().audit.read
        return await self._read(partial(read, before=before, limit=limit, user_id=user_id, room=room))

    @hookimpl
    async def prune_audit(self, before_ms: int, limit: int) -> int:
        return await self._write(partial(self._opened().audit.prune, before_ms=before_ms, limit=limit))

    # --- users ---

    @hookimpl
    async def store_users(self, users: Sequence[KnownUser]) -> None:
        await self._write(partial(self._opened().users.store, users=users))

    @hookimpl
    async def read_users(self, user_ids: Sequence[str]) -> Sequence[KnownUser]:
        return await self._read(partial(self._opened().users.read, user_ids=user_ids))

    @hookimpl
    async def find_users(self, name_key: str) -> Sequence[KnownUser]:
        return await self._read(partial(self._opened().users.find, name_key=name_key))

    @hookimpl
    async def search_users(self, prefix: str, limit: int) -> Sequence[KnownUser]:
        return await self._read(partial(self._opened().users.search, prefix=prefix, limit=limit))

    @hookimpl
    async def erase_user(self, user_id: str, limit: int) -> int:
        erasure = self._opened().erasure
        while places := await self._read(partial(erasure.find, user_id=user_id, limit=limit)):
            count = await self._write(partial(erasure.blank, user_id=user_id, places=places))
            if count:  # else another process has erased them meanwhile
                return count
        mentions = await self._read(partial(erasure.mentioned.find, user_id=user_id))
        for start in range(0, len(mentions), max(limit, 1)):
            part = mentions[start : start + max(limit, 1)]
            await self._write(partial(erasure.mentioned.remove, user_id=user_id, places=part))
        await self._write(partial(erasure.forget, user_id=user_id))
        await self._purging().rewrite(0)
        return 0

    # --- clearing away what was deleted ---

    def _purging(self) -> Purging:
        return Purging(self._opened().erasure, self._read, self._write, PURGE_SECONDS)

    def _begin_purging(self) -> None:
        """Start removing deleted words from the index. Requires a running event loop."""
        self._purges = asyncio.create_task(self._purging().run(), name="peewee purges")

    def _clear_away(self) -> None:
        """Start deleting the rows of deleted rooms in the background. Requires a running event loop."""
        self._more = True
        if self._clearing is None or self._clearing.done():
            self._clearing = asyncio.create_task(self._clear(), name="peewee clears away")

    async def _clear(self) -> None:
        while self._more:
            self._more = False
            try:
                more, pause = await self._write(self._opened().directory.clear), CLEAR_PAUSE
            except Unavailable:
                more, pause = True, CLEAR_RETRY
            self._more |= more
            await asyncio.sleep(pause)

    async def _stop_clearing(self) -> None:
        tasks, self._clearing, self._purges = (self._clearing, self._purges), None, None
        for task in tasks:
            if task is None or task.get_loop().is_closed():
                continue
            if not task.done():
                task.cancel()
                await asyncio.wait([task])
