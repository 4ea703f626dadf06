"""A log handler that never blocks: lines are queued for a thread, and dropped if nobody reads stderr."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque

MOST_LINES = 10_000
"""Maximum number of queued lines. Further lines are dropped and counted."""
PAUSE_SECONDS = 0.02
"""Wait in seconds after a write, so that lines that come quickly one after another share the next one.

A line that comes later is written at once. Each wake-up takes the GIL from the event loop twice.
"""
LAST_SECONDS = 1.0
"""Maximum wait in seconds for the queued lines when the process ends."""


class QueuedStderr(logging.Handler):
    """Writes lines to a file descriptor in a thread of its own, in the order in which they were logged."""

    def __init__(self, descriptor: int = 2, most: int = MOST_LINES) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._most = most
        self._lines: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._idle = False  # True while the thread waits for a line
        self._writing = False
        self._hurried = False  # True while `flush` waits
        self._closed = False
        self.dropped = 0
        """Number of lines dropped since the last line that says so."""
        threading.Thread(target=self._write_all, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Format the record at once, since its arguments may change, and queue the line."""
        try:
            line = self.format(record).encode("utf-8", "backslashreplace") + b"\n"
        except Exception:
            line = b"a record of the log could not be formatted\n"
        with self._changed:
            if len(self._lines) >= self._most:
                self.dropped += 1
                return
            self._lines.append(line)
            if self._idle:
                self._idle = False
                self._changed.notify_all()

    def flush(self) -> None:
        """Wait until the queued lines are written, at most `LAST_SECONDS`."""
        with self._changed:
            self._hurried = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._lines and not self._writing, LAST_SECONDS)
            self._hurried = False

    def close(self) -> None:
        """Write what is queued, at most for `LAST_SECONDS`, and end the thread."""
        self.flush()
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        super().close()

    def _write_all(self) -> None:
        while (batch := self._next()) is not None:
            try:
                _write(self._descriptor, batch)
            except OSError:
                pass  # stderr is closed: there is nobody to tell
            self._rest()

    def _rest(self) -> None:
        with self._changed:
            self._writing = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._hurried or self._closed, PAUSE_SECONDS)

    def _next(self) -> bytes | None:
        """Wait for lines and take them; None after `close`."""
        with self._changed:
            self._idle = not self._lines
            self._changed.wait_for(lambda: self._lines or self._closed)
            if self._closed:
                return None
            batch = b"".join(self._lines)
            self._lines.clear()
            dropped, self.dropped = self.dropped, 0
            self._writing = True
        if dropped:
            batch += self.format(_told(dropped)).encode() + b"\n"
        return batch


def say(text: str, descriptor: int = 1) -> None:
    """Write a line to stdout, waiting at most half a second for somebody to read it."""
    thread = threading.Thread(target=_say, args=(descriptor, f"{text}\n".encode()), daemon=True)
    thread.start()
    thread.join(0.5)


def _say(descriptor: int, line: bytes) -> None:
    try:
        _write(descriptor, line)
    except OSError:
        pass  # stdout is closed


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _told(dropped: int) -> logging.LogRecord:
    facts = {"event": "log_dropped", "dropped": dropped}
    words = "%(dropped)d lines of the log were dropped, because stderr was not read"
    record = logging.LogRecord("tornchat.log", logging.WARNING, __file__, 0, words, (facts,), None)
    record.__dict__.update(facts)
    return record
