"""SIGHUP, the request to read the settings again, and the signals that mean nothing to the server."""

from __future__ import annotations

import asyncio
import signal

UNUSED = (signal.SIGUSR1, signal.SIGUSR2)
"""Signals without a meaning, which would end the process at once by default. A plugin may use them."""


class Hangup:
    """Requests to reload, made by SIGHUP from the construction on. Several before a `wait` count as one."""

    def __init__(self) -> None:
        """Installs the signal handlers; call it in the main thread, before the settings are read."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked = asyncio.Event()
        signal.signal(signal.SIGHUP, self._on_signal)
        for number in UNUSED:
            signal.signal(number, signal.SIG_IGN)

    async def wait(self) -> None:
        """Wait for the next request; return at once if one has been made since the last call returned."""
        self._loop = asyncio.get_running_loop()
        await self._asked.wait()
        self._asked.clear()

    def _on_signal(self, number: int, frame: object) -> None:
        if self._loop is None:
            self._asked.set()
            return
        try:
            self._loop.call_soon_threadsafe(self._asked.set)
        except RuntimeError:
            pass  # the loop is closed: the process ends
