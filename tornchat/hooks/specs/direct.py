"""Hooks for direct rooms: the one room of some users. Optional.

`open_room` and `list_rooms` return whether a room is direct.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from tornchat.hooks.specs.promise import one

if TYPE_CHECKING:
    from tornchat.model import RoomInfo


@one(role="direct rooms", deadline=4.0, absent="not_provided")
def find_direct(key: str) -> Awaitable[RoomInfo | None] | RoomInfo | None:
    """Return the direct room with this key, visible to anybody here; None if there is none."""


@one(role="direct rooms", deadline=4.0, absent="not_provided")
def create_direct(
    key: str, name: str, user_ids: Sequence[str]
) -> Awaitable[RoomInfo | None] | RoomInfo | None:
    """Return the direct room with this key; if there is none, create it with this name.

    A new one is direct and private, has no owner, and has these users as members. Concurrent calls with one
    key, on all nodes, return the same room, and its members are those of one of the calls. A key is free
    again when its room is deleted. None if another room has the name, or an id can't be stored.
    """
