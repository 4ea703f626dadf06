"""Saying and reading without a session: what a request does that holds no socket.

Each raises `ChatError` for a no, and `Unavailable` when that can't be told now.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from tornchat.cluster.sanctions import Sanctions
from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.log.commit import Committer
from tornchat.model import Draft, Entry, Page, Roster, Stored, User
from tornchat.rates import Rates
from tornchat.service.access import Access
from tornchat.service.drafts import Drafts
from tornchat.wire import Said

MOST_ENTRIES = 200
"""Entries on one page."""
MOST_QUERY_CHARS = 400


class Posts:
    """What is said in a room and read of it by who is not in it. The rules are those of its members."""

    def __init__(
        self,
        hooks: Hooks,
        access: Access,
        sanctions: Sanctions,
        committer: Committer,
        drafts: Drafts,
        rates: Rates,
    ) -> None:
        """`rates` is what one user may say on this node, over all rooms."""
        self._hooks = hooks
        self._access = access
        self._sanctions = sanctions
        self._committer = committer
        self._drafts = drafts
        self._rates = rates

    async def say(self, user: User, room: str, said: Said) -> Stored:
        """Say something in the room and give what was stored, which its members are told.

        The same client id again gives what was stored first (`repeated`). Raises the codes of a session's
        errors, and `room_not_found`.
        """
        await self._access.see(user, room)
        self._drafts.check(said.text)
        await self._refuse_muted(user, room)
        if wait := self._rates.wait(user.id, asyncio.get_running_loop().time()):
            raise ChatError("rate_limited", "", round(wait, 3), said.client_id)
        return await self._committer.store(await self._filtered(user, self._drafts.make(user, room, said)))

    async def _refuse_muted(self, user: User, room: str) -> None:
        until = (await self._sanctions.until(room, user.id)).get("mute")
        if until is not None:
            raise ChatError("muted", "", round(max(0.0, until - time.time()), 3))

    async def _filtered(self, user: User, draft: Draft) -> Draft:
        if not await self._hooks.authorize(user, "send", draft.room):
            raise ChatError("forbidden")
        filtered = await self._hooks.filter_message(draft, user) if self._filters else draft
        self._drafts.check(filtered.text)
        return filtered

    @property
    def _filters(self) -> bool:
        return self._hooks.provides("filter_message")

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
