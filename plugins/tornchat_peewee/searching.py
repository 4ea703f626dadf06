"""The hooks that search, which run their queries in worker threads."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tornchat import Entry, FoundMessage, FoundPlace, SearchTerms, hookimpl
from tornchat_peewee.opened import Opened
from tornchat_peewee.search import MOST_TOGETHER


class SearchingHooks(Opened):
    """The hooks of the roles `search` and `search everywhere`."""

    @hookimpl
    async def search_messages(
        self, room: str, query: str, before: int | None, limit: int
    ) -> Sequence[Entry] | None:
        search = self._opened().search
        head = await self._read(partial(search.head, name=room))
        reached: int | None = -1
        while head is not None and reached is not None and reached < head:
            reached = await self._write(partial(search.extend, name=room))
        return await self._read(partial(search.find, name=room, query=query, before=before, limit=limit))

    @hookimpl
    async def search_rooms(
        self, rooms: Sequence[str], terms: SearchTerms, after: FoundPlace | None, limit: int
    ) -> Sequence[FoundMessage]:
        search = self._opened().search
        behind = await self._read(partial(search.behind, names=rooms))
        while behind:
            some = list(behind)[:MOST_TOGETHER]
            reached = await self._write(partial(search.extend_some, names=some))
            for name in some:
                if reached.get(name, behind[name]) >= behind[name]:
                    del behind[name]
        find = partial(search.find_in, names=rooms, terms=terms, after=after, limit=limit)
        return await self._read(find)
