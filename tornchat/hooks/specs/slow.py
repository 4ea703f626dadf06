"""Hooks for slow mode: users of a room wait between their messages. Optional.

`open_room`, `create_room` and `list_rooms` return the seconds with the room.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING

from tornchat.hooks.specs.promise import one

if TYPE_CHECKING:
    from tornchat.model import Entry


@one(role="slow mode", deadline=4.0, absent="not_provided")
def set_slow_mode(room: str, seconds: int) -> Awaitable[bool] | bool:
    """Store the seconds between two messages of a user in the room; return False if there is no such room."""


@one(role="slow mode", deadline=4.0, absent="not_provided")
def read_slow_modes(rooms: Sequence[str]) -> Awaitable[Mapping[str, int]] | Mapping[str, int]:
    """Return the seconds of those of the rooms that have slow mode; the others are left out.

    The result reflects every change made before the call, on any node. Each node calls this hook for the
    rooms it has in use, every few seconds and whenever another node reports a change.
    """


@one(role="slow mode", deadline=4.0, absent="not_provided")
def read_latest_messages(
    room: str, user_id: str, after_ms: int, limit: int
) -> Awaitable[Sequence[Entry]] | Sequence[Entry]:
    """Return at most `limit` messages that the user sent after `after_ms` (Unix ms), newest first.

    Deleted ones are among them. Messages that 5,000 entries of the log follow may be left out. The result
    reflects everything stored before the call. Called for each message in a room with slow mode.
    """
