"""The use cases of moderation: kick, ban, mute, slow mode, and delete messages.

Every method raises `ChatError` on refusal and `Unavailable` if a plugin fails.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Literal

from msgspec.structs import replace

from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.model import RoomSummary, Sanction, SanctionKind, User
from tornchat.service import rights
from tornchat.service.access import Access, TrustedUser, VisibleRoom
from tornchat.service.audit import Audit
from tornchat.service.enforcement import Enforcement
from tornchat.service.people import People
from tornchat.service.posting import Posting
from tornchat.service.rights import Act
from tornchat.service.slow import MOST_SECONDS
from tornchat.wire import Said

FOREVER = 10 * 365 * 86400.0
"""Maximum duration of a sanction in seconds."""
KICK_SECONDS = 3600.0
"""Duration in seconds for which a kick is stored; every node has read it by then."""


class Moderation:
    """Moderation actions. Each method checks the rights of `user` before it acts."""

    def __init__(
        self,
        hooks: Hooks,
        access: Access,
        people: People,
        enforcement: Enforcement,
        audit: Audit,
        posting: Posting,
        sanctions_per_room: int,
    ) -> None:
        """`sanctions_per_room` is for each kind; 0 is no limit."""
        self._hooks = hooks
        self._access = access
        self._people = people
        self._enforcement = enforcement
        self._audit = audit
        self._posting = posting
        self.sanctions_per_room = sanctions_per_room

    # --- people ---

    async def kick(self, user: User, room: str, user_id: str) -> None:
        """Close all sessions of `user_id` in the room with 4003, on every node. The user may rejoin."""
        place = await self._require_over(user, room, user_id, "kick")
        if not self._hooks.provides("set_sanction"):
            await self._enforcement.order("kick", room, user_id)
        else:
            await self._set(user, place, user_id, "kick", KICK_SECONDS)
        await self._audit.record(user, "kick", place.room, user_id)

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
        """End a sanction early. Raises `ChatError` (`not_found`) if there is none.

        Raises `forbidden` for one's own, and for one that was set by somebody of a higher rank.
        """
        place = await self._access.require(user, room, "lift")
        if user_id == user.id and not isinstance(user, TrustedUser):
            raise ChatError("forbidden", "Nobody lifts their own sanctions.")
        refuse_outranked(place, await self._hooks.read_sanctions([room]), user_id, kind)
        if not await self._hooks.lift_sanction(room, user_id, kind):
            raise ChatError("not_found", f"There is no {kind} of theirs to lift.")
        await self._enforcement.order("sanctions", room)
        await self._audit.record(user, f"lift {kind}", place.room, user_id)

    async def read_sanctions(self, user: User, room: str) -> Sequence[Sanction]:
        """Return the active bans and mutes of the room. For its moderators."""
        await self._access.require(user, room, "read sanctions")
        return [one for one in await self._hooks.read_sanctions([room]) if one.kind in ("ban", "mute")]

    async def _sanction(
        self, user: User, room: str, user_id: str, kind: Literal["ban", "mute"], seconds: float
    ) -> None:
        refuse_no_time(seconds)
        place = await self._require_over(user, room, user_id, kind)
        refuse_outranked(place, await self._hooks.read_sanctions([room]), user_id, kind)
        await self._set(user, place, user_id, kind, seconds)
        await self._audit.record(user, kind, place.room, user_id, f"{seconds:g} s")

    async def _set(
        self, user: User, place: VisibleRoom, user_id: str, kind: SanctionKind, seconds: float
    ) -> None:
        room, now, rank = place.room.name, time.time(), rights.rank(place.standings)
        wanted = Sanction(room, user_id, kind, now + seconds, user.id, rank, now)
        if not await self._hooks.set_sanction(wanted, self.sanctions_per_room):
            raise ChatError("room_not_found")
        await self._enforcement.order("sanctions", room)

    async def _require_over(self, user: User, room: str, user_id: str, act: Act) -> VisibleRoom:
        """Return what a user who may do `act` to `user_id` is in the room.

        Raises `ChatError` (`forbidden`, `room_not_found`).
        """
        place = await self._access.require(user, room, act)
        if user_id == user.id and not isinstance(
            user, TrustedUser
        ):  # a moderator who bans themselves could not lift the ban
            raise ChatError("forbidden", "Nobody moderates themselves.")
        theirs = User(user_id, user_id, await self._people.roles_of(user_id))
        role = await self._access.role_in(place.room, user_id)
        if not rights.over(place.standings, rights.standings(theirs, role)):
            raise ChatError("forbidden", "They are not yours to moderate.")
        return place

    # --- messages ---

    async def set_slow_mode(self, user: User, room: str, seconds: int) -> RoomSummary:
        """Let users of the room wait `seconds` between their messages; 0 turns slow mode off.

        Every node refuses what comes earlier with `slow_mode`. Moderators of the room need not wait. Raises
        `invalid_message` for seconds below 0 or above `MOST_SECONDS`. Returns the room as it is then.
        """
        if not 0 <= seconds <= MOST_SECONDS:
            raise ChatError("invalid_message", f"Slow mode has 0 to {MOST_SECONDS} seconds.")
        place = await self._access.require(user, room, "set slow mode")
        if not await self._hooks.set_slow_mode(room, seconds):
            raise ChatError("room_not_found")
        await self._enforcement.order("sanctions", room)
        await self._audit.record(user, "set slow mode", place.room, detail=f"{seconds} s")
        return replace(place.room, slow_seconds=seconds)

    async def delete_message(self, user: User, room: str, seq: int) -> None:
        """Delete the text of a message and notify the room. Idempotent.

        Requires that the user sent the message or has the action "moderate". Raises `ChatError`
        (`not_found`) if there is no message at `seq`.
        """
        await self._posting.change(user, room, Said("", None, "deletion", seq))


def refuse_outranked(place: VisibleRoom, found: Sequence[Sanction], user_id: str, kind: SanctionKind) -> None:
    """Raise `forbidden` if there is such a sanction by somebody of a higher rank.

    To replace it by a shorter one would be to lift it.
    """
    for one in found:
        if (one.user_id, one.kind) == (user_id, kind) and rights.outranks(one.rank, place.standings):
            raise ChatError("forbidden", f"This {kind} was set by somebody of a higher rank.")


def refuse_no_time(seconds: float) -> None:
    """Raise `ChatError` (`invalid_message`) for seconds that no sanction lasts."""
    if not 0 < seconds <= FOREVER:
        raise ChatError("invalid_message", f"Seconds are above 0 and at most {FOREVER:.0f}.")
