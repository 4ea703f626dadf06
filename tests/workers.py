"""`tornchat serve --workers` for tests: one parent, several processes, on one Valkey and one PostgreSQL."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.cli.process import Running, running
from tests.nodes import SECRET
from tests.postgres import PostgresServer
from tests.stage import Stage
from tests.valkey import Valkey

READY = r"worker (\d+) is process (\d+) and ready"
ENTERED = r"worker (\d+): tornchat.connections: connection \S+ user '%s' from \S+ entered room '%s'"
ENDED = r"has ended with"


class Workers:
    """A server of several processes."""

    def __init__(self, parent: Running, count: int) -> None:
        self.parent = parent
        self.metrics_port = 0
        port = re.search(r":(\d+)$", parent.sees("listening"))
        assert port is not None
        self.stage = Stage(int(port[1]), SECRET)
        parent.logs(READY, count)

    def pid(self, worker: int) -> int:
        """The process that got ready last in this worker's place."""
        return [int(found[2]) for found in self.parent.logged(READY) if int(found[1]) == worker][-1]

    def worker_of(self, user: str, room: str) -> int:
        """The worker that this user entered last into this room. A worker may log it after its welcome."""
        return int(self.parent.logs(ENTERED % (user, room))[-1][1])

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end and give its exit status."""
        self.parent.process.send_signal(number)
        return self.parent.ends()


@contextmanager
def workers(folder: Path, options: Sequence[str], count: int = 2) -> Iterator[Workers]:
    """A server of `count` processes, all of them ready."""
    with running(folder, "serve", "--port", "0", "--workers", str(count), *options) as parent:
        yield Workers(parent, count)


def options_of_one_chat(folder: Path, bus: Valkey, database: PostgresServer | None = None) -> list[str]:
    """What lets processes be one chat: one bus, one key, and one database, else a SQLite file."""
    (folder / "jwt.key").write_text(SECRET)
    chosen = [
        "tornchat.plugins=jwt,peewee,redis",
        f"jwt.secret_file={folder / 'jwt.key'}",
        f"redis.url={bus.url}",
        f"redis.prefix={folder.name}",
        f"peewee.url={database.new_place() if database else f'apsw:///{folder}/tornchat.db'}",
        "server.drain_seconds=2",
    ]
    return [word for setting in chosen for word in ("--set", setting)]


def gone(pid: int) -> bool:
    """True if there is no such process, or a dead one that nobody has asked about yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
