"""The hooks that search messages. Optional."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from tornchat.hooks.specs.promise import one

if TYPE_CHECKING:
    from tornchat.model import Entry, FoundMessage, FoundPlace, SearchTerms


@one(role="search", deadline=10.0, absent="not_provided")
def search_messages(
    room: str, query: str, before: int | None, limit: int
) -> Awaitable[Sequence[Entry] | None] | Sequence[Entry] | None:
    """Return at most `limit` messages of the room that contain all words of `query`, newest first.

    With `before`, only messages with a lower `seq` are returned. The search ignores case, and treats
    punctuation in the query as white space; a query without words matches nothing. The result reflects
    everything stored before the call; a deleted message is not found by its former text. Returns None if
    there is no such room.
    """


@one(role="search everywhere", deadline=10.0, absent="not_provided")
def search_rooms(
    rooms: Sequence[str], terms: SearchTerms, after: FoundPlace | None, limit: int
) -> Awaitable[Sequence[FoundMessage]] | Sequence[FoundMessage]:
    """Return at most `limit` messages of these rooms that `terms` describe, newest first.

    Messages of the same time are in descending order of the room's name (by code points), then of `seq`. With
    `after`, only messages behind that place are returned. Words are those of `search_messages`, and the
    result reflects everything stored before the call. Rooms that do not exist are left out. There may be
    thousands of rooms.
    """
