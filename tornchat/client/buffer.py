"""What came and was not taken yet: bounded, since the log keeps the rest."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from tornchat.client.events import Event


class Buffer:
    """Events in the order they came. Once one did not fit, none is taken until it is empty again.

    Who reads too slowly loses nothing by it: the client resumes from the last event that is in here.
    """

    PATIENCE_SECONDS = 5.0
    """How long the server is kept waiting for a reader; it closes with 1013 after ten."""

    def __init__(self, most: int) -> None:
        """It holds `most` events."""
        self._most = most
        self._events: deque[Event] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._end: BaseException | None = None
        self._ended = False
        self.overflowed = False
        """True from the event that did not fit until `reopen`."""
        self.on_drained: Callable[[], None] | None = None
        """Called when all was taken of what overflowed."""

    async def wait_for_room(self) -> None:
        """Wait until the next event fits, or this was hurried, or patience is at its end."""
        if self.overflowed or len(self._events) < self._most:
            return
        self._room.clear()
        try:
            async with asyncio.timeout(self.PATIENCE_SECONDS):
                await self._room.wait()
        except TimeoutError:
            pass

    def hurry(self) -> None:
        """Something else waits for what comes: let nobody wait for room."""
        self._room.set()

    def put(self, event: Event) -> bool:
        """Append an event; False if it was not taken."""
        if self.overflowed or len(self._events) >= self._most:
            self.overflowed = True
            return False
        self._events.append(event)
        self._news.set()
        return True

    @property
    def drained(self) -> bool:
        """True if it overflowed and all that is in it was taken since."""
        return self.overflowed and not self._events

    def reopen(self) -> None:
        """Take events again, if it is empty."""
        if self.drained:
            self.overflowed = False

    async def next(self) -> Event | None:
        """The next event; None after the last one. Raises what it was ended with."""
        while not self._events:
            if self._ended:
                if self._end is not None:
                    raise self._end
                return None
            self._news.clear()
            await self._news.wait()
        event = self._events.popleft()
        self._room.set()
        if self.drained and self.on_drained is not None:
            self.on_drained()
        return event

    def end(self, error: BaseException | None) -> None:
        """Nothing more will come; what is in it can still be taken."""
        self._end, self._ended = error, True
        self._news.set()
