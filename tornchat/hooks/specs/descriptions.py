"""Hooks for what rooms say of themselves: a title, a topic, and whether they are private. Optional.

`open_room`, `create_room` and `list_rooms` return title and topic with the room.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING

from tornchat.hooks.specs.promise import one

if TYPE_CHECKING:
    from tornchat.model import RoomDescription


@one(role="descriptions", deadline=4.0, absent="not_provided")
def describe_room(
    room: str, title: str | None, topic: str | None, private: bool | None
) -> Awaitable[RoomDescription | None] | RoomDescription | None:
    """Store what is not None, and return the whole description; None if there is no such room.

    Each part is stored for itself, so that of two concurrent calls neither undoes what only the other says.
    Members and owner stay as they are.
    """


@one(role="descriptions", deadline=4.0, absent="not_provided")
def read_descriptions(
    rooms: Sequence[str],
) -> Awaitable[Mapping[str, RoomDescription]] | Mapping[str, RoomDescription]:
    """Return the descriptions of these rooms; rooms that do not exist are left out.

    The result reflects every change made before the call, on any node. Each node calls this hook for the
    rooms it has in use, every few seconds and whenever another node reports a change.
    """
