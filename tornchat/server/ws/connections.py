"""What the connections of one server share, and how they all end."""

from __future__ import annotations

import asyncio
import logging
import random
from itertools import count
from typing import Protocol

from tornchat.config.settings import Settings
from tornchat.errors import GOING_AWAY
from tornchat.server.ws.wheel import Wheel
from tornchat.service.chat import Chat
from tornchat.tasks import Tasks
from tornchat.wire import V1, Classic, Dialect
from tornchat.wire.compressed import Compressed

log = logging.getLogger("tornchat.connections")

CLOSES_PER_SECOND = 500
"""A stop closes at least so many connections: what returns at this rate is no herd."""
SPREAD = 0.8
"""The part of the drain time in which many connections are closed; the rest is for the last of them."""
STEP_SECONDS = 0.02
COMMIT_SECONDS = 0.5
"""How long a step waits for the commits before it: a storage that hangs must not hold up a stop."""
ABORT_SECONDS = 1.0
"""How long a connection that was cut off may take to tidy up."""


class Open(Protocol):
    """One open WebSocket."""

    def end(self, code: int, reason: str) -> None:
        """Close it with this code, after what is due."""

    def abort(self) -> None:
        """Cut it off."""


class Connections:
    """The open connections, the chat behind them, its settings, the dialects, the wheel, the tasks."""

    def __init__(self, chat: Chat, settings: Settings, tasks: Tasks) -> None:
        """`tasks` owns what connections leave to be awaited."""
        self.chat = chat
        self.tasks = tasks
        self.settings = settings
        self._classic: Dialect = Classic()
        self._v1: Dialect = V1()
        self._compressed: dict[tuple[bool, int], Dialect] = {}
        self.wheel = Wheel()
        self._now = asyncio.get_running_loop().time
        self._open: set[Open] = set()
        self._gone = asyncio.Event()
        self._numbers = count(1)

    @property
    def draining(self) -> bool:
        """True when the server stops and nobody may enter any more."""
        return self.chat.draining

    def __len__(self) -> int:
        return len(self._open)

    def dialect(self, v1: bool, window_bits: int | None) -> Dialect:
        """What is spoken with a client; `window_bits` is the window of its compression, None is without."""
        plain = self._v1 if v1 else self._classic
        if window_bits is None:
            return plain
        return self._compressed.setdefault((v1, window_bits), Compressed(plain, window_bits))

    def opened(self, connection: Open) -> str:
        """Count a connection in and give its id."""
        self._open.add(connection)
        self._gone.clear()
        return f"{self.chat.node_id}-c{next(self._numbers)}"

    def all(self) -> list[Open]:
        """Those that are open now."""
        return list(self._open)

    def closed(self, connection: Open) -> None:
        """Count a connection out."""
        self._open.discard(connection)
        if not self._open:
            self._gone.set()

    async def drain(self, seconds: float) -> None:
        """Close every connection with 1001 and wait until the last is gone, at most `seconds`.

        They are closed in random order, evenly over most of that time, but never slower than
        `CLOSES_PER_SECOND`: a server with few clients has ended at once.
        """
        facts = {"event": "drain", "connections": len(self), "seconds": round(seconds, 1)}
        log.info("closing %(connections)d connections within %(seconds).1f s", facts, extra=facts)
        end = self._now() + seconds
        await self._close_all(min(seconds * SPREAD, len(self) / CLOSES_PER_SECOND))
        if not await self._all_gone(end - self._now()):
            for connection in list(self._open):
                connection.abort()
            await self._all_gone(ABORT_SECONDS)
        log.info("all connections are closed", extra={"event": "drained"})

    async def _close_all(self, seconds: float) -> None:
        leaving, began = list(self._open), self._now()
        random.shuffle(leaving)
        count = len(leaving)
        while leaving:
            await self.chat.finish_commits(COMMIT_SECONDS)  # who is closed has seen what became of its words
            passed = (self._now() - began) / seconds if seconds else 1.0
            stay = max(0, count - 1 - int(passed * count))
            for connection in leaving[stay:]:
                # The spread of a herd that comes back has to come from the server.
                wait = random.uniform(0.1, max(seconds, 1.0))  # noqa: S311 (no secret)
                connection.end(GOING_AWAY, f"retry_after={wait:.1f}")
            del leaving[stay:]
            if leaving:
                await asyncio.sleep(STEP_SECONDS)

    async def _all_gone(self, seconds: float) -> bool:
        if self._open:
            try:
                await asyncio.wait_for(self._gone.wait(), seconds)
            except TimeoutError:
                return False
        return True
