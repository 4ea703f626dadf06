"""Commands about many rooms, some at a time, so that a renewal of the lease does not wait for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

MOST_AT_ONCE = 100


async def in_slices(rooms: Iterable[str], work: Callable[[str], Awaitable[None]]) -> None:
    """Do the work for each room, for `MOST_AT_ONCE` at the same time. Raises the first exception."""
    names = list(rooms)
    for start in range(0, len(names), MOST_AT_ONCE):
        await asyncio.gather(*map(work, names[start : start + MOST_AT_ONCE]))
