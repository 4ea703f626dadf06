"""Connections to Redis, and from what goes wrong with them to words without a secret."""

from __future__ import annotations

from typing import Any, TypeAlias

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ClusterDownError, MovedError, ReadOnlyError, RedisError

from tornchat import SettingsError
from tornchat_redis.names import Names
from tornchat_redis.places import place_of
from tornchat_redis.settings import RedisSettings

CURE = (
    "[redis] url is redis://<host>:<port>/<number>, rediss:// for TLS, unix://<path>, "
    "redis+sentinel://<host>:<port>,<host>:<port>/<service> or redis+cluster://<host>:<port>,<host>:<port>."
)
FAILURES: tuple[type[Exception], ...] = (RedisError, OSError)
"""What a connection raises; a time-out is an OSError."""
WRONG_SERVER: tuple[type[Exception], ...] = (ReadOnlyError, MovedError, ClusterDownError)
"""Answers of a server that is not the one to ask, any more or for now."""

Connection: TypeAlias = AbstractConnection


class RedisConnections:
    """Opens connections to the server that the settings name, wherever it is at that time."""

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
            self._place = place_of(settings.url, options, Names(settings.prefix, "").origin)
        except Exception:
            raise SettingsError("The URL of [redis] can't be used.", CURE) from None

    async def open(self) -> Connection:
        """Give an open connection, which the caller closes. Raises `FAILURES`."""
        try:
            connection = await self._place.find()
        except (ValueError, TypeError):
            raise RedisError("the address that was given can't be used") from None
        try:
            await connection.connect()
        except BaseException:
            await close(connection)
            raise
        return connection


async def close(connection: Connection | None) -> None:
    """Close a connection and wait for it, at most its own time-out. Raises nothing."""
    try:
        if connection is not None:
            await connection.disconnect()
    except FAILURES:
        pass  # it had still something to send that nobody takes


def reason(error: BaseException) -> str:
    """Say what went wrong. To a command it does not know the server quotes what it was sent: not here."""
    words = str(error).partition(", with args")[0].strip()
    return f"{type(error).__name__}: {words[:150].rstrip('.')}" if words else type(error).__name__
