"""The interface to one kind of database, with the operations that differ between kinds."""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

import peewee

from tornchat import Fault
from tornchat_peewee.index import Index
from tornchat_peewee.schema import Schema


class Backend(abc.ABC):
    """One kind of database. Everything else is SQL that Peewee generates for every kind.

    `database` is a Peewee database, which has one connection per thread. Its DB-API 2 driver is in
    autocommit mode, so BEGIN, COMMIT and ROLLBACK are sent as statements.
    """

    begin_writing: ClassVar[str] = "BEGIN"
    begin_reading: ClassVar[str] = "BEGIN"
    """The statement that starts a transaction in which all statements see the same snapshot."""
    data_errors: tuple[type[Exception], ...] = (
        UnicodeError,
        OverflowError,
        peewee.DataError,
        peewee.IntegrityError,
    )
    """Exceptions caused by a value; the same statement would succeed with other values."""
    outlive: ClassVar[str] = ""
    """A statement that waits for the end of every transaction that has written something.

    It is empty if closing the connection is guaranteed to end the transaction.
    """

    clock: ClassVar[str]
    """A query of the database's time in Unix seconds."""

    join: ClassVar[str] = "GROUP_CONCAT"
    """The function that joins the texts of several rows."""

    collation: ClassVar[str] = ""
    """What follows a text in SQL to have it compared by code points, as Python does."""

    shared: ClassVar[bool] = False
    """Whether servers on other machines may use the database."""
    index: ClassVar[Index]
    """The word index for search."""

    def __init__(self, database: Any, schema: Schema) -> None:
        self.database = database
        self.schema = schema

    def sql(self, text: str) -> str:
        """Return a statement with `?` for each parameter as the driver wants it."""
        return text.replace("?", self.database.param)

    def connect(self) -> Any:
        """Return the DB-API connection of the calling thread, opening it if necessary."""
        self.database.connect(reuse_if_open=True)
        return self.database.connection()

    def disconnect(self) -> None:
        """Close the connection of the calling thread, in any state."""
        self.database.close()

    def begin(self, connection: Any, statement: str) -> Any:
        """Begin a transaction with `statement`, and return a cursor for it."""
        cursor = connection.cursor()
        cursor.execute(statement)
        return cursor

    def undecodable(self, error: Exception) -> bool:
        """Return whether a text in the database is not UTF-8, which Python then can't read."""
        return False

    def tolerate(self) -> bool:
        """Replace what is not UTF-8 in the texts that later connections read; return False if they can't."""
        return False

    def lost(self, connection: Any) -> bool:
        """Return whether the server has closed `connection`, so that reconnecting may help."""
        return False

    def rollback(self, connection: Any) -> None:
        """Roll back the current transaction, if any. Raises if the rollback can't be guaranteed."""
        connection.cursor().execute("ROLLBACK")

    def fetch_each(self, cursor: Any, sql: str, parameters: Sequence[Any]) -> list[Any]:
        """Execute the query once for each of `parameters`; return the first row or None for each."""
        return [cursor.execute(sql, one).fetchone() for one in parameters]

    def insert(self, cursor: Any, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert all `rows` with `sql`, a statement that Peewee generated for one row.

        If it raises, some rows may have been inserted, and the caller must roll back.
        """
        cursor.executemany(sql, rows)

    @abc.abstractmethod
    def take_turns(self, cursor: Any, name: str) -> None:
        """Lock `name` until the transaction ends, against other callers of this method on all nodes."""

    def locking(self, query: Any) -> Any:
        """Return `query` changed to lock the rows that it reads, always in the same order."""
        return query

    def by_code_point(self, field: Any) -> Any:
        """Return `field` changed to compare by code points, as Python does."""
        return field

    @abc.abstractmethod
    def never_committed(self, error: Exception) -> bool:
        """Return True if a COMMIT that failed with `error` is guaranteed to have stored nothing."""

    @abc.abstractmethod
    def explain(self, error: Exception) -> str:
        """Return a description of `error` for the log, without passwords, addresses and data."""

    @abc.abstractmethod
    def migrating(self) -> AbstractContextManager[None]:
        """Context manager that holds the migration lock. It first creates what a connection needs.

        It closes the connection of the calling thread at the end. Raises `SettingsError` if another
        process holds the lock for too long, or the database can't be used.
        """

    @property
    def one_process(self) -> bool:
        """Whether several processes that write to this database may damage it."""
        return False

    async def occupy(self, exclusive: bool) -> Callable[[], None]:
        """Exclude other processes from this database; return a function that ends this.

        With `exclusive`, this process is a server whose members other servers don't reach: they are excluded.
        Commands are excluded if `one_process`. Raises `SettingsError` if another process excludes this one.
        """
        return lambda: None

    @abc.abstractmethod
    def faults(self) -> Sequence[Fault]:
        """Return the faults that would prevent this database from working. Changes nothing."""

    def pending(self) -> bool:
        """Return whether the database lacks steps of the schema, or is new. May run in any thread."""
        try:
            self.connect()
            return self.schema.is_pending(self.database)
        finally:
            self.disconnect()

    def cluster_faults(self) -> Sequence[Fault]:
        """Return the faults that prevent several processes from sharing this database."""
        return []

    @abc.abstractmethod
    def erase(self, connection: Any) -> None:
        """Remove deleted and overwritten data from the database files, as far as possible now."""
