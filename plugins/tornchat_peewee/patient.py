"""A connection to PostgreSQL that does not wait for ever for a server that stands still."""

from __future__ import annotations

import time
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

PATIENCE = 3.5
"""Seconds that a transaction may take, shorter than the deadline of the hook that waits for it."""

Result = TypeVar("Result")


class NoAnswer(psycopg.OperationalError):
    """The server has not answered in time, and the connection was closed for it."""


class PatientConnection(psycopg.Connection[Any]):
    """Gives each transaction `patience` seconds, all of its statements together, and then closes its socket.

    None is no limit. A limit of the server's own does not help against a server that was stopped, and to
    TCP a stopped process is a live one.
    """

    patience: float | None = PATIENCE
    _end = 0.0

    def wait(self, gen: PQGen[Result], *args: Any, **kwargs: Any) -> Result:
        """Carry out what psycopg does on the socket. Raises `NoAnswer`; then the connection is closed."""
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
    """Pass on `steps`, and raise `NoAnswer` if they are not done by `end`."""
    try:
        wanted = next(steps)
        while True:
            ready = yield wanted
            # Looked at after each step, so that what has come already is still taken.
            wanted = steps.send(ready)
            if time.monotonic() > end:
                raise NoAnswer("no answer in time")
    except StopIteration as done:
        result: Result = done.value
        return result
