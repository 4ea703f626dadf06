"""What a room is, besides its log: who may see it, the roles in it, who is banned or muted, its texts."""

from __future__ import annotations

import msgspec

from tornchat.hooks.calls import Hooks
from tornchat.model import ADMIN, Membership, Sanction, User

OPERATOR = User("operator", "operator", frozenset({ADMIN}))
"""The user for whom commands open rooms: every room is visible to admins."""
KEPT = ("ban", "mute")
"""The kinds of sanctions that an export contains; a kick is over once every node has read it."""


class RoomState(msgspec.Struct, frozen=True):
    """The state of a room. `members` do not include the owner."""

    private: bool
    owner: str | None = None
    members: tuple[Membership, ...] = ()
    sanctions: tuple[Sanction, ...] = ()
    slow_seconds: int = 0
    title: str = ""
    topic: str = ""


async def read_state(hooks: Hooks, room: str) -> RoomState | None:
    """Return the state of the room; None if there is no such room. Raises `Unavailable`."""
    info = await hooks.open_room(room, OPERATOR, False, 0, None)
    if info is None:
        return None
    members = await hooks.read_members(room, None) if hooks.provides("read_members") else ()
    sanctions = await hooks.read_sanctions([room]) if hooks.provides("read_sanctions") else ()
    return RoomState(
        info.private,
        info.owner,
        tuple(member for member in members if member.role != "owner"),
        tuple(one for one in sanctions if one.kind in KEPT),
        info.slow_seconds,
        info.title,
        info.topic,
    )
