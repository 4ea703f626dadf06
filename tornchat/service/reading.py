"""Reading a room without a session: history, search and the user list.

Every method raises `ChatError` on refusal and `Unavailable` if a plugin fails.
"""

from __future__ import annotations

from collections.abc import Sequence

from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.model import Entry, Page, Roster, User
from tornchat.service.access import Access

MOST_ENTRIES = 200
"""Maximum number of entries per page."""
MOST_QUERY_CHARS = 400


class Reading:
    """Reads rooms on behalf of users, under the same access rules as joining."""

    def __init__(self, hooks: Hooks, access: Access) -> None:
        self._hooks = hooks
        self._access = access

    async def read_history(
        self,
        user: User,
        room: str,
        after: int | None = None,
        before: int | None = None,
        limit: int = 50,
        around: int | None = None,
        thread: int | None = None,
    ) -> Page:
        """Return a page of at most `MOST_ENTRIES` messages of the room. See the hook `read_messages`.

        A message with an empty text has been deleted.
        """
        info = await self._access.see(user, room)
        limit = min(max(limit, 1), MOST_ENTRIES)
        page = await self._hooks.read_messages(room, after, before, around, thread, limit)
        if page is None or page.epoch != info.epoch:
            raise ChatError("room_not_found")
        await self._access.look_again(user, info)
        return page

    async def read_message(self, user: User, room: str, seq: int) -> Entry:
        """Return the message at `seq` in its present state. Raises `ChatError` (`not_found`)."""
        page = await self.read_history(user, room, max(seq - 1, 0), seq + 1, 1)
        if not page.entries:
            raise ChatError("not_found", "There is no such message.")
        return page.entries[0]

    async def search(
        self, user: User, room: str, query: str, before: int | None = None, limit: int = 50
    ) -> Sequence[Entry]:
        """Return at most `MOST_ENTRIES` messages that contain all words of `query`, newest first."""
        info = await self._access.see(user, room)
        if len(query) > MOST_QUERY_CHARS:
            raise ChatError("invalid_message", f"A search has at most {MOST_QUERY_CHARS} characters.")
        limit = min(max(limit, 1), MOST_ENTRIES)
        found = await self._hooks.search_messages(room, query, before, limit)
        if found is None:
            raise ChatError("room_not_found")
        await self._access.look_again(user, info)
        return found

    async def read_users(self, user: User, room: str) -> Roster:
        """Return the participants in the room on all nodes."""
        info = await self._access.see(user, room)
        roster = await self._hooks.read_presence(room)
        await self._access.look_again(user, info)
        return roster


async def message_at(hooks: Hooks, room: str, seq: int) -> Entry:
    """Return the message at `seq` of a room. Raises `ChatError` (`not_found`) if there is none."""
    page = await hooks.read_history(room, seq - 1, seq + 1, 1) if seq > 0 else None
    if page is None or not page.entries or page.entries[0].target is not None:
        raise ChatError("not_found", "There is no such message.")
    return page.entries[0]
