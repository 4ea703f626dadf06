"""Connections to Redis, and descriptions of their errors without secrets."""

from __future__ import annotations

from typing import Any, TypeAlias

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ClusterDownError, MovedError, ReadOnlyError, RedisError

from tornchat import SettingsError
from tornchat_redis.names import Names
from tornchat_redis.places import place_of
from tornchat_redis.settings import RedisSettings
from tornchat_redis.urls import refuse_misread

CURE = (
    "[redis] url is redis://<host>:<port>/<number>, rediss:// for TLS, unix://<path>, "
    "redis+sentinel://<host>:<port>,<host>:<port>/<service> or redis+cluster://<host>:<port>,<host>:<port>."
)
FAILURES: tuple[type[Exception], ...] = (RedisError, OSError)
"""Exceptions that a connection raises. `TimeoutError` is an `OSError`."""
WRONG_SERVER: tuple[type[Exception], ...] = (ReadOnlyError, MovedError, ClusterDownError)
"""Errors that mean that another server is, or will be, responsible."""

Connection: TypeAlias = AbstractConnection


class RedisConnections:
    """Opens connections to the server that is currently responsible according to the URL in the settings."""

    def __init__(self, settings: RedisSettings) -> None:
        """Raises `SettingsError`, whose text never contains the URL, since that may contain a password."""
        options: dict[str, Any] = {
            "socket_timeout": settings.socket_timeout,
            "socket_connect_timeout": settings.socket_timeout,
            "protocol": 2,  # RESP3 would mix published messages with replies
            "driver_info": None,
            "client_name": "tornchat",  # setting it also verifies that the server replies
        }
        refuse_misread(settings.url)
        try:
            self._place = place_of(settings.url, options, Names(settings.prefix, "").origin)
        except Exception:
            raise SettingsError("The URL of [redis] can't be used.", CURE) from None

    async def open(self) -> Connection:
        """Return an open connection, which the caller must close. Raises `FAILURES`."""
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
    """Close a connection and wait for it, at most for its timeout. Never raises."""
    try:
        if connection is not None:
            await connection.disconnect()
    except FAILURES:
        pass  # unsent data could not be flushed


def reason(error: BaseException) -> str:
    """Return a description of an error, without the command arguments that the server may quote."""
    words = str(error).partition(", with args")[0].strip()
    return f"{type(error).__name__}: {words[:150].rstrip('.')}" if words else type(error).__name__
