"""What is checked of a PostgreSQL database before it is used, and the lock under which it is migrated."""

from __future__ import annotations

import time
from typing import Any

from tornchat import Fault, SettingsError
from tornchat_peewee.patient import PatientConnection
from tornchat_peewee.schema import TABLE, Schema

LOCK = 0x746F726E
"""First key of the advisory locks, to distinguish them from those of other programs."""
MIGRATION_PATIENCE = 20.0
"""Maximum wait for the migration lock in seconds, below the deadline of `startup` (30 s)."""


def take_migration_lock(connection: PatientConnection) -> None:
    """Acquire the migration lock until the transaction ends. Raises `SettingsError`."""
    deadline = time.monotonic() + MIGRATION_PATIENCE
    while not _answer(connection, "SELECT pg_try_advisory_xact_lock(%s)", LOCK):
        if time.monotonic() > deadline:
            what = f"Another process has kept the database locked for {MIGRATION_PATIENCE:g} seconds."
            raise SettingsError(what, "Wait until its migration has ended, or end it.")
        time.sleep(0.05)


def fault_of(connection: PatientConnection, schema: Schema) -> Fault | None:
    """Return a fault if tornchat can't use the database of this connection, which is in a transaction."""
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
