"""A server in a process of its own: started on its core, looked at while it runs, and stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.client import BenchError
from bench.dialects import Dialect
from bench.machine import cpu_seconds, free_port, pinned, rss_bytes

SECONDS = 30.0


class Missing(Exception):
    """Why a server can't be run here."""


@dataclass(frozen=True)
class Server:
    """A server as it stands in the tables.

    `command(port, place)` gives what starts it; `place` is an empty directory that is its own. It raises
    `Missing` where the server can't be had. `dialect(place)` is what its clients speak.
    """

    name: str
    title: str
    command: Callable[[int, Path], Sequence[str]]
    dialect: Callable[[Path], Dialect]


class Running:
    """A server that listens on `port`."""

    def __init__(self, server: Server, process: subprocess.Popen[bytes], port: int, place: Path) -> None:
        self.server = server
        self.port = port
        self.place = place
        self.dialect = server.dialect(place)
        self._process = process

    def cpu_seconds(self) -> float:
        """CPU time used so far."""
        return cpu_seconds(self._process.pid)

    def rss_bytes(self) -> int:
        """Resident memory now."""
        return rss_bytes(self._process.pid)

    def await_listening(self) -> None:
        """Wait until it takes connections. Raises `BenchError` if it never does."""
        deadline = time.perf_counter() + SECONDS
        while time.perf_counter() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.01)
        raise BenchError(f"{self.server.name} does not listen: {self.complaints()}")

    def await_idle(self) -> None:
        """Wait until it has nothing to do any more."""
        before = -1.0
        while before != (before := self.cpu_seconds()):
            time.sleep(0.2)

    def complaints(self) -> str:
        """The last of what it wrote to stderr."""
        return (self.place / "stderr").read_text(errors="replace")[-2000:].strip()

    def stop(self) -> None:
        """Ask it to end, and kill it if it doesn't soon."""
        self._process.terminate()
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self._process.pid, signal.SIGKILL)  # also what it has started
        except ProcessLookupError:
            pass
        self._process.wait()


@contextmanager
def running(server: Server, core: int, place: Path | None = None) -> Iterator[Running]:
    """Run a server on a core, in a new directory unless `place` names one. Raises `Missing`, `BenchError`."""
    if place is None:
        with tempfile.TemporaryDirectory(prefix="bench-") as made:
            with running(server, core, Path(made)) as started:
                yield started
        return
    port = free_port()
    with (place / "stderr").open("wb") as stderr, pinned(core):
        process = subprocess.Popen(
            server.command(port, place),
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=stderr,
            stderr=stderr,
            start_new_session=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("TORNCHAT_")},
        )
    started = Running(server, process, port, place)
    try:
        started.await_listening()
        yield started
    finally:
        started.stop()
