"""Moves of cursors, stored together: one call runs at a time, and takes all that came meanwhile."""

from __future__ import annotations

import asyncio

from tornchat.errors import Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.model import CursorMove

RETRY_SECONDS = 0.5
MOST_IN_A_CALL = 500


class Cursors:
    """Stores the moves of the consumers that `holder` holds."""

    def __init__(self, hooks: Hooks, holder: str) -> None:
        self._hooks = hooks
        self._holder = holder
        self._waiting: list[tuple[CursorMove, asyncio.Future[None]]] = []
        self._news = asyncio.Event()

    async def move(self, move: CursorMove) -> None:
        """Store a move. Returns when it is durable, however long that takes."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((move, done))
        self._news.set()
        await done

    async def run(self) -> None:
        """Store the moves, until it is cancelled."""
        while True:
            await self._news.wait()
            batch = self._waiting[:MOST_IN_A_CALL]
            try:
                await self._hooks.move_cursors(self._holder, [move for move, _ in batch])
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            del self._waiting[: len(batch)]
            if not self._waiting:
                self._news.clear()
            for _, done in batch:
                if not done.done():
                    done.set_result(None)
