"""The use cases of moderation: kick, ban, mute, disconnect and delete messages.

Every method raises `ChatError` on refusal and `Unavailable` if a plugin fails.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.log.commit import Committer
from tornchat.model import Entry, Sanction, SanctionKind, User
from tornchat.service.access import Access, is_admin
from tornchat.service.drafts import Drafts
from tornchat.service.enforcement import Enforcement

FOREVER = 10 * 365 * 86400.0
"""Maximum duration of a sanction in seconds."""


class Moderation:
    """Moderation actions. Each method checks the rights of `user` before it acts."""

    def __init__(
        self, hooks: Hooks, access: Access, enforcement: Enforcement, committer: Committer, drafts: Drafts
    ) -> None:
        self._hooks = hooks
        self._access = access
        self._enforcement = enforcement
        self._committer = committer
        self._drafts = drafts

    # --- people ---

    async def kick(self, user: User, room: str, user_id: str) -> None:
        """Close all sessions of `user_id` in the room with 4003, on every node. The user may rejoin."""
        await self._require_over(user, room, user_id)
        await self._enforcement.order("kick", room, user_id)

    async def ban(self, user: User, room: str, user_id: str, seconds: float) -> None:
        """Ban `user_id` from the room for `seconds`.

        The user's sessions in it are closed with 4003 on every node. Until the ban ends, every access to the
        room is answered with `room_not_found`.
        """
        await self._sanction(user, room, user_id, "ban", seconds)

    async def mute(self, user: User, room: str, user_id: str, seconds: float) -> None:
        """Mute `user_id` in the room for `seconds`: every node refuses the user's messages with `muted`."""
        await self._sanction(user, room, user_id, "mute", seconds)

    async def lift(self, user: User, room: str, user_id: str, kind: SanctionKind) -> None:
        """End a sanction early. Raises `ChatError` (`not_found`) if there is none."""
        await self._access.require(user, room, "moderate")
        if not await self._hooks.lift_sanction(room, user_id, kind):
            raise ChatError("not_found", f"There is no {kind} of theirs to lift.")
        await self._enforcement.order("sanctions", room)

    async def read_sanctions(self, user: User, room: str) -> Sequence[Sanction]:
        """Return the active sanctions of the room. Requires the action "moderate"."""
        await self._access.require(user, room, "moderate")
        return await self._hooks.read_sanctions([room])

    async def disconnect(self, user: User, user_id: str) -> None:
        """Close all sessions of `user_id` with 4003, in every room and on every node. Admins only."""
        if not is_admin(user):
            raise ChatError("forbidden")
        await self._enforcement.order("disconnect", "", user_id)

    async def _sanction(
        self, user: User, room: str, user_id: str, kind: SanctionKind, seconds: float
    ) -> None:
        if not 0 < seconds <= FOREVER:
            raise ChatError("invalid_message", f"Seconds are above 0 and at most {FOREVER:.0f}.")
        await self._require_over(user, room, user_id)
        sanction = Sanction(room, user_id, kind, time.time() + seconds, user.id)
        if not await self._hooks.set_sanction(sanction):
            raise ChatError("room_not_found")
        await self._enforcement.order("sanctions", room)

    async def _require_over(self, user: User, room: str, user_id: str) -> None:
        """Raise `ChatError` (`forbidden`) unless `user` may moderate `user_id`.

        Moderators may moderate members, owners also moderators, admins every user. Nobody may moderate
        themselves.
        """
        rights = await self._access.require(user, room, "moderate")
        if user_id == user.id:  # a moderator who bans themselves could not lift the ban
            raise ChatError("forbidden", "Nobody moderates themselves.")
        if is_admin(user):
            return
        role = await self._access.role_in(rights.room, user_id)
        if role == "owner" or (role == "moderator" and "manage" not in rights.actions):
            raise ChatError("forbidden", "They are not yours to moderate.")

    # --- messages ---

    async def delete_message(self, user: User, room: str, seq: int) -> None:
        """Delete the text of a message and notify the room. Idempotent.

        Requires that the user sent the message or has the action "moderate". Raises `ChatError`
        (`not_found`) if there is no message at `seq`.
        """
        rights = await self._access.require(user, room, "join")
        entry = await self._message(room, seq)
        if entry.sender_id != user.id and "moderate" not in rights.actions:
            raise ChatError("forbidden")
        if entry.text:
            draft = self._drafts.delete(user, rights.room, seq)
            await self._committer.store(draft, self._access.position(room))

    async def _message(self, room: str, seq: int) -> Entry:
        page = await self._hooks.read_history(room, seq - 1, seq + 1, 1) if seq > 0 else None
        if page is None or not page.entries or page.entries[0].kind != "message":
            raise ChatError("not_found", "There is no such message.")
        return page.entries[0]
