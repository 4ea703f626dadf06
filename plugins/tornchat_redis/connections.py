"""From a URL to connections, and from what goes wrong with them to words without a secret."""

from __future__ import annotations

from typing import Any, TypeAlias
from urllib.parse import urlsplit

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from tornchat import SettingsError
from tornchat_redis.settings import RedisSettings

CURE = "[redis] url is redis://<host>:<port>/<number>, rediss:// for TLS or unix://<path>."
FAILURES: tuple[type[Exception], ...] = (RedisError, OSError)
"""What a connection raises; a time-out is an OSError."""

Connection: TypeAlias = AbstractConnection


class Connections:
    """Makes connections to the server that the settings name; none is opened here."""

    def __init__(self, settings: RedisSettings) -> None:
        """Raises `SettingsError`, which never quotes the URL: it may hold a password."""
        options: dict[str, Any] = {
            "socket_timeout": settings.socket_timeout,
            "socket_connect_timeout": settings.socket_timeout,
            "protocol": 2,  # the third would put messages between answers
            "driver_info": None,
            "client_name": "tornchat",  # its answer also shows that somebody is there who answers
        }
        try:
            _refuse_no_path(settings.url)
            self._pool = ConnectionPool.from_url(settings.url, **options)
            self.make()
        except Exception:
            raise SettingsError("The URL of [redis] can't be used.", CURE) from None

    def make(self) -> Connection:
        """Give a connection that is not open yet. The caller closes it."""
        connection: Connection = self._pool.make_connection()
        return connection


def _refuse_no_path(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "unix" and not parts.path:
        raise ValueError


async def close(connection: Connection) -> None:
    """Close a connection and wait for it, at most its own time-out. Raises nothing."""
    try:
        await connection.disconnect()
    except FAILURES:
        pass  # it had still something to send that nobody takes


def reason(error: BaseException) -> str:
    """Say what went wrong. To a command it does not know the server quotes what it was sent: not here."""
    words = str(error).partition(", with args")[0].strip()
    return f"{type(error).__name__}: {words[:150].rstrip('.')}" if words else type(error).__name__
