"""Detection of a path that died silently: the client asks, and any received data is an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from tornchat.wire import V1Ping

TICK_SECONDS = 0.5
QUIET_TICKS = 6
"""Ticks without received data after which a ping is sent: 3 s."""
SILENT_TICKS = 17
"""Ticks without received data after which the path is dead: 8.5 s."""

PING = msgspec.json.encode(V1Ping())


class Heartbeat:
    """Counts the ticks in which nothing was received.

    Ticks are counted instead of seconds, so that a process that was stopped, or whose event loop was blocked,
    first looks at what has arrived meanwhile. While the client does not read, nothing is counted.
    """

    def __init__(self, send: Callable[[bytes], None], on_silence: Callable[[], None]) -> None:
        """`send` writes a text message; `on_silence` is called once the path is dead."""
        self._send = send
        self._on_silence = on_silence
        self._ticks = 0
        self._timer: asyncio.TimerHandle | None = None
        self.listening = False
        """True while the client reads."""

    def start(self) -> None:
        """Start after the welcome; the server reads no pings before."""
        self._ticks = 0
        self._wait()

    def stop(self) -> None:
        """Stop. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()

    def hear(self) -> None:
        """Record that data was received."""
        self._ticks = 0

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        if self.listening:
            self._ticks += 1
        if self._ticks >= SILENT_TICKS:
            self._on_silence()
            return
        if self._ticks == QUIET_TICKS and self.listening:
            self._send(PING)
        self._wait()
