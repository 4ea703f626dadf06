"""One thread's connection to the database, and its transactions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tornchat import NotStored, Unavailable
from tornchat_peewee.backend import Backend

OUTLIVE_EVERY = 0.2
"""Seconds between two attempts to find out whether a transaction has ended."""


class DatabaseSession:
    """Belongs to one thread. Opens its connection when it is first needed, and again after a failure.

    Once `stopping` is set it waits for no transaction's end any more.
    """

    def __init__(self, backend: Backend, stopping: threading.Event | None = None) -> None:
        self._backend = backend
        self._stopping = stopping or threading.Event()
        self._connection: Any = None

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """A transaction that writes: gives its cursor, commits at the end, rolls back if the body raises.

        Raises `NotStored` when it is sure that nothing was stored; one of `backend.data_errors` when a
        value was at fault and nothing was stored; anything else means that the outcome is not known, but
        can't change any more.
        """
        cursor = self._begin_writing()
        try:
            yield cursor
        except Exception as error:
            if not self._rolled_back() or isinstance(error, self._backend.data_errors):
                raise
            self.close()
            raise NotStored(self._backend.explain(error)) from error
        self._commit(cursor)

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """A transaction that sees one state of the database: gives its cursor.

        Raises `Unavailable`, or one of `backend.data_errors` when a value was at fault.
        """
        try:
            cursor = self._begin(self._backend.begin_reading)
            yield cursor
            cursor.execute("COMMIT")
        except Exception as error:
            self.close()
            if isinstance(error, self._backend.data_errors):
                raise
            raise Unavailable(self._backend.explain(error)) from error

    def erase(self) -> None:
        """Make what was overwritten unreadable. What was stored stays stored, so a failure is not told."""
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
        """Begin a transaction; if the connection was lost since the last one, on a new connection."""
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
        cursor = self._connection.cursor()
        cursor.execute(statement)
        return cursor

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
        """Wait until the transaction has ended: a COMMIT that is on its way may still be carried out."""
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
