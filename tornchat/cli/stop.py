"""How a process is told to end, and that it does."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading

log = logging.getLogger("tornchat")

GRACE_SECONDS = 5.0
"""What a stop may take beyond the drain time, whatever a plugin does."""


class Stop:
    """Set by the first SIGTERM or SIGINT, or by `ask`; more of them change nothing.

    The handlers are not the loop's: those end with the loop, and a late signal would find none.
    """

    SIGNALS = (signal.SIGTERM, signal.SIGINT)

    def __init__(self, seconds: float, ignored: tuple[signal.Signals, ...] = ()) -> None:
        """In the main thread. The process is ended by force `seconds` after the stop was asked for.

        `ignored` are signals that shall do nothing, even if they are of `SIGNALS`.
        """
        self._seconds = seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked = asyncio.Event()
        for number in self.SIGNALS:
            signal.signal(number, self._on_signal)
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)

    async def wait(self) -> None:
        """Wait for the signal, also for one that has come already."""
        self._loop = asyncio.get_running_loop()
        await self._asked.wait()

    def ask(self) -> None:
        """Do as if the signal had come. From any thread."""
        if not self._asked.is_set():
            self._end_by_force_later()
        if self._loop is None:
            self._asked.set()
            return
        try:
            self._loop.call_soon_threadsafe(self._asked.set)
        except RuntimeError:
            pass  # the loop is closed: it has ended already

    def ignore_signals(self) -> None:
        """Let nothing disturb the last steps of this process."""
        for number in self.SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def _on_signal(self, number: int, frame: object) -> None:
        self.ask()

    def _end_by_force_later(self) -> None:
        # A thread: the loop may be what stands still.
        timer = threading.Timer(self._seconds, _give_up, [self._seconds])
        timer.daemon = True
        timer.start()


def _give_up(seconds: float) -> None:
    log.error("the stop has not come to its end within %.1f s: ended by force", seconds)
    os._exit(1)
