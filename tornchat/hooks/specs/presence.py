"""Who is in a room, over all nodes."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from tornchat.hooks.specs.promise import hookspec

if TYPE_CHECKING:
    from tornchat.model import Participant, Roster


@hookspec("one", role="presence", required=True, deadline=2.0)
def join_presence(room: str, user: Participant, session: str) -> Awaitable[bool] | bool:
    """Count `session` in; True if it is the user's first one in the room, on any node.

    That changes the roster: every node's `chat.presence_changed` is called, this one's too.
    Idempotent: joining the same session again changes nothing and gives False.
    """


@hookspec("one", role="presence", required=True, deadline=2.0)
def leave_presence(room: str, user: Participant, session: str) -> Awaitable[bool] | bool:
    """Count `session` out; True if it was the user's last one, which changes the roster. Idempotent."""


@hookspec("one", role="presence", required=True, deadline=2.0)
def read_presence(room: str) -> Awaitable[Roster] | Roster:
    """Give the room's roster as it is now. A room's `version` never goes back, even when it was empty."""
