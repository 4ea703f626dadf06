"""The SQLite backend: one file in WAL mode, with one writing connection per process."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import peewee

from tornchat import Fault
from tornchat_peewee import many_rows
from tornchat_peewee.backend import Backend
from tornchat_peewee.filelock import FileLock
from tornchat_peewee.index import SqliteIndex
from tornchat_peewee.schema import CURRENT, TABLE, Schema, refuse
from tornchat_peewee.writer_lock import Holder, WriterLock, second_server, second_writer

LOOK_SECONDS = 4.0
"""Maximum duration of the integrity check in seconds; of a large file, only a part is checked."""
RESTORE = "Restore it from a backup, or move it away to start with an empty one."
SURELY_NOT_COMMITTED = frozenset({"SQLITE_BUSY", "SQLITE_FULL", "SQLITE_READONLY", "SQLITE_IOERR_WRITE"})
"""Errors after which a failed COMMIT has stored nothing, since its final WAL frame was not written.

A failed fsync is not included, because the frame may have reached the disk.
"""
WAL_RESET_BUG = ((3, 7, 0), (3, 51, 2))
"""First and last SQLite version in which a checkpoint during another commit may corrupt the file."""

NOT_UTF8 = "Could not decode to UTF-8"
"""The beginning of the message of an error that has no code of its own."""

logger = logging.getLogger("tornchat.peewee")


class SqliteBackend(Backend):
    """The SQLite database in the file `path`. `busy_timeout` is in seconds."""

    begin_writing = "BEGIN IMMEDIATE"
    clock = "SELECT (julianday('now') - 2440587.5) * 86400.0"
    index = SqliteIndex()
    data_errors = (
        *Backend.data_errors,
        sqlite3.DataError,
        sqlite3.IntegrityError,
        sqlite3.InterfaceError,
        sqlite3.ProgrammingError,
    )

    not_now: ClassVar[tuple[type[Exception], ...]] = (sqlite3.OperationalError,)
    any_error: ClassVar[tuple[type[Exception], ...]] = (sqlite3.Error,)

    def __init__(
        self, path: Path, *, synchronous: str, busy_timeout: float, schema: Schema = CURRENT
    ) -> None:
        super().__init__(self._database(str(path), _pragmas(synchronous), busy_timeout), schema)
        self._path = path
        self._busy_timeout = busy_timeout
        self._lock = FileLock(path.with_name(path.name + ".lock"))

        self._tolerant = False
        """Whether texts are decoded in Python, which takes three times as long, since one is not UTF-8."""

    def connect(self) -> Any:
        connection = super().connect()
        if self._tolerant:
            connection.text_factory = _decoded
        return connection

    def undecodable(self, error: Exception) -> bool:
        return str(error).startswith(NOT_UTF8)

    def tolerate(self) -> bool:
        if not self._tolerant:
            logger.error(
                "The database has texts that are not UTF-8, which are shown with replacement characters. "
                "Restore a backup, or correct them."
            )
        self._tolerant = True
        return True

    @property
    def version(self) -> tuple[int, ...]:
        """The version of the SQLite library."""
        return sqlite3.sqlite_version_info

    def _database(self, path: str, pragmas: dict[str, object], timeout: float) -> Any:
        return peewee.SqliteDatabase(path, pragmas=pragmas, timeout=timeout)

    def rollback(self, connection: Any) -> None:
        connection.rollback()  # the statement ROLLBACK fails if SQLite has already rolled back

    def insert(self, cursor: Any, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        many_rows.insert(cursor, sql, rows)

    def take_turns(self, cursor: Any, name: str) -> None:
        """Do nothing, since SQLite allows only one write transaction at a time."""

    def never_committed(self, error: Exception) -> bool:
        return self._name_of(error) in SURELY_NOT_COMMITTED

    def explain(self, error: Exception) -> str:
        cause = error.__cause__ if isinstance(error, peewee.PeeweeException) else error
        if self.undecodable(error):
            return "SQLite: a text is not UTF-8."  # the error has the text
        words = str(error) if isinstance(error, (peewee.PeeweeException, *self.any_error)) else ""
        return f"SQLite: {words or type(cause).__name__}."

    @property
    def one_process(self) -> bool:
        first, last = WAL_RESET_BUG
        return first <= self.version <= last

    async def occupy(self, exclusive: bool) -> Callable[[], None]:
        if not exclusive and not self.one_process:
            return _nothing
        self._make_directory()
        taken = await WriterLock(self._path).take(exclusive)
        if not isinstance(taken, Holder):
            return taken
        if taken.is_this_process and not exclusive:
            return _nothing  # the bug needs several processes
        path = self._path.resolve()
        if exclusive and taken.is_server:
            raise second_server(path, taken)
        raise second_writer(path, taken, self._bug, self._cure)

    @property
    def _bug(self) -> str:
        version = ".".join(map(str, self.version[:3]))
        return f"SQLite {version} has the WAL-reset bug, fixed in 3.51.3"

    @property
    def _cure(self) -> str:
        return (
            "pip install 'tornchat[apsw]', which brings a newer one, and write [peewee] url = "
            f"apsw:///{self._path.absolute()}; or use PostgreSQL."
        )

    def _make_directory(self) -> None:
        refuse(self._directory_fault())
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def migrating(self) -> Iterator[None]:
        self._make_directory()
        with self._lock.held():
            refuse(self._file_fault() or self._content_fault())
            if not self._path.exists():
                self._lock.mark("")
                self._path.touch(mode=0o600)
            try:
                yield
            finally:
                self.disconnect()
            self._lock.mark("The database beside this file was made.\n")

    def faults(self) -> Sequence[Fault]:
        fault = self._directory_fault() or self._file_fault() or self._content_fault(thorough=True)
        return [fault] if fault else []

    def cluster_faults(self) -> Sequence[Fault]:
        if not self.one_process:
            return []
        what = f"Several processes that write to {self._path} may corrupt it: {self._bug}."
        return [Fault(what, self._cure)]

    def pending(self) -> bool:
        return not self._path.exists() or super().pending()

    def erase(self, connection: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout = 0")  # don't wait: the WAL is overwritten later anyway
        try:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(self._busy_timeout * 1000)}")

    def _name_of(self, error: Exception) -> str:
        return getattr(error, "sqlite_errorname", "")

    def _opened(self, uri: str) -> Any:
        """Return a read-only connection.

        It must use the same SQLite library as the database: closing a file that two libraries have open in
        one process releases the locks of both.
        """
        return sqlite3.connect(uri, uri=True, timeout=self._busy_timeout)

    def _directory_fault(self) -> Fault | None:
        directory = self._path.parent
        # Path.exists raises PermissionError below a directory that is not readable.
        while not os.path.exists(directory) and directory != directory.parent:
            directory = directory.parent
        if not directory.is_dir():
            return Fault(f"{directory} is not a directory.", "Choose another [peewee] url.")
        if not _may(directory, os.W_OK | os.X_OK):
            return Fault(
                f"The directory {directory} is not writable.", "Give the server's user write access."
            )
        return None

    def _file_fault(self) -> Fault | None:
        if not self._path.exists():
            return None
        if not self._path.is_file():
            return Fault(f"{self._path} is not a file.", "Choose another [peewee] url.")
        if not _may(self._path, os.R_OK | os.W_OK):
            return Fault(f"{self._path} is read-only.", "Give the server's user write access.")
        if not self._path.stat().st_size and self._lock.marked():
            return Fault(f"{self._path} is empty, but was in use before.", RESTORE)
        return None

    def _content_fault(self, thorough: bool = False) -> Fault | None:
        """Check the content of the file. `thorough` also checks its pages, for at most `LOOK_SECONDS`.

        It also announces the missing steps that do not only add.

        The file is read through SQLite, because opening and closing it directly would release SQLite's locks.
        """
        if not self._path.exists():
            return None
        has_log = self._path.with_name(self._path.name + "-wal").exists()
        uri = f"{self._path.resolve().as_uri()}?mode=ro{'' if has_log else '&immutable=1'}"
        try:
            with closing(self._opened(uri)) as connection:
                found = self._damage(connection) if thorough else ""
                if found:
                    return Fault(f"{self._path} is damaged: {found}.", RESTORE)
                return self._schema_fault(connection, thorough) if _is_migrated(connection) else None
        except self.not_now as error:
            return Fault(
                f"{self._path} can't be opened: {error}.", "See that no other program keeps it locked."
            )
        except self.any_error as error:
            return Fault(f"{self._path} is damaged or not a database: {error}.", RESTORE)

    def _schema_fault(self, connection: Any, thorough: bool) -> Fault | None:
        return self.schema.announced(connection) if thorough else self.schema.fault(connection)

    def _damage(self, connection: Any) -> str:
        """Return a description of the damage found within `LOOK_SECONDS`; empty if none was found."""
        end = time.monotonic() + LOOK_SECONDS
        connection.set_progress_handler(lambda: time.monotonic() > end, 10_000)
        try:
            [(words,)] = connection.execute("PRAGMA quick_check(1)")
        except self.any_error as error:
            if self._name_of(error) != "SQLITE_INTERRUPT":
                raise
            return ""
        finally:
            connection.set_progress_handler(None, 0)
        return "" if words == "ok" else " ".join(words.split())


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _nothing() -> None:
    """Release no lock."""


def _pragmas(synchronous: str) -> dict[str, object]:
    return {
        "journal_mode": "wal",
        "synchronous": synchronous,
        # The transaction that inserts a row has already found its room. Checking foreign keys as well would
        # cost a tenth of the insert and a copy of each page. Code that deletes a room also deletes its rows.
        "foreign_keys": 0,
        "secure_delete": 1,  # FAST would leave long texts in free pages after their deletion
    }


def _is_migrated(connection: Any) -> bool:
    return (TABLE,) in connection.execute("SELECT name FROM sqlite_master").fetchall()


def _may(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)
