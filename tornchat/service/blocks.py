"""Blocks: whose messages a user does not want to see. Clients hide them; a room's frames are equal for all.

Every method raises `ChatError` on refusal and `Unavailable` if a plugin fails.
"""

from __future__ import annotations

from collections.abc import Sequence

from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.hooks.words import is_encodable
from tornchat.model import User
from tornchat.service.access import require_on_site
from tornchat.service.pace import Pace

MOST_BLOCKED = 1000
"""Users whom one user may block; clients keep the list in memory."""
MOST_ID_CHARS = 256


class Blocks:
    """Each user's own list."""

    def __init__(self, hooks: Hooks, pace: Pace) -> None:
        self._hooks = hooks
        self._pace = pace

    async def read(self, user: User) -> Sequence[str]:
        """Return the ids of the users whom `user` blocks, sorted."""
        require_on_site(user, "block")
        return await self._hooks.read_blocks(user.id)

    async def block(self, user: User, user_id: str) -> None:
        """Block `user_id`. Idempotent.

        Raises `forbidden` above `MOST_BLOCKED`, `invalid_message`, and `rate_limited` for guests.
        """
        require_on_site(user, "block")
        if user_id == user.id:
            raise ChatError("invalid_message", "Nobody blocks themselves.")
        if not 0 < len(user_id) <= MOST_ID_CHARS or "\0" in user_id or not is_encodable(user_id):
            raise ChatError("invalid_message", "This is no user's id.")
        self._pace.block(user)
        if not await self._hooks.set_block(user.id, user_id, MOST_BLOCKED):
            raise ChatError("forbidden", f"You block {MOST_BLOCKED:,} users already.")

    async def unblock(self, user: User, user_id: str) -> None:
        """End a block. Raises `ChatError` (`not_found`) if there is none."""
        require_on_site(user, "block")
        if not await self._hooks.lift_block(user.id, user_id):
            raise ChatError("not_found", "You do not block this user.")

    async def blockers(self, user_id: str, among: Sequence[str]) -> frozenset[str]:
        """Return, of the user ids `among`, those of users who block `user_id`; none without a plugin.

        For whatever reaches a user personally: who is among them is not told of `user_id`.
        """
        if not among or not self._hooks.provides("find_blockers"):
            return frozenset()
        return frozenset(await self._hooks.find_blockers(user_id, among))
