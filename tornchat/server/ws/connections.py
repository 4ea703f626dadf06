"""The open connections of a server: shared objects, and closing all connections on shutdown."""

from __future__ import annotations

import asyncio
import logging
import random
from itertools import count
from typing import Protocol
from weakref import WeakValueDictionary

from tornchat.config.settings import Settings
from tornchat.errors import GOING_AWAY
from tornchat.server.edge.addresses import Client
from tornchat.server.edge.edge import Edge
from tornchat.server.ws.wheel import Wheel
from tornchat.service.chat import Chat
from tornchat.service.session import Session
from tornchat.tasks import Slices, Tasks
from tornchat.wire import V1, Classic, Dialect
from tornchat.wire.compressed import Compressed
from tornchat.wire.rooms import RoomFrames

log = logging.getLogger("tornchat.connections")

CLOSES_PER_SECOND = 500
"""Minimum rate at which a shutdown closes connections. Clients that reconnect at this rate are no burden."""
SPREAD = 0.8
"""Fraction of the drain time over which the closing of connections is spread at most."""
STEP_SECONDS = 0.02
COMMIT_SECONDS = 0.5
"""Maximum wait for pending commits, in seconds per step, so that a hanging storage can't block a shutdown."""
ABORT_SECONDS = 1.0
"""Maximum wait for aborted connections, in seconds."""


NO_LIMIT = 1 << 31
"""The maximum length of a message if the settings name none."""


class OpenConnection(Protocol):
    """One open WebSocket."""

    id: str
    remote_ip: str
    opened_at: float

    @property
    def sessions(self) -> list[Session]:
        """The sessions, without those that are still joining or have left."""

    def limit(self, max_message_bytes: int) -> None:
        """Set another maximum length of a received message."""

    def end(self, code: int, reason: str) -> None:
        """Send the pending frames and a close frame with this code."""

    def abort(self) -> None:
        """Close the connection at once, without a close frame."""


class Connections:
    """The set of open connections, with the chat, settings, dialects, timer wheel and tasks they share."""

    def __init__(self, chat: Chat, settings: Settings, tasks: Tasks, edge: Edge) -> None:
        """`tasks` owns the background tasks of the connections."""
        self.chat = chat
        self.edge = edge
        self.tasks = tasks
        self.settings = settings
        self._classic: Dialect = Classic()
        self._v1: Dialect = V1()
        self._compressed: dict[tuple[bool, int], Dialect] = {}
        self._room_frames: WeakValueDictionary[str, RoomFrames] = WeakValueDictionary()
        self.wheel = Wheel()
        self.departures = Slices()
        """The ends of connections whose clients have closed them, perhaps thousands at once."""
        self._now = asyncio.get_running_loop().time
        self._open: set[OpenConnection] = set()
        self._gone = asyncio.Event()
        self._numbers = count(1)

    @property
    def draining(self) -> bool:
        """True once the server is shutting down and accepts no new connections."""
        return self.chat.draining

    def __len__(self) -> int:
        return len(self._open)

    @property
    def message_bytes(self) -> int:
        """The maximum length of a received message."""
        return self.settings.limits.frame_bytes or NO_LIMIT

    def reload(self) -> None:
        """Apply the limits in the settings to the open connections."""
        for connection in self._open:
            connection.limit(self.message_bytes)

    def dialect(self, v1: bool, window_bits: int | None) -> Dialect:
        """Return the dialect for a client. `window_bits` is its compression window; None: uncompressed."""
        plain = self._v1 if v1 else self._classic
        if window_bits is None:
            return plain
        return self._compressed.setdefault((v1, window_bits), Compressed(plain, window_bits))

    def room_frames(self, room: str) -> RoomFrames:
        """Return what converts this room's frames, the same object for all connections for many rooms."""
        frames = self._room_frames.get(room)
        if frames is None:
            frames = self._room_frames[room] = RoomFrames(room, self.chat.turn.gathering.converted)
        return frames

    def opened(self, connection: OpenConnection, client: Client) -> str:
        """Add a connection of `client` and return its id."""
        self._open.add(connection)
        self.edge.upgraded(client)
        self._gone.clear()
        return f"{self.chat.node_id}-c{next(self._numbers)}"

    def all(self) -> list[OpenConnection]:
        """Return a list of the open connections."""
        return list(self._open)

    def closed(self, connection: OpenConnection, client: Client) -> None:
        """Remove a connection of `client`."""
        self.edge.ended(client)
        self._open.discard(connection)
        if not self._open:
            self._gone.set()

    async def drain(self, seconds: float) -> None:
        """Close every connection with 1001 and wait at most `seconds` until all have ended; abort the rest.

        Connections are closed in random order, spread evenly over most of `seconds`, but at a rate of at
        least `CLOSES_PER_SECOND`, so that a server with few clients stops at once.
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
            await self.chat.finish_commits(COMMIT_SECONDS)  # clients receive the outcome of what they sent
            passed = (self._now() - began) / seconds if seconds else 1.0
            stay = max(0, count - 1 - int(passed * count))
            for connection in leaving[stay:]:
                # The server spreads the reconnects; clients alone would reconnect at the same time.
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
