"""Whether an authenticated user may be on this site at all."""

from __future__ import annotations

from msgspec.structs import replace

from tornchat.cluster.sanctions import Sanctions
from tornchat.errors import REMOVED, TRY_AGAIN_LATER, UNAUTHORIZED, Closed, Unavailable
from tornchat.model import ERASED, GUEST, GUEST_ID_PREFIX, SITE, User

UNSAFE_IDS = frozenset({".", "..", ERASED.id})
"""Ids of nobody. No URL can name the first two: clients and proxies take such a segment out of a path."""


class Admission:
    """Looks at what holds for the whole site, for every socket and every call of the API."""

    def __init__(self, sanctions: Sanctions) -> None:
        self._sanctions = sanctions

    async def admit(self, user: User) -> User:
        """Return the user, as a guest if the id is a guest's.

        Raises `Closed`: 4001 for an id that can't be or a revoked token, 4003 for a ban, 1013 for not now.
        """
        if user.id in UNSAFE_IDS:
            raise Closed(UNAUTHORIZED, "unauthorized", "bad_id")
        try:
            await self._sanctions.know(SITE)
        except Unavailable:
            raise Closed(TRY_AGAIN_LATER, "not available now", "unavailable") from None
        refuse_off_site(self._sanctions, user)
        if user.id.startswith(GUEST_ID_PREFIX) and not user.is_guest:
            return replace(user, roles=user.roles | {GUEST})
        return user


def refuse_off_site(sanctions: Sanctions, user: User) -> None:
    """Raise `Closed` for a user who may not be on this site, as far as this node has read."""
    sanction = sanctions.on_site(user)
    if sanction is not None and sanction.kind == "revoke":
        raise Closed(UNAUTHORIZED, "token revoked", "revoked")
    if sanction is not None:
        raise Closed(REMOVED, "banned", "banned")
