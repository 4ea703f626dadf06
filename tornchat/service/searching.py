"""Searching in all rooms of a user.

Rights are looked at when it is asked. Methods raise `ChatError` on refusal and `Unavailable` after failures.
"""

from __future__ import annotations

from collections.abc import Sequence

from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.model import FoundMessage, FoundPlace, SearchTerms, User
from tornchat.service.access import Access
from tornchat.service.markers import Markers
from tornchat.service.reading import MOST_QUERY_CHARS

PART = 1000
"""Rooms that are read together."""
MOST_ROOMS = 5000
"""Maximum number of rooms that are searched together: the first ones by name."""


class Searching:
    """Searches on behalf of users."""

    def __init__(self, hooks: Hooks, access: Access, markers: Markers) -> None:
        self._hooks = hooks
        self._access = access
        self._markers = markers

    async def search(
        self, user: User, terms: SearchTerms, room: str | None, after: FoundPlace | None, limit: int
    ) -> Sequence[FoundMessage]:
        """Return at most `limit` messages of the user's rooms, or of one room, newest first.

        A user's rooms are those in which the user has a role or has read something, and may enter now.
        """
        if len(terms.text) > MOST_QUERY_CHARS:
            raise ChatError("invalid_message", f"A search has at most {MOST_QUERY_CHARS} characters.")
        if room is None:
            rooms = await self._rooms_of(user)
        else:
            rooms = [(await self._access.see(user, room)).name]
        return await self._hooks.search_rooms(rooms, terms, after, limit) if rooms else []

    async def _rooms_of(self, user: User) -> list[str]:
        await self._markers.settle(user.id)
        names: list[str] = []
        while len(names) < MOST_ROOMS:
            part = await self._hooks.read_rooms_of(user.id, names[-1] if names else None, PART)
            names += [room.name for room in part]
            if len(part) < PART:
                break
        seen = await self._access.open_to(user, names)
        return [name for name in names if name in seen]
