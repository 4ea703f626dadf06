"""The parameters of a PostgreSQL session, such as its time limits.

They are set after connecting and read back, since poolers refuse them as startup options or ignore these.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import psycopg
from psycopg.sql import Literal

from tornchat import SettingsError
from tornchat_peewee.patient import PatientConnection

OPTIONS = "In the URL, options may hold parameters only: ?options=-csearch_path%3D<schema>."
_WORD = re.compile(r"(?:\\.|[^\s\\])+")
_NAME = re.compile(r"[A-Za-z_][\w.-]*")


class NotKept(psycopg.OperationalError):
    """A pooler, or the server, does not keep what the session needs. `cure` is for the operator."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(what)
        self.what = what
        self.cure = cure


class Parameters:
    """The parameters that every session has, by name.

    Without a pooler they are set once per connection. A pooler may run each transaction of a connection in
    another session, so there they are set at the beginning of each transaction, and no statement is prepared.
    """

    def __init__(self, values: Mapping[str, object]) -> None:
        self._names = ", ".join(f"current_setting({_literal(name)})" for name in values)
        self._session = _set(values, local=False)
        self._transaction = _set(values, local=True)

    def settle(self, connection: PatientConnection) -> None:
        """Prepare a new connection for its first transaction. Raises `NotKept`, `psycopg.Error`."""
        if not is_pooled(connection):
            self._verify(connection, self._session)
            return
        connection.prepare_threshold = None
        connection.preamble = f"; {self._transaction}"
        _begin(connection)
        self._verify(connection, self._transaction)
        connection.execute("COMMIT")

    def _verify(self, connection: PatientConnection, statement: str) -> None:
        wanted = connection.execute(statement).fetchone()
        kept = connection.execute(f"SELECT {self._names}").fetchone()
        if wanted != kept:
            raise NotKept(
                "what is set for a session or a transaction is not kept, such as synchronous_commit",
                "Connect to the server itself, or through a pooler in session or transaction mode.",
            )


def is_pooled(connection: PatientConnection) -> bool:
    """Return whether something stands between: a pooler gives its clients process ids of its own."""
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    return row is None or row[0] != connection.info.backend_pid


def parameters_in(options: str) -> dict[str, str]:
    """Return the parameters in startup options, such as `-c search_path=chat`. Raises `SettingsError`."""
    words = [re.sub(r"\\(.)", r"\1", word) for word in _WORD.findall(options)]
    found: dict[str, str] = {}
    while words:
        word = words.pop(0)
        if not word.startswith(("-c", "--")):
            raise SettingsError("The PostgreSQL URL has options other than -c.", OPTIONS)
        name, equals, value = (word[2:] or (words.pop(0) if words else "")).partition("=")
        if not equals or not _NAME.fullmatch(name):
            raise SettingsError("The PostgreSQL URL has options that can't be read.", OPTIONS)
        found[name.replace("-", "_").lower()] = value
    return found


def _begin(connection: PatientConnection) -> None:
    try:
        connection.execute("BEGIN")
    except psycopg.Error as error:
        if "pooling mode" not in str(error):
            raise
        raise NotKept(
            "the pooler is in statement mode, which has no transactions",
            "Set pool_mode = transaction or session for this database in the pooler.",
        ) from error


def _set(values: Mapping[str, object], *, local: bool) -> str:
    calls = [f"set_config({_literal(name)}, {_literal(value)}, {local})" for name, value in values.items()]
    return f"SELECT {', '.join(calls)}"


def _literal(value: object) -> str:
    return Literal(str(value)).as_string(None)
