"""The PostgreSQL backend, for several nodes. A write to a room locks the row of the room."""

from __future__ import annotations

import re
import threading
import time
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
from tornchat_peewee.patient import PATIENCE, NoAnswer, PatientConnection
from tornchat_peewee.schema import CURRENT, TABLE, Schema, refuse

URL = "[peewee] url is postgresql://<user>:<password>@<host>/<database>"
REACH = "See that the server runs, and that [peewee] url names it, its database, and who may use it."
LOCK = 0x746F726E
"""First key of the advisory locks, to distinguish them from those of other programs."""
MIGRATION_PATIENCE = 20.0
"""Maximum wait for the migration lock in seconds, below the deadline of `startup` (30 s)."""

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

    begin_writing = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
    begin_reading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    clock = "SELECT EXTRACT(EPOCH FROM clock_timestamp())::float8"
    shared = True
    index = PostgresIndex()
    outlive = "LOCK TABLE log IN SHARE MODE"
    data_errors = (
        *Backend.data_errors,
        psycopg.DataError,
        psycopg.IntegrityError,
        psycopg.errors.DatatypeMismatch,
    )

    def __init__(self, url: str, *, lock_timeout: float, schema: Schema = CURRENT) -> None:
        """Opens no connection. Raises `SettingsError` if `url` is invalid."""
        super().__init__(_Database(_connecting(_read(url), lock_timeout)), schema)

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
        return isinstance(error, psycopg.Error) and error.diag.severity_nonlocalized == "ERROR"

    def explain(self, error: Exception) -> str:
        cause = error.__context__ if isinstance(error, peewee.PeeweeException) else error
        return f"PostgreSQL: {_words(cause)}."

    @contextmanager
    def migrating(self) -> Iterator[None]:
        try:
            with closing(self.database.connect_apart()) as guard:
                _take_lock(guard)
                refuse(_fault_of(guard, self.schema))
                self._take_time()
                yield
        except (psycopg.Error, peewee.PeeweeException) as error:
            raise SettingsError(f"The database can't be used: {self.explain(error)}", REACH) from error

    def _take_time(self) -> None:
        """Remove the time limits, since a step may process a large table."""
        connection = self.connect()
        connection.patience = None
        connection.execute("SET statement_timeout = 0")

    def faults(self) -> Sequence[Fault]:
        try:
            with closing(self.database.connect_apart()) as connection:
                fault = _fault_of(connection, self.schema)
        except psycopg.Error as error:
            return [Fault(f"The database can't be used: {self.explain(error)}", REACH)]
        return [fault] if fault else []

    def erase(self, connection: Any) -> None:
        """Do nothing: the server's vacuum removes dead rows later."""


class _Database(peewee.PostgresqlDatabase):
    """Peewee's PostgreSQL database with connections of the class `PatientConnection`."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        name = parameters.get("dbname") or "named by the service"  # Peewee requires a name
        super().__init__(name, prefer_psycopg3=True)
        self._parameters = parameters
        self._connected = threading.local()

    def connect(self, reuse_if_open: bool = False) -> bool:
        """Connect outside of Peewee's lock, so that a slow attempt does not block the other threads."""
        if self.is_closed():
            self._connected.connection = self.connect_apart()
        return bool(super().connect(reuse_if_open))

    def connect_apart(self) -> PatientConnection:
        """Return a new connection, which the caller must close."""
        return PatientConnection.connect(**self._parameters, autocommit=True)

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


def _connecting(given: dict[str, Any], lock_timeout: float) -> dict[str, Any]:
    """Add the required parameters. The server's timeouts are a little shorter than the client's."""
    ours = {
        "synchronous_commit": "on",
        "lock_timeout": max(1, int(lock_timeout * 1000)),  # 0 would be no limit
        "statement_timeout": int(PATIENCE * 1000) - 250,
        # A suspended node must not keep its locks, which would block the other nodes.
        "idle_in_transaction_session_timeout": int(PATIENCE * 1000) - 250,
    }
    options = [given.get("options", ""), *[f"-c {name}={value}" for name, value in ours.items()]]
    fixed = {"options": " ".join(options).strip(), "connect_timeout": 2, "client_encoding": "utf8"}
    return {**dict(DEFAULTS), **given, **fixed}


def _words(error: BaseException | None) -> str:
    """Return a description of an error without its message, which may contain data and addresses."""
    if isinstance(error, NoAnswer):
        return f"no answer within {PATIENCE:g} seconds"
    if isinstance(error, psycopg.Error) and error.sqlstate:
        name = psycopg.errors.lookup(error.sqlstate).__name__
        spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
        return f"{spaced.strip()} ({error.sqlstate})"
    if not isinstance(error, psycopg.OperationalError):
        return type(error).__name__
    said = re.sub('"[^"]*" ', "", str(error))
    return next((f"no connection ({reason})" for reason in REASONS if reason in said), "no connection")


def _take_lock(guard: PatientConnection) -> None:
    """Acquire the migration lock, which is held until `guard` is closed. Raises `SettingsError`."""
    deadline = time.monotonic() + MIGRATION_PATIENCE
    while not _answer(guard, "SELECT pg_try_advisory_lock(%s)", LOCK):
        if time.monotonic() > deadline:
            what = f"Another process has kept the database locked for {MIGRATION_PATIENCE:g} seconds."
            raise SettingsError(what, "Wait until its migration has ended, or end it.")
        time.sleep(0.05)


def _fault_of(connection: PatientConnection, schema: Schema) -> Fault | None:
    encoding = _answer(connection, "SHOW server_encoding")
    if encoding != "UTF8":
        return Fault(f"The database keeps texts as {encoding}.", "Create it with ENCODING 'UTF8'.")
    if not _has_table(connection, TABLE):
        return _fault_of_a_new_one(connection)
    return schema.fault(connection)


def _fault_of_a_new_one(connection: PatientConnection) -> Fault | None:
    cure = "Give tornchat a database of its own, or a schema: ?options=-csearch_path%3D<schema>."
    for table in ("room", "log"):
        if _has_table(connection, table):
            return Fault(f"The database has a table {table!r} that is not tornchat's.", cure)
    if not _answer(connection, "SELECT has_schema_privilege(current_schema(), 'CREATE')"):
        return Fault("There is no schema in which the database's user may create tables.", cure)
    return None


def _has_table(connection: PatientConnection, name: str) -> bool:
    return _answer(connection, "SELECT to_regclass(%s)", name) is not None


def _answer(connection: PatientConnection, sql: str, *parameters: object) -> Any:
    row = connection.execute(sql, parameters).fetchone()
    return row[0] if row else None
