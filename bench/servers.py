"""A server in a process of its own: started on its core, looked at while it runs, and stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.client import BenchError
from bench.dialects import Dialect
from bench.machine import free_port, pinned, rss_bytes, tree_cpu_seconds

SECONDS = 30.0
OUTPUT = "output.log"
IDLE = 0.005
"""CPU seconds within 0.2 s below which a server is idle: timers use some."""


class Missing(Exception):
    """Why a server can't be run here."""


@dataclass(frozen=True)
class Server:
    """A server as it stands in the tables.

    `command(port, place)` gives what starts it; `place` is an empty directory that is its own. It raises
    `Missing` where the server can't be had. `dialect(place)` is what its clients speak. It is ready when it
    takes connections and has printed `ready`.
    """

    name: str
    title: str
    command: Callable[[int, Path], Sequence[str]]
    dialect: Callable[[Path], Dialect]
    ready: str = ""
    loads: tuple[str, ...] = ()
    """The only loads that it is for; none: all."""
    counts_commits: bool = False
    """Whether its /metrics counts the commits of the whole server."""
    environ: Mapping[str, str] = field(default_factory=dict)
    """Variables that its process has besides this one's."""


class Running:
    """A server that listens on `port`."""

    def __init__(self, server: Server, process: subprocess.Popen[bytes], port: int, place: Path) -> None:
        self.server = server
        self.port = port
        self.place = place
        self.dialect = server.dialect(place)
        self._process = process

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._process.pid

    def cpu_seconds(self) -> float:
        """CPU time used so far. Raises `BenchError` if the server has ended."""
        try:
            return tree_cpu_seconds(self._process.pid)
        except OSError:
            raise BenchError(f"it has ended: {self.told()[-2000:].strip()}") from None

    def rss_bytes(self) -> int:
        """Resident memory now."""
        return rss_bytes(self._process.pid)

    def await_ready(self) -> None:
        """Wait until it serves. Raises `BenchError` if it never does."""
        deadline = time.perf_counter() + SECONDS
        while time.perf_counter() < deadline and self._process.poll() is None:
            if self._listens() and self.server.ready in self.told():
                return
            time.sleep(0.02)
        raise BenchError(f"it does not listen: {self.told()[-2000:].strip()}")

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except ConnectionRefusedError:
            return False
        return True

    def told(self) -> str:
        """What it has printed."""
        return (self.place / OUTPUT).read_text(errors="replace")

    def await_idle(self) -> None:
        """Wait until it has nothing to do any more."""
        before = -1.0
        while (now := self.cpu_seconds()) - before > IDLE:
            before = now
            time.sleep(0.2)

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
    """Run a server on a core, in a new directory unless `place` names one.

    Raises `Missing` if it can't be had, and `BenchError` if it doesn't listen.
    """
    with _directory(place) as chosen:
        port = free_port()
        process = _start(server, port, core, chosen)
        started = Running(server, process, port, chosen)
        try:
            started.await_ready()
            yield started
        finally:
            started.stop()


@contextmanager
def _directory(place: Path | None) -> Iterator[Path]:
    if place is not None:
        yield place
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        yield Path(made)


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment without settings of tornchat, and with `more`."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("TORNCHAT_")}
    return {**own, **more}


def _start(server: Server, port: int, core: int, place: Path) -> subprocess.Popen[bytes]:
    command = server.command(port, place)
    with (place / OUTPUT).open("wb") as told, pinned(core):
        return subprocess.Popen(
            command,
            cwd=place,
            env=environment(server.environ),
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=told,
            start_new_session=True,
        )
