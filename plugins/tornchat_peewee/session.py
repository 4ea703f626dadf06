"""One thread's connection to the database, and its transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tornchat import NotStored, Unavailable
from tornchat_peewee.backend import Backend


class Session:
    """Belongs to one thread. Opens its connection when it is first needed, and again after a failure."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._connection: Any = None

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """A transaction that writes: gives its cursor, commits at the end, rolls back if the body raises.

        Raises `NotStored` when it is sure that nothing was stored; one of `backend.data_errors` when a
        value was at fault and nothing was stored; anything else means that the outcome is not known.
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
            cursor = self._cursor()
            cursor.execute(self._backend.begin_reading)
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

    def _cursor(self) -> Any:
        if self._connection is None:
            self._connection = self._backend.connect()
        return self._connection.cursor()

    def _begin_writing(self) -> Any:
        try:
            cursor = self._cursor()
            cursor.execute(self._backend.begin_writing)
        except Exception as error:
            self.close()
            raise NotStored(self._backend.explain(error)) from error
        return cursor

    def _commit(self, cursor: Any) -> None:
        try:
            cursor.execute("COMMIT")
        except Exception as error:
            rolled_back = self._rolled_back()
            self.close()
            if rolled_back and self._backend.never_committed(error):
                raise NotStored(self._backend.explain(error)) from error
            raise

    def _rolled_back(self) -> bool:
        try:
            self._backend.rollback(self._connection)
        except Exception:
            self.close()
            return False
        return True
