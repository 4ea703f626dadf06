"""Selection of the backend by the database URL."""

from __future__ import annotations

from pathlib import Path

from playhouse import db_url

from tornchat import SettingsError
from tornchat_peewee.backend import Backend
from tornchat_peewee.schema import CURRENT, Schema
from tornchat_peewee.settings import PeeweeSettings
from tornchat_peewee.sqlite import SqliteBackend

CURE = "[peewee] url is sqlite:///<path>, for example sqlite:////var/lib/tornchat/tornchat.db"
KINDS = f"{CURE}, or postgresql://<user>:<password>@<host>/<database>"


def backend_of(settings: PeeweeSettings, schema: Schema = CURRENT) -> Backend:
    """Return the backend for `settings.url`, without opening the database.

    Raises `SettingsError`, whose text never contains the URL, since that may contain a password.
    """
    if not settings.url:
        return _sqlite(settings.data_dir / "tornchat.db", settings, schema)
    scheme = settings.url.partition(":")[0]
    if scheme in ("postgresql", "postgres"):
        return _postgres(settings, schema)
    if scheme == "apsw":
        return _apsw(_path(_parse(settings.url)), settings, schema)
    if scheme != "sqlite":
        raise SettingsError(f"Databases of the kind {scheme!r} are not supported.", f"{KINDS}.")
    return _sqlite(_path(_parse(settings.url)), settings, schema)


def _postgres(settings: PeeweeSettings, schema: Schema) -> Backend:
    try:
        from tornchat_peewee.postgres import PostgresBackend  # noqa: PLC0415 (psycopg is an extra)
    except ImportError as error:
        raise SettingsError("PostgreSQL needs psycopg.", "pip install 'tornchat[postgres]'") from error
    return PostgresBackend(settings.url, lock_timeout=settings.busy_timeout, schema=schema)


def _apsw(path: Path, settings: PeeweeSettings, schema: Schema) -> Backend:
    try:
        from tornchat_peewee.apsw_sqlite import ApswBackend  # noqa: PLC0415 (apsw is an extra)
    except ImportError as error:
        raise SettingsError("apsw:// needs APSW.", "pip install 'tornchat[apsw]'") from error
    return ApswBackend(
        path, synchronous=settings.synchronous, busy_timeout=settings.busy_timeout, schema=schema
    )


def _sqlite(path: Path, settings: PeeweeSettings, schema: Schema) -> Backend:
    return SqliteBackend(
        path, synchronous=settings.synchronous, busy_timeout=settings.busy_timeout, schema=schema
    )


def _parse(url: str) -> dict[str, object]:
    try:
        options: dict[str, object] = db_url.parse(url, unquote_password=True, unquote_user=True)
        return options
    except ValueError:
        raise SettingsError("The database URL can't be read.", f"{CURE}.") from None


def _path(options: dict[str, object]) -> Path:
    path = options.pop("database")
    if path == ":memory:" and "host" in options:
        raise SettingsError("The SQLite URL names a host, not a file.", f"Use three slashes: {CURE}.")
    if path == ":memory:":
        raise SettingsError("A database in memory keeps no messages.", f"Name a file: {CURE}.")
    if options:
        raise SettingsError(f"The SQLite URL has unknown options: {', '.join(options)}.", f"{CURE}.")
    return Path(str(path))
