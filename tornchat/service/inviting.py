"""The use cases of invites: making, listing and revoking them, and becoming a member by one.

Every method raises `ChatError` on refusal and `Unavailable` if a plugin fails.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Sequence

from tornchat.config.sections import LimitsSection
from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.model import Accepted, Invite, Role, RoomInfo, User
from tornchat.service.access import Access, require_on_site, trusted_user
from tornchat.service.audit import Audit
from tornchat.service.userstream import UserStream

MOST_INVITES = 100
"""Invites of one room that can be used at a time."""
MOST_USES = 10_000
LEAST_SECONDS, MOST_SECONDS = 60, 365 * 86400
TOKEN_BYTES = 24


class Inviting:
    """Makes and accepts invites on behalf of users."""

    def __init__(
        self, hooks: Hooks, access: Access, audit: Audit, tells: UserStream, limits: LimitsSection
    ) -> None:
        self._hooks = hooks
        self._access = access
        self._audit = audit
        self._tells = tells
        self.limits = limits

    async def invite(
        self, user: User, room: str, role: Role = "member", seconds: float = 86400.0, uses: int = 1
    ) -> tuple[Invite, str]:
        """Make an invite for `uses` users within `seconds`. Return it and its token, which is not stored.

        For the owner and admins. Raises `forbidden`, `room_not_found`, `too_many_invites`, and
        `invalid_message` for the role "owner" and for numbers outside of their bounds.
        """
        _refuse_bounds(role, seconds, uses)
        place = await self._access.require(user, room, "invite")
        if place.room.direct:
            raise ChatError("forbidden", "Nobody is invited into a direct room.")
        token, now = secrets.token_urlsafe(TOKEN_BYTES), time.time()
        invite = Invite(secrets.token_hex(8), room, role, user.id, now, now + seconds, uses)
        if not await self._hooks.store_invite(invite, digest_of(token), MOST_INVITES):
            raise ChatError("room_not_found")
        await self._audit.record(user, "create invite", place.room, detail=f"{invite.id}: {uses} as {role}")
        return invite, token

    async def read(self, user: User, room: str) -> Sequence[Invite]:
        """Return the invites of the room that can still be used, newest first. For the owner and admins."""
        await self._access.require(user, room, "invite")
        now = time.time()
        found = await self._hooks.read_invites(room)
        return [one for one in found if one.expires_at > now and one.used < one.uses]

    async def revoke(self, user: User, room: str, invite_id: str) -> None:
        """End an invite. For the owner and admins. Raises `not_found`. Who accepted it stays a member."""
        place = await self._access.require(user, room, "invite")
        if not await self._hooks.revoke_invite(room, invite_id):
            raise ChatError("not_found", "There is no such invite.")
        await self._audit.record(user, "revoke invite", place.room, detail=invite_id)

    async def accept(self, user: User, token: str) -> Accepted:
        """Make the user a member of the room that the token of an invite is for.

        Who is a member already keeps the role, and does not use the invite up. Raises `not_found` for a token
        of no invite (it was revoked, or its room deleted), `invite_expired`, `invite_used_up`,
        `too_many_members`, and `forbidden` for a user who is banned from the room or may not join it by the
        plugins.
        """
        require_on_site(user, "accept invite")
        digest = digest_of(token)
        invite = await self._hooks.find_invite(digest)
        if invite is None:
            raise ChatError("not_found", "There is no such invite: it was revoked, or its room was deleted.")
        room = await self._admitted(user, invite.room)
        limit = self.limits.members_per_room
        accepted = await self._hooks.use_invite(digest, user.id, time.time(), limit)
        if accepted is None:
            raise ChatError("not_found", "The invite was revoked, or its room deleted.")
        if accepted.joined:
            self._tells.invited(accepted.room, [user.id])
            await self._audit.record(user, "accept invite", room, user.id, f"{invite.id}: {accepted.role}")
        return accepted

    async def _admitted(self, user: User, name: str) -> RoomInfo:
        """Return the room that the user may become a member of. Raises `not_found`, `forbidden`."""
        room = await self._hooks.open_room(name, trusted_user(user), False, 0, None)
        if room is None:
            raise ChatError("not_found", "There is no such invite: its room was deleted.")
        if await self._access.bans(user, name):
            raise ChatError("forbidden", "You are banned from the room of this invite.")
        if not await self._access.authorized(user, "join", name):
            raise ChatError("forbidden", "You may not join the room of this invite.")
        return room


def digest_of(token: str) -> str:
    """Return what is stored in place of a token. Tokens are random, so that no salt is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _refuse_bounds(role: Role, seconds: float, uses: int) -> None:
    if role == "owner":
        raise ChatError("invalid_message", "An invite makes users members or moderators.")
    if not LEAST_SECONDS <= seconds <= MOST_SECONDS:
        raise ChatError("invalid_message", f"An invite lasts {LEAST_SECONDS} to {MOST_SECONDS} seconds.")
    if not 1 <= uses <= MOST_USES:
        raise ChatError("invalid_message", f"An invite is for 1 to {MOST_USES} users.")
