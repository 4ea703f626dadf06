"""What the operating system tells about processes, and what it is asked for."""

from __future__ import annotations

import os
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

TICKS = os.sysconf("SC_CLK_TCK")
CPU_CLOCK = 2
"""The kind of a process's clock, as clock_getcpuclockid(3) puts it into the clock's id: nanoseconds, where
/proc/<pid>/stat has hundredths of a second."""
PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has used so far, user and system, all its threads together."""
    return time.clock_gettime(~pid << 3 | CPU_CLOCK)


def tree_cpu_seconds(pid: int) -> float:
    """The same of a process and of all that it has started and that run the same program."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    own = [int(child) for child in children if _program(int(child)) == _program(pid)]
    return cpu_seconds(pid) + sum(tree_cpu_seconds(child) for child in own)


class Spent(NamedTuple):
    """CPU time: in the program itself, and in the kernel for it."""

    user: float
    system: float

    def __add__(self, other: tuple[object, ...]) -> Spent:
        """Both together."""
        assert isinstance(other, Spent)
        return Spent(self.user + other.user, self.system + other.system)

    def __sub__(self, other: Spent) -> Spent:
        """What came since."""
        return Spent(self.user - other.user, self.system - other.system)

    def each(self, count: float) -> Spent:
        """Microseconds for each of `count`, from seconds for all."""
        return Spent(self.user * 1e6 / count, self.system * 1e6 / count)


def spent(pid: int) -> dict[int, Spent]:
    """Seconds that each thread of a process has used so far, by its id; the first one has the process's."""
    found = {}
    for thread in Path(f"/proc/{pid}/task").iterdir():
        user, system = (thread / "stat").read_text().rpartition(")")[2].split()[11:13]
        found[int(thread.name)] = Spent(int(user) / TICKS, int(system) / TICKS)
    return found


def _program(pid: int) -> Path:
    return Path(f"/proc/{pid}/exe").resolve()


def rss_bytes(pid: int) -> int:
    """Bytes of memory that a process has resident."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def waited_seconds(pid: int) -> float:
    """Seconds in which the first thread of a process was ready to run and another one had its CPU.

    0.0 where the kernel does not tell.
    """
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def cores() -> tuple[int, int]:
    """Give two cores: the servers' and the load generator's. On a machine with one they are the same."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[-1], usable[0]


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Run on this core only, and so does every process that is started meanwhile."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def raise_descriptor_limit() -> int:
    """Allow as many open sockets as the system does, and say how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def free_port() -> int:
    """Give a port of the loopback address on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
