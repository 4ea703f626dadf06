"""Stopping of a process on a signal, with a deadline."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
from collections.abc import Coroutine
from typing import Any

from tornchat.cli.hangup import UNUSED
from tornchat.cli.waking import woken_by_signals

log = logging.getLogger("tornchat")

GRACE_SECONDS = 5.0
"""Seconds that a stop may take in addition to the drain time, whatever plugins do."""


class Stop:
    """A stop request, made by the first SIGTERM or SIGINT, or by `ask`. Further requests are ignored.

    The signal handlers are not those of the event loop, which would be removed before the process ends.
    """

    SIGNALS = (signal.SIGTERM, signal.SIGINT)

    def __init__(self, seconds: float, ignored: tuple[signal.Signals, ...] = ()) -> None:
        """Installs the signal handlers; call it in the main thread.

        The process exits by force `seconds` after the request. The signals in `ignored` are ignored, even if
        they are in `SIGNALS`.
        """
        self._seconds = seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked = asyncio.Event()
        self._begun = threading.Event()
        # In a thread, since the event loop may be blocked; started here, since a signal handler that starts
        # one waits for ever if it has interrupted the start of another.
        threading.Thread(target=self._end_by_force, name="stop", daemon=True).start()
        for number in self.SIGNALS:
            signal.signal(number, self._on_signal)
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)

    @property
    def is_asked(self) -> bool:
        """True once the request has been made."""
        return self._asked.is_set()

    def extend(self, seconds: float) -> None:
        """Let a later stop take `seconds`, if that is longer than before."""
        self._seconds = max(self._seconds, seconds)

    async def interrupts(self, work: Coroutine[Any, Any, None]) -> bool:
        """Run `work`, and return False; or cancel it at the request, and return True. Raises as `work`."""
        working, asked = asyncio.create_task(work), asyncio.create_task(self.wait())
        try:
            await asyncio.wait({working, asked}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                working.cancel()
                await asyncio.wait({working})
        finally:
            asked.cancel()
        if working.cancelled():
            return True
        working.result()
        return False

    async def wait(self) -> None:
        """Wait for the request; return at once if it has already been made."""
        self._loop = asyncio.get_running_loop()
        with woken_by_signals(self._loop):
            await self._asked.wait()

    def ask(self) -> None:
        """Request the stop. May be called from any thread."""
        self._begun.set()
        if self._loop is None:
            self._asked.set()
            return
        try:
            self._loop.call_soon_threadsafe(self._asked.set)
        except RuntimeError:
            pass  # the loop is closed: the stop is complete

    def ignore_signals(self) -> None:
        """Ignore further signals during the last steps of the process."""
        for number in (*self.SIGNALS, signal.SIGHUP, *UNUSED):
            signal.signal(number, signal.SIG_IGN)

    def _on_signal(self, number: int, frame: object) -> None:
        self.ask()

    def _end_by_force(self) -> None:
        self._begun.wait()
        seconds = self._seconds
        time.sleep(seconds)
        _give_up(seconds)


def _give_up(seconds: float) -> None:
    log.error("the stop did not complete within %.1f s: exiting by force", seconds)
    for handler in logging.getLogger().handlers:
        handler.flush()  # lines are written by a thread, which ends now
    os._exit(1)
