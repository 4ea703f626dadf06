"""A bounded buffer of received events. The log on the server holds those that do not fit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from tests.release_before.client.events import Event


class Buffer:
    """Events in order of arrival. After an event did not fit, none is accepted until the buffer is empty.

    A slow reader loses no messages, since the client then resumes from the last message in the buffer.
    """

    PATIENCE_SECONDS = 5.0
    """Maximum time for which reading from the server is paused; after 10 s the server closes with 1013."""

    def __init__(self, most: int) -> None:
        """`most` is the maximum number of events."""
        self._most = most
        self._events: deque[Event] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._end: BaseException | None = None
        self._ended = False
        self.overflowed = False
        """True after an event did not fit, until `reopen`."""
        self.on_drained: Callable[[], None] | None = None
        """Called when the last event has been read after an overflow."""

    async def wait_for_room(self) -> None:
        """Wait until there is room for an event or `hurry` is called, at most `PATIENCE_SECONDS`."""
        if self.overflowed or len(self._events) < self._most:
            return
        self._room.clear()
        try:
            async with asyncio.timeout(self.PATIENCE_SECONDS):
                await self._room.wait()
        except TimeoutError:
            pass

    def hurry(self) -> None:
        """End `wait_for_room`, because the answer to a message may follow."""
        self._room.set()

    def put(self, event: Event) -> bool:
        """Append an event; return False if it was not accepted."""
        if self.overflowed or len(self._events) >= self._most:
            self.overflowed = True
            return False
        self._events.append(event)
        self._news.set()
        return True

    @property
    def drained(self) -> bool:
        """True if the buffer has overflowed and is now empty."""
        return self.overflowed and not self._events

    def reopen(self) -> None:
        """Accept events again after an overflow, if the buffer is empty."""
        if self.drained:
            self.overflowed = False

    async def next(self) -> Event | None:
        """Wait for the next event; return None after the last one, or raise the error passed to `end`."""
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
        """Mark the end of the events. Buffered events can still be read."""
        self._end, self._ended = error, True
        self._news.set()
