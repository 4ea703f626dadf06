"""Presence hooks: which users are in a room, across all nodes."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from tornchat.hooks.specs.promise import one

if TYPE_CHECKING:
    from tornchat.model import Participant, Roster


@one(role="presence", required=True, deadline=2.0)
def join_presence(room: str, user: Participant, session: str) -> Awaitable[bool] | bool:
    """Add `session` to the room; return True if it is the user's first session there, on any node.

    The first session changes the roster: the plugin calls, on every node and including this one,
    `chat.presence_changed(room, version, PresenceChange("join", user))` with the next version. Idempotent:
    adding the same session again changes nothing and returns False.
    """


@one(role="presence", required=True, deadline=2.0)
def leave_presence(room: str, user: Participant, session: str) -> Awaitable[bool] | bool:
    """Remove `session` from the room; return True if it was the user's last one, which changes the roster.

    The change is `PresenceChange("leave", user)`. Idempotent. The sessions of a node that dies are removed
    by the other nodes; those of a node whose connection breaks for a moment stay.
    """


@one(role="presence", required=True, deadline=2.0)
def read_presence(room: str) -> Awaitable[Roster] | Roster:
    """Return the room's current roster. Its `version` never decreases, even if the room has been empty.

    Each change of the roster, a user's first session or the end of the last one, increases it by one, and is
    the `PresenceChange` of that version. `complete=False` says that sessions may be missing, since shared
    data was lost and nodes are registering theirs again: nobody is taken for gone until a complete roster is
    read, for which `chat.may_have_missed()` asks.
    """
