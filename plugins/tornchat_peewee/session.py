"""The database connection of one thread and its transactions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from tornchat import NotStored, Unavailable
from tornchat_peewee.backend import Backend

Result = TypeVar("Result")
OUTLIVE_EVERY = 0.2
"""Interval in seconds between two checks whether a transaction has ended."""


class Undecodable(NotStored, Unavailable):
    """A text in the database is not UTF-8."""


class DatabaseSession:
    """A session for use in one thread. It connects on first use, and again after a failure.

    Once `stopping` is set, it no longer waits for transactions with an unknown outcome to end.
    """

    def __init__(self, backend: Backend, stopping: threading.Event | None = None) -> None:
        self._backend = backend
        self._stopping = stopping or threading.Event()
        self._connection: Any = None
        self.failed = False
        """True if the last write transaction failed for another reason than an invalid value."""

    def run(self, job: Callable[[DatabaseSession], Result]) -> Result:
        """Run `job`. If it meets a text that is not UTF-8, run it again, with replacement characters."""
        try:
            return job(self)
        except Undecodable:
            self.close()
            if not self._backend.tolerate():
                raise
        return job(self)

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """Context manager for a write transaction: yields a cursor, then commits, or rolls back on error.

        Raises `NotStored` if it is certain that nothing was stored, and one of `backend.data_errors` if a
        value was invalid and nothing was stored. After any other exception the outcome is unknown, but it
        no longer changes.
        """
        failed, self.failed = self.failed, True
        cursor = self._begin_writing()
        self.failed = failed
        try:
            yield cursor
        except Exception as error:
            of_a_value = isinstance(error, self._backend.data_errors)
            self.failed = failed or not of_a_value
            if not self._rolled_back() or of_a_value:
                raise
            self.close()
            if self._backend.undecodable(error):
                self.failed = failed
                raise Undecodable(self._backend.explain(error)) from None
            raise NotStored(self._backend.explain(error)) from error
        self.failed = True
        self._commit(cursor)
        self.failed = False

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """Context manager for a read transaction on one snapshot of the database: yields a cursor.

        Raises `Unavailable`, or one of `backend.data_errors` if a value was invalid.
        """
        try:
            cursor = self._begin(self._backend.begin_reading)
            yield cursor
            cursor.execute("COMMIT")
        except Exception as error:
            self.close()
            if self._backend.undecodable(error):
                raise Undecodable(self._backend.explain(error)) from None
            if isinstance(error, self._backend.data_errors):
                raise
            raise Unavailable(self._backend.explain(error)) from error

    def erase(self) -> None:
        """Remove deleted data from the database files. A failure is ignored, as it affects no stored data."""
        try:
            self._backend.erase(self._connection)
        except Exception:
            self.close()

    def close(self) -> None:
        """Close the connection; an open transaction is rolled back. Never raises."""
        self._connection = None
        try:
            self._backend.disconnect()
        except Exception:  # noqa: S110 (a broken connection can't be closed better than this)
            pass

    def _begin(self, statement: str) -> Any:
        """Begin a transaction, reconnecting if the connection was lost since the last one."""
        try:
            return self._begun(statement)
        except Exception:
            if not self._backend.lost(self._connection):
                raise
        self.close()
        return self._begun(statement)

    def _begun(self, statement: str) -> Any:
        if self._connection is None:
            self._connection = self._backend.connect()
        return self._backend.begin(self._connection, statement)

    def _begin_writing(self) -> Any:
        try:
            return self._begin(self._backend.begin_writing)
        except Exception as error:
            self.close()
            raise NotStored(self._backend.explain(error)) from error

    def _commit(self, cursor: Any) -> None:
        try:
            cursor.execute("COMMIT")
        except Exception as error:
            rolled_back = self._rolled_back()
            self.close()
            if rolled_back and self._backend.never_committed(error):
                raise NotStored(self._backend.explain(error)) from error
            self._outlive()
            raise

    def _outlive(self) -> None:
        """Wait until the transaction has ended, since the server may still execute a COMMIT it received."""
        while self._backend.outlive and not self._outlived():
            if self._stopping.wait(OUTLIVE_EVERY):
                return

    def _outlived(self) -> bool:
        try:
            cursor = self._begin(self._backend.begin_writing)
            cursor.execute(self._backend.outlive)
            cursor.execute("ROLLBACK")
        except Exception:
            self.close()
            return False
        return True

    def _rolled_back(self) -> bool:
        try:
            self._backend.rollback(self._connection)
        except Exception:
            self.close()
            return False
        return True
