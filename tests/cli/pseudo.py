"""`tornchat` in a pseudo-terminal: what a person types, and the screen as they see it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyte

from tests.cli.process import COMMAND, SECONDS, environment

ROWS, COLUMNS = 24, 80


class Pseudo:
    """A command in a terminal of its own. `screen` shows what its output makes of that terminal."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        self.screen = pyte.HistoryScreen(COLUMNS, ROWS, history=1000, ratio=0.5)
        self._stream = pyte.ByteStream(self.screen)
        self.screen.write_process_input = self._answer
        self.raw = b""
        self.resize(ROWS, COLUMNS)
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=folder,
            env=environment(TERM="xterm-256color", TZ="UTC"),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def _answer(self, data: str) -> None:
        """Tell where the cursor is, as a terminal does that is asked."""
        os.write(self._ours, data.encode())

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)
        if hasattr(self, "process"):
            self.process.send_signal(signal.SIGWINCH)

    def types(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]

    def sees(self, fits: Callable[[list[str]], bool]) -> list[str]:
        """The lines of the screen, once they fit."""
        until = time.monotonic() + SECONDS
        while not fits(self.lines):
            assert time.monotonic() < until, self.lines
            assert self._reads(), (self.lines, self.raw[-2000:])
        return self.lines

    def shows(self, words: str) -> list[str]:
        return self.sees(lambda lines: any(words in line for line in lines))

    def ends(self) -> int:
        while self._reads():
            pass
        return self.process.wait(SECONDS)

    def _reads(self) -> bool:
        """Take what is there, or wait a little; False once the terminal is left."""
        if not select.select([self._ours], [], [], 0.1)[0]:
            return True
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # nobody has the other end
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    def leaves(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(SECONDS)
        os.close(self._ours)


@contextmanager
def pseudo(folder: Path, *arguments: str) -> Iterator[Pseudo]:
    found = Pseudo(folder, *arguments)
    try:
        yield found
    finally:
        found.leaves()
