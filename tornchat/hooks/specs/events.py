"""What has happened, told to whoever listens."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from tornchat.hooks.specs.promise import hookspec

if TYPE_CHECKING:
    from tornchat.model import Entry, User


@hookspec("tell", role="events")
def messages_stored(room: str, entries: Sequence[Entry]) -> Awaitable[None] | None:
    """These entries are on disk. Told once, on the node where they were said."""


@hookspec("tell", role="events")
def user_joined(room: str, user: User) -> Awaitable[None] | None:
    """This user's first session in the room began, on this node."""


@hookspec("tell", role="events")
def user_left(room: str, user: User) -> Awaitable[None] | None:
    """This user's last session in the room ended, on this node."""


@hookspec("tell", role="events")
def connection_opened(connection: str, remote_ip: str) -> Awaitable[None] | None:
    """A WebSocket was opened; nobody has been authenticated yet."""


@hookspec("tell", role="events")
def connection_closed(connection: str, code: int | None, duration: float) -> Awaitable[None] | None:
    """A WebSocket ended, after `duration` seconds. `code` is None when no close frame came."""
