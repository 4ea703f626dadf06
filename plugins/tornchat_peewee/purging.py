"""Removal of deleted words from the files of the index, in the background and in small steps."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol, TypeVar

from tornchat import Unavailable
from tornchat_peewee.erasure import Erasure
from tornchat_peewee.session import DatabaseSession

PURGE_SECONDS = 30.0
"""Interval between two looks whether words were deleted, and so the least between two passes."""
STEP_PAUSE = 0.02
"""Minimum pause in seconds between two steps, for other writes."""
REST = 9.0
"""A step is followed by a pause of this many times its own duration."""

Result = TypeVar("Result")


class Run(Protocol):
    """Runs a job in a worker thread. Raises `Unavailable`."""

    def __call__(self, job: Callable[[DatabaseSession], Result], /) -> Awaitable[Result]: ...


class Purging:
    """Purges the index of one database, which the search needs rewritten for each deleted word."""

    def __init__(self, erasure: Erasure, read: Run, write: Run, seconds: float) -> None:
        """`seconds`: interval between two looks."""
        self._erasure = erasure
        self._read = read
        self._write = write
        self._seconds = seconds

    async def run(self) -> None:
        """Purge whenever words were deleted, also before the start. Runs until it is cancelled."""
        while True:
            try:
                await self.purge()
            except Unavailable:
                pass  # the next time
            await asyncio.sleep(self._seconds)

    async def purge(self) -> None:
        """Purge what was deleted up to now, if anything was. Raises `Unavailable`."""
        number = await self._read(self._erasure.unpurged)
        if number:
            await self.rewrite(REST)
            await self._write(partial(self._erasure.purged, number=number))

    async def rewrite(self, rest: float) -> None:
        """Rewrite the index in steps, each followed by a pause of `rest` times its duration."""
        now, first, more = asyncio.get_running_loop().time, True, True
        while more:
            began = now()
            more = await self._write(partial(self._erasure.purge, first=first))
            first = False
            await asyncio.sleep(max(STEP_PAUSE, rest * (now() - began)) if more else 0)
