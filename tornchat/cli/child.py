"""A worker process, as seen by its parent."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from tornchat.cli.worker import WORKER_GRACE_SECONDS

GOOD_ENDS = ("status 0", "signal SIGTERM")
"""How a worker ends that was told to stop. The signal itself ends one that does not handle it yet."""
KILL_SECONDS = 0.5
"""Seconds after a worker's own forced exit at which the parent kills it."""


class Child:
    """A worker process. It exits when its parent does, since that closes the socket between them."""

    def __init__(
        self, process: asyncio.subprocess.Process, line: socket.socket, drain_seconds: float
    ) -> None:
        self._process = process
        self._line = line
        self._drain_seconds = drain_seconds

    @classmethod
    async def start(
        cls, number: int, words: Sequence[str], sockets: Sequence[socket.socket], drain_seconds: float
    ) -> Child:
        """Start worker `number` with the listening `sockets`; `words` are its options for the settings."""
        with ExitStack() as undo:
            ours, theirs = socket.socketpair()
            undo.push(ours)
            with theirs:
                handed = [theirs.fileno(), *(one.fileno() for one in sockets)]
                options = ["--number", str(number), "--parent", str(handed[0])]
                options += [word for one in handed[1:] for word in ("--socket", str(one))]
                process = await asyncio.create_subprocess_exec(
                    *_python(), "-m", "tornchat", "worker", *options, *words,
                    pass_fds=handed, stdin=asyncio.subprocess.DEVNULL, env=_environment(number),
                )  # fmt: skip
            ours.setblocking(False)
            undo.pop_all()
        return cls(process, ours, drain_seconds)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def is_ready(self, seconds: float) -> bool:
        """Wait until the worker accepts clients; return False if it ends before, or after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                return bool(await asyncio.get_running_loop().sock_recv(self._line, 1))
        except (TimeoutError, ConnectionError):
            return False

    async def end(self) -> str:
        """Wait until the process has ended; return "status <n>" or "signal <name>"."""
        status = await self._process.wait()
        self._line.close()
        return f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"

    async def stop(self) -> bool:
        """Let the worker drain and wait until it has ended; return False if it failed or had to be killed."""
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(self._drain_seconds + WORKER_GRACE_SECONDS + KILL_SECONDS):
                return await self.end() in GOOD_ENDS
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await self.end()
            return False

    def _signal(self, number: signal.Signals) -> None:
        try:
            self._process.send_signal(number)
        except ProcessLookupError:
            pass  # the process has ended


def _python() -> list[str]:
    """Return the command of this interpreter, with the same search path for modules."""
    options = [f"-X{name}" if value is True else f"-X{name}={value}" for name, value in sys._xoptions.items()]
    # -m puts the working directory first in the path, unless -P is given.
    return [sys.executable, *options, *([] if os.getcwd() in sys.path else ["-P"])]


def _environment(number: int) -> dict[str, str]:
    """Return the environment of a worker: with its number, without the variables of systemd sockets."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LISTEN_")}
    return {**kept, "TORNCHAT_WORKER": str(number)}
