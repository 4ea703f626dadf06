"""Typed methods for calling the optional hooks: directory, moderation and search.

Each raises `Unavailable` if the plugin fails or misses its deadline, and `ChatError` (`not_provided`) if no
loaded plugin provides the hook.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

from tornchat.errors import ChatError
from tornchat.hooks.caller import Verbs
from tornchat.model import (
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
)

Answer = TypeVar("Answer")


class OptionalCalls(Verbs):
    """Calls of the optional hooks."""

    # --- directory ---

    async def list_rooms(self, user: User, after: str | None, limit: int) -> Sequence[RoomSummary]:
        return await self._several("list_rooms", RoomSummary, user, after, limit)

    async def create_room(
        self, name: str, user: User, private: bool, owned_limit: int, owner: str | None
    ) -> RoomInfo:
        """Create a room. Also raises `ChatError` (`room_taken`, `too_many_rooms`)."""
        return await self._provided("create_room", RoomInfo, name, user, private, owned_limit, owner)

    async def delete_room(self, room: str, epoch: str) -> bool:
        return await self._provided("delete_room", bool, room, epoch)

    async def read_members(self, room: str, users: Sequence[str] | None = None) -> Sequence[Membership]:
        return await self._several("read_members", Membership, room, users)

    async def read_admitted(self, rooms: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
        """Ask `read_members` where the hook is not provided; without a directory everybody is admitted."""
        if self.provides("read_admitted"):
            return cast("Mapping[str, Sequence[str]]", await self._one("read_admitted", Mapping, rooms))
        if not self.provides("read_members"):
            return rooms
        return {
            room: [member.user_id for member in await self.read_members(room, users)]
            for room, users in rooms.items()
        }

    async def set_member(self, room: str, user_id: str, role: Role, owned_limit: int = 0) -> bool:
        """Set a role. Also raises `ChatError` (`too_many_rooms`)."""
        return await self._provided("set_member", bool, room, user_id, role, owned_limit)

    async def remove_member(self, room: str, user_id: str) -> bool:
        return await self._provided("remove_member", bool, room, user_id)

    # --- moderation ---

    async def read_sanctions(self, rooms: Sequence[str]) -> Sequence[Sanction]:
        return await self._several("read_sanctions", Sanction, rooms)

    async def set_sanction(self, sanction: Sanction) -> bool:
        return await self._provided("set_sanction", bool, sanction)

    async def lift_sanction(self, room: str, user_id: str, kind: SanctionKind) -> bool:
        return await self._provided("lift_sanction", bool, room, user_id, kind)

    # --- audit ---

    async def record_audit(self, entries: Sequence[AuditEntry]) -> None:
        self._require("record_audit")
        await self._one("record_audit", object, entries, optional=True)

    async def read_audit(
        self, before: int | None, limit: int, user_id: str | None, room: str | None
    ) -> Sequence[AuditEntry]:
        return await self._several("read_audit", AuditEntry, before, limit, user_id, room)

    async def prune_audit(self, before_ms: int, limit: int) -> int:
        return await self._provided("prune_audit", int, before_ms, limit)

    # --- users ---

    async def store_users(self, users: Sequence[KnownUser]) -> None:
        self._require("store_users")
        await self._one("store_users", object, users, optional=True)

    async def read_users(self, user_ids: Sequence[str]) -> Sequence[KnownUser]:
        return await self._several("read_users", KnownUser, user_ids)

    async def find_users(self, name_key: str) -> Sequence[KnownUser]:
        return await self._several("find_users", KnownUser, name_key)

    # --- search ---

    async def search_messages(
        self, room: str, query: str, before: int | None, limit: int
    ) -> Sequence[Entry] | None:
        """Return the matching messages, newest first; None if there is no such room."""
        self._require("search_messages")
        form: type[Any] = Sequence
        found = await self._one("search_messages", form, room, query, before, limit, optional=True)
        return cast("Sequence[Entry] | None", found)

    async def _provided(self, hook: str, form: type[Answer], *arguments: object) -> Answer:
        self._require(hook)
        return cast(Answer, await self._one(hook, form, *arguments))

    async def _several(self, hook: str, form: type[Answer], *arguments: object) -> Sequence[Answer]:
        self._require(hook)
        answers = cast("Sequence[Answer]", await self._one(hook, Sequence, *arguments))
        for answer in answers:
            self._check(self._sole(hook), answer, form)
        return answers

    def _require(self, hook: str) -> None:
        if not self.provides(hook):
            raise ChatError("not_provided", f"No loaded plugin provides {hook}.")
