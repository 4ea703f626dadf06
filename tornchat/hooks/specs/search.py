"""The message search hook. Optional."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from tornchat.hooks.specs.promise import one

if TYPE_CHECKING:
    from tornchat.model import Entry


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
