"""A real PgBouncer before the real PostgreSQL server of the tests, where it is installed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import psycopg
import pytest

from tests.postgres import NOBODY, PostgresServer

PROGRAM = shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")
needs_pgbouncer = pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed (package pgbouncer)")

CONFIGURATION = """\
[databases]
* = host={server}
[pgbouncer]
unix_socket_dir = {here}
listen_port = 6432
auth_type = trust
auth_file = users
pool_mode = {mode}
default_pool_size = 40
server_login_retry = 1
{more}
"""


class PgBouncer:
    """A pooler on a Unix socket in `directory`, which belongs to it."""

    def __init__(self, directory: Path, server: PostgresServer, mode: str, more: str) -> None:
        self.directory = directory
        text = CONFIGURATION.format(server=server.directory, here=directory, mode=mode, more=more)
        (directory / "pgbouncer.ini").write_text(text)
        (directory / "users").write_text('"tornchat" ""\n')
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        assert PROGRAM is not None
        user = NOBODY if os.geteuid() == 0 else None  # it refuses to run as root
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "-q", "pgbouncer.ini"],
                stdout=log,
                stderr=log,
                cwd=self.directory,
                user=user,
                group=user,
            )
        end = time.monotonic() + 10
        while not _answers(self.url()):
            running = self._process.poll() is None and time.monotonic() < end
            assert running, (self.directory / "log").read_text()
            time.sleep(0.02)

    def kill(self) -> None:
        """End it as a crash would; whoever is connected is cut off."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
            self._process = None

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop it in its tracks meanwhile: its sockets take bytes, and nobody answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def url(self, direct: str = "postgresql://tornchat@/postgres?host=x") -> str:
        """The URL `direct` of a database on the server, by way of the pooler."""
        parts = [f"host={quote(str(self.directory), safe='')}", "port=6432"]
        parts += [part for part in direct.partition("?")[2].split("&") if not part.startswith("host=")]
        return f"{direct.partition('?')[0]}?{'&'.join(parts)}"


@contextmanager
def pgbouncer(server: PostgresServer, mode: str, more: str = "") -> Iterator[PgBouncer]:
    """A pooler before `server` that runs, and is gone afterwards. `more`: further lines of its settings."""
    with TemporaryDirectory(prefix="tornchat-pgb-") as name:
        if os.geteuid() == 0:
            os.chown(name, NOBODY, NOBODY)
        pooler = PgBouncer(Path(name), server, mode, more)
        try:
            pooler.start()
            yield pooler
        finally:
            pooler.kill()


def _answers(url: str) -> bool:
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True
