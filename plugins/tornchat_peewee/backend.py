"""What differs from one kind of database to another."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

import peewee

from tornchat import Fault
from tornchat_peewee.index import Index


class Backend(abc.ABC):
    """One kind of database. Everything that is not here is the same SQL, written by Peewee, for all kinds.

    `database` is Peewee's: it has one connection per thread. Its driver speaks DB-API 2 and commits by
    itself outside of a transaction, so BEGIN, COMMIT and ROLLBACK are sent as statements.
    """

    begin_writing: ClassVar[str] = "BEGIN"
    begin_reading: ClassVar[str] = "BEGIN"
    """Starts a transaction in which all statements see the same state."""
    data_errors: tuple[type[Exception], ...] = (
        UnicodeError,
        OverflowError,
        peewee.DataError,
        peewee.IntegrityError,
    )
    """What is raised because of a value; the same statement works with another one."""
    outlive: ClassVar[str] = ""
    """A statement that waits for the end of every transaction that has written something.

    Empty where a transaction has surely ended when its connection is closed.
    """

    index: ClassVar[Index]
    """How words are found."""

    def __init__(self, database: Any) -> None:
        self.database = database

    def connect(self) -> Any:
        """Give the calling thread's DB-API connection."""
        self.database.connect(reuse_if_open=True)
        return self.database.connection()

    def disconnect(self) -> None:
        """Close the calling thread's connection, whatever state it is in."""
        self.database.close()

    def lost(self, connection: Any) -> bool:
        """Say whether the other side has cut `connection` off, so that a new one may do."""
        return False

    def rollback(self, connection: Any) -> None:
        """End the transaction, if there still is one. Raises when that can't be made sure."""
        connection.cursor().execute("ROLLBACK")

    def fetch_each(self, cursor: Any, sql: str, parameters: Sequence[Any]) -> list[Any]:
        """Ask the same for each of `parameters`, and give its row or None for each."""
        return [cursor.execute(sql, one).fetchone() for one in parameters]

    def insert(self, cursor: Any, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert all of `rows` with `sql`, which Peewee made for one. Whoever calls this rolls back if it
        raises: some of them may be there then."""
        cursor.executemany(sql, rows)

    @abc.abstractmethod
    def take_turns(self, cursor: Any, name: str) -> None:
        """Until the transaction ends, keep out others that take turns about `name`, on any node."""

    def locking(self, query: Any) -> Any:
        """Make `query` lock the rows that it reads, always in the same order."""
        return query

    def by_code_point(self, field: Any) -> Any:
        """Make `field` compare as Python compares texts."""
        return field

    @abc.abstractmethod
    def never_committed(self, error: Exception) -> bool:
        """Say whether a COMMIT that failed with `error` has surely stored nothing."""

    @abc.abstractmethod
    def explain(self, error: Exception) -> str:
        """Say in words for the log what `error` means. Holds no password, no address and no data."""

    @abc.abstractmethod
    def migrating(self) -> AbstractContextManager[None]:
        """Keep other processes from migrating meanwhile. What is needed to connect is made before.

        Raises `SettingsError` when another one does not come to its end.
        """

    @abc.abstractmethod
    def faults(self) -> Sequence[Fault]:
        """Name what would keep this database from working, without changing anything."""

    def cluster_faults(self) -> Sequence[Fault]:
        """Name what keeps several processes from using this database together."""
        return []

    @abc.abstractmethod
    def erase(self, connection: Any) -> None:
        """Make what was overwritten unreadable in the files too, as far as that is possible now."""
