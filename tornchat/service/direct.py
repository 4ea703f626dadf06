"""The use case of direct rooms: the one room of two to nine users.

Every method raises `ChatError` on refusal and `Unavailable` if a plugin fails.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence

import msgspec

from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.hooks.words import is_encodable
from tornchat.model import RoomInfo, RoomSummary, User
from tornchat.service.access import Access, TrustedUser, require_on_site
from tornchat.service.audit import Audit
from tornchat.service.blocks import MOST_ID_CHARS, Blocks
from tornchat.service.pace import Pace
from tornchat.service.people import People
from tornchat.service.userstream import UserStream

MOST_USERS = 9
UNREACHABLE = "One of these users is not known here, or can't be reached by you."
"""Says the same of users who are not there and of those who block the caller, who are not to know which."""


class DirectRooms:
    """Opens direct rooms on behalf of users."""

    def __init__(
        self,
        hooks: Hooks,
        access: Access,
        audit: Audit,
        people: People,
        blocks: Blocks,
        pace: Pace,
        tells: UserStream,
    ) -> None:
        self._hooks = hooks
        self._access = access
        self._audit = audit
        self._people = people
        self._blocks = blocks
        self._pace = pace
        self._tells = tells

    async def open(self, user: User, user_ids: Sequence[str]) -> tuple[RoomSummary, bool]:
        """Return the one room of the user and the users with these ids, and whether it was created now.

        Who has left a room of more than two is a member again. Raises `invalid_message` for fewer than two or
        more than `MOST_USERS` users with the caller, `not_found` if one of them is not known or blocks the
        caller, `forbidden` for guests and if a plugin forbids it, and `rate_limited`.
        """
        require_on_site(user, "open direct room")
        others = _others(user, user_ids)
        await self._refuse_unreachable(user, others)
        key, created = key_of([user.id, *others]), False
        room = await self._hooks.find_direct(key)
        if room is None:
            room, created = await self._create(user, key, others)
        elif await self._access.role_in(room, user.id) is None:
            await self._hooks.set_member(room.name, user.id, "member", 0, 0)
            self._tells.invited(room.name, [user.id])
        return await self._access.read(user, room.name), created

    async def _create(self, user: User, key: str, others: Sequence[str]) -> tuple[RoomInfo, bool]:
        """Return the new room, or the one that somebody else has created meanwhile."""
        if not isinstance(user, TrustedUser):
            self._pace.create(user)
        name = self._new_name()
        room = await self._hooks.create_direct(key, name, [user.id, *others])
        if room is None:
            raise ChatError("not_found", UNREACHABLE)
        if room.name == name:
            self._tells.invited(name, [user.id, *others])
            await self._audit.record(user, "open direct room", room, detail=f"{len(others) + 1} users")
        return room, room.name == name

    def _new_name(self) -> str:
        """Return a random name that `[rooms] name_pattern` allows. Raises `not_provided` if there is none."""
        digits = secrets.token_hex(12)
        for name in (f"direct-{digits}", f"direct{digits}", digits):
            if self._access.is_name(name):
                return name
        raise ChatError("not_provided", "[rooms] name_pattern allows no random names, which such rooms have.")

    async def _refuse_unreachable(self, user: User, others: Sequence[str]) -> None:
        """Raise `not_found` if one of them is not known or blocks the user, `forbidden` for the plugins."""
        if isinstance(user, TrustedUser):
            return
        unknown = set(others) - await self._people.known(others)
        if unknown or await self._blocks.blockers(user.id, others):
            raise ChatError("not_found", UNREACHABLE)
        for user_id in others:
            if not await self._access.authorized(user, "direct", user_id):
                raise ChatError("forbidden", "You may not open a direct room with one of these users.")


def key_of(user_ids: Sequence[str]) -> str:
    """Return the digest of these ids, in whatever order they are."""
    return hashlib.sha256(msgspec.msgpack.encode(sorted(set(user_ids)))).hexdigest()


def _others(user: User, user_ids: Sequence[str]) -> list[str]:
    """Return the ids without the user's own and without repeats. Raises `invalid_message`."""
    others = [user_id for user_id in dict.fromkeys(user_ids) if user_id != user.id]
    if not others:
        raise ChatError("invalid_message", "A direct room has somebody else in it, too.")
    if len(others) >= MOST_USERS:
        raise ChatError("invalid_message", f"A direct room has at most {MOST_USERS} users, with you.")
    for user_id in others:
        if not 0 < len(user_id) <= MOST_ID_CHARS or "\0" in user_id or not is_encodable(user_id):
            raise ChatError("invalid_message", "This is no user's id.")
    return others
