"""Finding what was said. A chat may do without it."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from tornchat.hooks.specs.promise import hookspec

if TYPE_CHECKING:
    from tornchat.model import Entry


@hookspec("one", role="search", deadline=10.0)
def search_messages(
    room: str, query: str, before: int | None, limit: int
) -> Awaitable[Sequence[Entry] | None] | Sequence[Entry] | None:
    """Find at most `limit` messages of the room that hold all words of `query`, newest first.

    `before`: only those with a lower `seq`. Upper and lower case are the same, and so are the query's
    signs and spaces: a query without any word finds nothing. Sees everything that was stored before the
    call; a deleted message is found by none of its words any more. None if there is no such room.
    """
