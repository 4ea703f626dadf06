"""Event hooks: notifications of what has happened."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from tornchat.hooks.specs.promise import tell

if TYPE_CHECKING:
    from tornchat.model import Entry, User


@tell(role="events")
def messages_stored(room: str, entries: Sequence[Entry]) -> Awaitable[None] | None:
    """The entries, a tuple, have been stored. Called at most once, on the node that accepted the messages.

    It is a hint: if the node dies after the commit, or if a plugin is thousands of calls behind, entries are
    never told. What must not be missed is read by a durable consumer (`consumers`).

    An entry with a `target` is no message: it edits or deletes the message at that place.
    """


@tell(role="events")
def user_joined(room: str, user: User) -> Awaitable[None] | None:
    """The user's first session in the room has started, on this node."""


@tell(role="events")
def user_left(room: str, user: User) -> Awaitable[None] | None:
    """The user's last session in the room has ended, on this node."""


@tell(role="events")
def connection_opened(connection: str, remote_ip: str) -> Awaitable[None] | None:
    """A WebSocket was opened; its user is not authenticated yet."""


@tell(role="events")
def connection_closed(connection: str, code: int | None, duration: float) -> Awaitable[None] | None:
    """A WebSocket was closed after `duration` seconds. `code` is None if no close frame was received."""
