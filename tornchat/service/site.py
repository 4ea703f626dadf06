"""The use cases of the whole site: ban a user, revoke tokens, disconnect. For admins.

Every method raises `ChatError` if it is refused, and `Unavailable` if a plugin fails.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.model import SITE, Sanction, SanctionKind, User
from tornchat.service import rights
from tornchat.service.access import require_on_site
from tornchat.service.audit import Audit
from tornchat.service.enforcement import Enforcement
from tornchat.service.moderation import FOREVER, KICK_SECONDS, refuse_no_time
from tornchat.service.people import People
from tornchat.service.rights import Act


class SiteModeration:
    """What admins do to users everywhere, each after asking whether they may."""

    def __init__(self, hooks: Hooks, people: People, enforcement: Enforcement, audit: Audit) -> None:
        self._hooks = hooks
        self._people = people
        self._enforcement = enforcement
        self._audit = audit

    async def ban(self, user: User, user_id: str, seconds: float) -> None:
        """Ban a user from the whole site; sessions are closed with 4003 on every node. Not for admins."""
        refuse_no_time(seconds)
        await self._require_over(user, user_id, "ban from site")
        await self._set(user, user_id, "ban", seconds, time.time())
        await self._audit.record(user, "ban from site", None, user_id, f"{seconds:g} s")

    async def lift_ban(self, user: User, user_id: str) -> None:
        """End a ban from the site early. Raises `ChatError` (`not_found`) if there is none."""
        require_on_site(user, "ban from site")
        if user_id == user.id:
            raise ChatError("forbidden", "Nobody lifts their own sanctions.")
        if not await self._hooks.lift_sanction(SITE, user_id, "ban"):
            raise ChatError("not_found", "There is no ban of theirs to lift.")
        await self._enforcement.order("sanctions", SITE)
        await self._audit.record(user, "lift ban from site", None, user_id)

    async def revoke(self, user: User, user_id: str, before: float | None = None) -> None:
        """Refuse the user's tokens that were issued before `before` (Unix seconds; None: now).

        Sessions with such a token are closed with 4001. Raises `invalid_message` for a time to come.
        """
        require_on_site(user, "revoke tokens")
        now = time.time()
        if before is not None and not 0 < before <= now:
            raise ChatError("invalid_message", "The time is not in the past.")
        earlier = [one.since for one in await self._hooks.read_sanctions([SITE]) if _revokes(one, user_id)]
        await self._set(user, user_id, "revoke", FOREVER, max([now if before is None else before, *earlier]))
        await self._audit.record(user, "revoke tokens", None, user_id)

    async def disconnect(self, user: User, user_id: str) -> None:
        """Close all sessions of `user_id` with 4003, in every room and on every node."""
        require_on_site(user, "disconnect")
        if not self._hooks.provides("set_sanction"):
            await self._enforcement.order("disconnect", SITE, user_id)
        else:
            await self._set(user, user_id, "disconnect", KICK_SECONDS, time.time())
        await self._audit.record(user, "disconnect", None, user_id)

    async def read_sanctions(self, user: User) -> Sequence[Sanction]:
        """Return the active bans and revocations of the whole site."""
        require_on_site(user, "read site sanctions")
        return [one for one in await self._hooks.read_sanctions([SITE]) if one.kind != "disconnect"]

    async def _require_over(self, user: User, user_id: str, act: Act) -> None:
        require_on_site(user, act)
        theirs = User(user_id, user_id, await self._people.roles_of(user_id))
        if user_id == user.id or not rights.over(rights.standings(user), rights.standings(theirs)):
            raise ChatError("forbidden", "They are not yours to ban.")

    async def _set(self, user: User, user_id: str, kind: SanctionKind, seconds: float, since: float) -> None:
        sanction = Sanction(SITE, user_id, kind, time.time() + seconds, user.id, "admin", since)
        if not await self._hooks.set_sanction(sanction, 0):
            raise ChatError("not_provided", "The loaded plugin keeps no sanctions of the whole site.")
        await self._enforcement.order("sanctions", SITE)


def _revokes(sanction: Sanction, user_id: str) -> bool:
    return (sanction.user_id, sanction.kind) == (user_id, "revoke")
