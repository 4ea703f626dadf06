"""Reading a room without a session: history, search and the user list.

Each raises `ChatError` for a no, and `Unavailable` when that can't be told now.
"""

from __future__ import annotations

from collections.abc import Sequence

from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.model import Entry, Page, Roster, User
from tornchat.service.access import Access

MOST_ENTRIES = 200
"""Entries on one page."""
MOST_QUERY_CHARS = 400


class Reading:
    """What a room shows to a user who has no session in it. The rules are those of its members."""

    def __init__(self, hooks: Hooks, access: Access) -> None:
        self._hooks = hooks
        self._access = access

    async def read_history(
        self, user: User, room: str, after: int | None = None, before: int | None = None, limit: int = 50
    ) -> Page:
        """Give a page of the room's log, as the hook `read_history` does; at most `MOST_ENTRIES`.

        It holds deletions, too. A message without a text was deleted.
        """
        await self._access.see(user, room)
        page = await self._hooks.read_history(room, after, before, min(max(limit, 1), MOST_ENTRIES))
        if page is None:
            raise ChatError("room_not_found")
        return page

    async def search(
        self, user: User, room: str, query: str, before: int | None = None, limit: int = 50
    ) -> Sequence[Entry]:
        """Find messages that hold all the words of `query`, newest first; at most `MOST_ENTRIES`."""
        await self._access.see(user, room)
        if len(query) > MOST_QUERY_CHARS:
            raise ChatError("invalid_message", f"A search has at most {MOST_QUERY_CHARS} characters.")
        limit = min(max(limit, 1), MOST_ENTRIES)
        found = await self._hooks.search_messages(room, query, before, limit)
        if found is None:
            raise ChatError("room_not_found")
        return found

    async def read_users(self, user: User, room: str) -> Roster:
        """Give who is in the room now, over all nodes."""
        await self._access.see(user, room)
        return await self._hooks.read_presence(room)
