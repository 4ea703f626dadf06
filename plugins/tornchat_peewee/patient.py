"""A connection to PostgreSQL with a client-side timeout per transaction."""

from __future__ import annotations

import time
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

PATIENCE = 3.5
"""Maximum duration of a transaction in seconds, shorter than the deadlines of the storage hooks."""

Result = TypeVar("Result")


class NoAnswer(psycopg.OperationalError):
    """The server did not answer in time, and the connection was closed."""


class PatientConnection(psycopg.Connection[Any]):
    """Limits each transaction, with all its statements, to `patience` seconds; then closes its socket.

    None means no limit. The limit is needed in addition to the server's own limits and TCP keepalive, since
    neither detects a server process that is suspended.
    """

    patience: float | None = PATIENCE
    preamble: str = ""
    """Statements that follow each BEGIN in the same round trip: `; <statement>`, or nothing."""
    _end = 0.0

    def begun(self, statement: str) -> psycopg.Cursor[Any]:
        """Begin a transaction with `statement`, and return a cursor for it."""
        cursor = self.cursor()
        cursor.execute(statement + self.preamble)
        return cursor

    def wait(self, gen: PQGen[Result], *args: Any, **kwargs: Any) -> Result:
        """Run a psycopg operation on the socket. Raises `NoAnswer` on timeout and closes the connection."""
        if self.patience is None:
            return super().wait(gen, *args, **kwargs)
        if self.pgconn.transaction_status == TransactionStatus.IDLE:
            self._end = time.monotonic() + self.patience
        try:
            return super().wait(_until(self._end, gen), *args, **kwargs)
        except NoAnswer:
            self.close()
            raise


def _until(end: float, steps: PQGen[Result]) -> PQGen[Result]:
    """Delegate to `steps`; raise `NoAnswer` if they have not finished by `end` (`monotonic`, seconds)."""
    try:
        wanted = next(steps)
        while True:
            ready = yield wanted
            # The time is checked after each step, so that data that has already arrived is processed.
            wanted = steps.send(ready)
            if time.monotonic() > end:
                raise NoAnswer("no answer in time")
    except StopIteration as done:
        result: Result = done.value
        return result
