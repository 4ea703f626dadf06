"""The PostgreSQL backend, for several nodes. A write to a room locks the row of the room."""

from __future__ import annotations

import re
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

import peewee
import psycopg
from psycopg.conninfo import conninfo_to_dict

from tornchat import Fault, SettingsError
from tornchat_peewee.backend import Backend
from tornchat_peewee.index import PostgresIndex
from tornchat_peewee.parameters import NotKept, Parameters, parameters_in
from tornchat_peewee.patient import PATIENCE, NoAnswer, PatientConnection
from tornchat_peewee.postgres_check import LOCK, MIGRATION_PATIENCE, fault_of, take_migration_lock
from tornchat_peewee.schema import CURRENT, Schema, refuse

URL = "[peewee] url is postgresql://<user>:<password>@<host>/<database>"
REACH = "See that the server runs, and that [peewee] url names it, its database, and who may use it."
BEGIN_WRITING = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
LOST = ("08", "57P", "58")
"""How the SQLSTATEs begin that tell of a lost connection or server. Poolers send them as an ERROR, too."""
UNLIMITED = (
    "SELECT set_config('statement_timeout', '0', true), "
    "set_config('idle_in_transaction_session_timeout', '0', true)"
)
"""Ends the time limits of a transaction, since a migration may process a large table."""

DEFAULTS: tuple[tuple[str, object], ...] = (
    ("application_name", "tornchat"),
    ("keepalives_idle", 5),
    ("keepalives_interval", 2),
    ("keepalives_count", 3),
    ("tcp_user_timeout", 4000),  # milliseconds
    ("target_session_attrs", "read-write"),  # after a failover, connect to the new primary
)
"""Connection parameters that the URL may override."""

REASONS = (
    "password authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "Connection refused",
    "No such file or directory",
    "timeout expired",
    "could not translate host name",
    "failed to resolve host",
    "certificate",
    "SSL",
    "too many",
    "starting up",
    "shutting down",
    "recovery",
    "session is read-only",
    "server closed the connection",
    "role does not exist",
    "database does not exist",
)
"""Parts of libpq's error messages that may be shown; the messages also contain addresses and names."""


class PostgresBackend(Backend):
    """The PostgreSQL database at `url`. `lock_timeout` is in seconds."""

    begin_writing = BEGIN_WRITING
    begin_reading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    collation = ' COLLATE "C"'
    join = "STRING_AGG"
    clock = "SELECT EXTRACT(EPOCH FROM clock_timestamp())::float8"
    shared = True
    index = PostgresIndex()
    outlive = "LOCK TABLE room IN SHARE MODE"
    data_errors = (
        *Backend.data_errors,
        psycopg.DataError,
        psycopg.IntegrityError,
        psycopg.errors.DatatypeMismatch,
    )

    def __init__(self, url: str, *, lock_timeout: float, schema: Schema = CURRENT) -> None:
        """Opens no connection. Raises `SettingsError` if `url` is invalid."""
        given = _read(url)
        database = _Database(_connecting(given), Parameters(_parameters(given, lock_timeout)))
        super().__init__(database, schema)

    def begin(self, connection: Any, statement: str) -> Any:
        return connection.begun(statement)

    def lost(self, connection: Any) -> bool:
        return connection is not None and bool(connection.broken)

    def rollback(self, connection: Any) -> None:
        try:
            connection.execute("ROLLBACK")
        except psycopg.Error:
            connection.close()  # the server rolls back the transaction of a client that has disconnected

    def locking(self, query: Any) -> Any:
        """Lock by code points, as Python sorts: rows locked in different orders could lead to deadlocks."""
        return query.order_by(query.model.name.collate('"C"')).for_update()

    def by_code_point(self, field: Any) -> Any:
        return field.collate('"C"')

    def fetch_each(self, cursor: Any, sql: str, parameters: Sequence[Any]) -> list[Any]:
        """Execute all queries in one round trip."""
        cursor.executemany(sql, parameters, returning=True)
        rows = []
        for _ in parameters:
            rows.append(cursor.fetchone())
            cursor.nextset()
        return rows

    def take_turns(self, cursor: Any, name: str) -> None:
        number = zlib.crc32(name.encode()) - 2**31
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCK, number))

    def never_committed(self, error: Exception) -> bool:
        """Return True for an ERROR from the server. After FATAL or a lost connection it is unknown."""
        if not isinstance(error, psycopg.Error) or error.diag.severity_nonlocalized != "ERROR":
            return False
        return not (error.sqlstate or "").startswith(LOST)

    def explain(self, error: Exception) -> str:
        cause = error.__context__ if isinstance(error, peewee.PeeweeException) else error
        return f"PostgreSQL: {_words(cause)}."

    @contextmanager
    def migrating(self) -> Iterator[None]:
        """All steps are one transaction, which holds the lock, since poolers keep no lock beyond one."""
        try:
            connection = self.connect()
            connection.patience = MIGRATION_PATIENCE * 1.5
            with self.database.atomic():
                connection.execute(UNLIMITED)
                take_migration_lock(connection)
                refuse(fault_of(connection, self.schema))
                connection.patience = None
                yield
        except (psycopg.Error, peewee.PeeweeException) as error:
            fault = self._fault(error)
            raise SettingsError(fault.what, fault.cure) from error
        finally:
            self.disconnect()

    def faults(self) -> Sequence[Fault]:
        try:
            with closing(self.database.connect_apart()) as connection:
                connection.begun(self.begin_reading)
                fault = fault_of(connection, self.schema, announce=True)
        except psycopg.Error as error:
            return [self._fault(error)]
        return [fault] if fault else []

    def _fault(self, error: Exception) -> Fault:
        cause = error.__context__ if isinstance(error, peewee.PeeweeException) else error
        cure = cause.cure if isinstance(cause, NotKept) else REACH
        return Fault(f"The database can't be used: {self.explain(error)}", cure)

    def erase(self, connection: Any) -> None:
        """Do nothing: the server's vacuum removes dead rows later."""


class _Database(peewee.PostgresqlDatabase):
    """Peewee's PostgreSQL database with connections of the class `PatientConnection`."""

    def __init__(self, connecting: Mapping[str, Any], parameters: Parameters) -> None:
        name = connecting.get("dbname") or "named by the service"  # Peewee requires a name
        super().__init__(name, prefer_psycopg3=True)
        self._connecting = connecting
        self._parameters = parameters
        self._connected = threading.local()

    def connect(self, reuse_if_open: bool = False) -> bool:
        """Connect outside of Peewee's lock, so that a slow attempt does not block the other threads."""
        if self.is_closed():
            self._connected.connection = self.connect_apart()
        return bool(super().connect(reuse_if_open))

    def connect_apart(self) -> PatientConnection:
        """Return a new connection, which the caller must close. Raises `psycopg.Error`."""
        connection = PatientConnection.connect(**self._connecting, autocommit=True)
        try:
            self._parameters.settle(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def begin(self, isolation_level: object = None) -> None:
        """Begin one of Peewee's own transactions: a migration."""
        self._connected.connection.begun(BEGIN_WRITING)

    def _connect(self) -> Any:
        return self._connected.connection


def _read(url: str) -> dict[str, Any]:
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error:
        raise SettingsError("The PostgreSQL URL can't be read.", f"{URL}.") from None
    if "dbname" not in given and "service" not in given:
        raise SettingsError("The PostgreSQL URL names no database.", f"{URL}.")
    return dict(given)


def _connecting(given: Mapping[str, Any]) -> dict[str, Any]:
    """Add the required connection parameters. Poolers refuse startup options: see `_parameters`."""
    fixed = {"options": "", "connect_timeout": 2, "client_encoding": "utf8"}
    return {**dict(DEFAULTS), **given, **fixed}


def _parameters(given: Mapping[str, Any], lock_timeout: float) -> dict[str, object]:
    """Return the parameters of a session. The server's timeouts are a little shorter than the client's."""
    return {
        **parameters_in(given.get("options", "")),
        "synchronous_commit": "on",
        "lock_timeout": max(1, int(lock_timeout * 1000)),  # 0 would be no limit
        "statement_timeout": int(PATIENCE * 1000) - 250,
        # A suspended node must not keep its locks, which would block the other nodes.
        "idle_in_transaction_session_timeout": int(PATIENCE * 1000) - 250,
    }


def _words(error: BaseException | None) -> str:
    """Return a description of an error without its message, which may contain data and addresses."""
    if isinstance(error, NoAnswer):
        return f"no answer within {PATIENCE:g} seconds"
    if isinstance(error, NotKept):
        return error.what
    if isinstance(error, psycopg.Error) and error.sqlstate:
        name = psycopg.errors.lookup(error.sqlstate).__name__
        spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
        return f"{spaced.strip()} ({error.sqlstate})"
    if not isinstance(error, psycopg.OperationalError):
        return type(error).__name__
    said = re.sub('"[^"]*" ', "", str(error))
    return next((f"no connection ({reason})" for reason in REASONS if reason in said), "no connection")
