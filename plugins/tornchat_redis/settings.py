"""The settings in `[redis]`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class RedisSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The Redis or Valkey server that connects the nodes of a chat."""

    url: Annotated[
        str,
        Meta(description="URL: redis://, rediss:// (TLS), unix://, redis+sentinel:// or redis+cluster://."),
    ] = "redis://127.0.0.1:6379/0"
    prefix: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z0-9_.:-]{1,64}$",
            description="Prefix of all keys and channels: 1 to 64 letters, digits, _.:-; one per chat.",
        ),
    ] = "tornchat"
    sharded: Annotated[
        bool,
        Meta(description="Use sharded channels, in a cluster. Requires Redis 7 or Valkey."),
    ] = False
    socket_timeout: Annotated[
        float, Meta(ge=0.1, le=1.5, description="Maximum wait for a reply in seconds, 0.1 to 1.5.")
    ] = 1.0
    presence_ttl: Annotated[
        float,
        Meta(
            ge=1,
            le=60,
            description="Seconds, 1 to 60, after which the sessions of an unresponsive node are removed.",
        ),
    ] = 8.0

    def __repr__(self) -> str:
        """Hide the URL, which may contain a password."""
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"RedisSettings({shown})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        values = msgspec.structs.asdict(self)
        return list({**values, "url": self.url.partition("://")[0] + "://..."}.items())
