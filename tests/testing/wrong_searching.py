"""Deliberately wrong plugins that search several rooms: each breaks one promise."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace
from tornchat_peewee import PeeweePlugin

from tornchat import FoundMessage, FoundPlace, SearchTerms, hookimpl


class FindsRoomByRoom(PeeweePlugin):
    @hookimpl
    async def search_rooms(
        self, rooms: Sequence[str], terms: SearchTerms, after: FoundPlace | None, limit: int
    ) -> Sequence[FoundMessage]:
        found = await super().search_rooms(rooms, terms, after, limit)
        return sorted(found, key=lambda one: one.room)


class ContinuesAfterTheTime(PeeweePlugin):
    """What was sent at the same time as the last message of a page is left out."""

    @hookimpl
    async def search_rooms(
        self, rooms: Sequence[str], terms: SearchTerms, after: FoundPlace | None, limit: int
    ) -> Sequence[FoundMessage]:
        earlier = terms if after is None else replace(terms, before_ms=after.sent_at)
        return await super().search_rooms(rooms, earlier, None, limit)


class FindsWholeWordsOnly(PeeweePlugin):
    @hookimpl
    async def search_rooms(
        self, rooms: Sequence[str], terms: SearchTerms, after: FoundPlace | None, limit: int
    ) -> Sequence[FoundMessage]:
        return await super().search_rooms(rooms, replace(terms, prefix=False), after, limit)


class FindsAnybodys(PeeweePlugin):
    @hookimpl
    async def search_rooms(
        self, rooms: Sequence[str], terms: SearchTerms, after: FoundPlace | None, limit: int
    ) -> Sequence[FoundMessage]:
        return await super().search_rooms(rooms, replace(terms, sender_id=None), after, limit)


class FindsWhatWasIndexed(PeeweePlugin):
    """What was stored since the last search is not found."""

    @hookimpl
    async def search_rooms(
        self, rooms: Sequence[str], terms: SearchTerms, after: FoundPlace | None, limit: int
    ) -> Sequence[FoundMessage]:
        search = self._opened().search
        return await self._read(
            lambda session: search.find_in(session, rooms, terms, after, limit)
        ) or await super().search_rooms(rooms, terms, after, limit)


class SearchesAFewRooms(PeeweePlugin):
    @hookimpl
    async def search_rooms(
        self, rooms: Sequence[str], terms: SearchTerms, after: FoundPlace | None, limit: int
    ) -> Sequence[FoundMessage]:
        return await super().search_rooms(rooms[:100], terms, after, limit)
