"""The hooks for invites and direct rooms, which run their queries in worker threads."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tornchat import Accepted, Invite, RoomInfo, hookimpl
from tornchat_peewee.opened import Opened


class InvitingHooks(Opened):
    """The hooks of the roles `invites` and `direct rooms`."""

    @hookimpl
    async def store_invite(self, invite: Invite, digest: str, limit: int) -> bool:
        store = self._opened().invites.store
        return await self._write(partial(store, invite=invite, digest=digest, limit=limit))

    @hookimpl
    async def read_invites(self, room: str) -> Sequence[Invite]:
        return await self._read(partial(self._opened().invites.read, name=room))

    @hookimpl
    async def revoke_invite(self, room: str, invite_id: str) -> bool:
        return await self._write(partial(self._opened().invites.revoke, name=room, invite_id=invite_id))

    @hookimpl
    async def find_invite(self, digest: str) -> Invite | None:
        return await self._read(partial(self._opened().invites.find, digest=digest))

    @hookimpl
    async def use_invite(self, digest: str, user_id: str, at: float, members_limit: int) -> Accepted | None:
        use = partial(self._opened().invites.use, digest=digest, user_id=user_id)
        return await self._write(partial(use, at=at, members_limit=members_limit))

    @hookimpl
    async def find_direct(self, key: str) -> RoomInfo | None:
        return await self._read(partial(self._opened().direct.find, key=key))

    @hookimpl
    async def create_direct(self, key: str, name: str, user_ids: Sequence[str]) -> RoomInfo | None:
        create = self._opened().direct.create
        return await self._write(partial(create, key=key, name=name, user_ids=user_ids))
