"""SQLite through APSW, which bundles a newer SQLite than the one Python was built with."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import apsw
from playhouse.apsw_ext import APSWDatabase

from tornchat_peewee.backend import Backend
from tornchat_peewee.sqlite import SqliteBackend


class _Database(APSWDatabase):  # type: ignore[misc]  # playhouse has no types
    """Binds `datetime` values as sqlite3 does, which Peewee's migration table needs."""

    def _connect(self) -> Any:
        connection = super()._connect()
        connection.convert_binding = _bound
        return connection


class ApswBackend(SqliteBackend):
    """SQLite accessed through the APSW driver instead of sqlite3."""

    data_errors = (
        *Backend.data_errors,
        apsw.ConstraintError,
        apsw.MismatchError,
        apsw.TooBigError,
        apsw.BindingsError,
    )
    not_now: ClassVar[tuple[type[Exception], ...]] = (apsw.BusyError, apsw.LockedError, apsw.CantOpenError)
    any_error: ClassVar[tuple[type[Exception], ...]] = (apsw.Error,)

    def undecodable(self, error: Exception) -> bool:
        return isinstance(error, UnicodeDecodeError)

    def tolerate(self) -> bool:
        return False  # APSW decodes by itself

    @property
    def version(self) -> tuple[int, ...]:
        return tuple(int(part) for part in apsw.sqlite_lib_version().split("."))

    def rollback(self, connection: Any) -> None:
        if not connection.getautocommit():
            connection.execute("ROLLBACK")

    def _database(self, path: str, pragmas: dict[str, object], timeout: float) -> Any:
        return _Database(path, pragmas=pragmas, timeout=timeout)

    def _name_of(self, error: Exception) -> str:
        codes = apsw.mapping_extended_result_codes, apsw.mapping_result_codes
        given = getattr(error, "extendedresult", None), getattr(error, "result", None)
        return next((str(names[code]) for names, code in zip(codes, given, strict=True) if code in names), "")

    def _opened(self, uri: str) -> Any:
        connection = apsw.Connection(uri, flags=apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READONLY)
        connection.setbusytimeout(int(self._busy_timeout * 1000))
        return connection


def _bound(cursor: Any, place: int, value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(" ")
    raise TypeError(f"SQLite can't hold a {type(value).__name__}")
