"""Reading lines of stdin, from a terminal or a pipe, in a thread."""

from __future__ import annotations

import asyncio
import codecs
import os
import threading

CHUNK_BYTES = 65536
MOST_WAITING = 100


class TypedLines:
    """Reads the non-blank lines of a file descriptor of any kind."""

    def __init__(self, descriptor: int = 0) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._room_for_more = threading.Semaphore(MOST_WAITING)
        # A daemon thread, since it may be blocked in a read when the process exits.
        threading.Thread(target=self._read, name="typed-lines", daemon=True).start()

    async def next(self) -> str | None:
        """Return the next line that is not blank; None at the end of the file."""
        line = await self._lines.get()
        self._room_for_more.release()
        return line

    def _read(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        rest = ""
        while chunk := self._chunk():
            *lines, rest = (rest + decoder.decode(chunk)).split("\n")
            for line in lines:
                self._put(line)
        self._put(rest + decoder.decode(b"", final=True))
        self._put(None)

    def _chunk(self) -> bytes:
        # Not sys.stdin, whose lock, held by a daemon thread, breaks the shutdown of the interpreter.
        try:
            return os.read(self._descriptor, CHUNK_BYTES)
        except OSError:
            return b""

    def _put(self, line: str | None) -> None:
        if line is not None and not (line := line.strip()):
            return
        self._room_for_more.acquire()
        try:
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
        except RuntimeError:
            pass  # the loop is closed
