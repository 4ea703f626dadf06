"""Helpers of the kit of markers: rooms with messages, markers, and what is read back."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from tornchat import Draft, InboxEntry, Marker, Mentions, More, ReadRoom, ReadState
from tornchat.testing.fixtures import draft
from tornchat.testing.kit import Stage, unique
from tornchat.testing.log import opened, stored


def changes(stage: Stage) -> bool:
    """Return whether the plugin stores what messages say beyond a text."""
    return getattr(stage.plugin, "changes", False) is True


def mentioning(room: str, sender: str, *users: str, everybody: bool = False) -> Draft:
    """Return the draft of a message that mentions these users."""
    return replace(draft("look", room, sender), more=More(mentions=Mentions(users, everybody)))


async def room_with(stage: Stage, count: int) -> tuple[str, str, str]:
    """Create a room with as many messages; return its name and epoch, and the id of a new user."""
    info = await opened(stage)
    if count:
        await stored(stage, *[draft("hello", info.name) for _ in range(count)])
    return info.name, info.epoch, f"id-{unique('ann')}"


async def mark(stage: Stage, *markers: Marker) -> list[Marker]:
    """Store markers in one call and return what stands in place of some."""
    return list(await stage.call("store_markers", markers=markers))


async def read_states(stage: Stage, wanted: dict[str, list[str]]) -> Sequence[ReadState]:
    """Return how far users have read, with one call."""
    found: Sequence[ReadState] = await stage.call("read_markers", wanted=wanted)
    return found


async def state_of(stage: Stage, user_id: str, room: str) -> ReadState:
    """Return how far a user has read an existing room."""
    found = await read_states(stage, {room: [user_id]})
    assert len(found) == 1, f"read_markers gave {found!r} for one user in one room"
    return found[0]


async def rooms_of(
    stage: Stage, user_id: str, after: str | None = None, limit: int = 100
) -> Sequence[ReadRoom]:
    """Return the rooms of a user."""
    found: Sequence[ReadRoom] = await stage.call("read_rooms_of", user_id=user_id, after=after, limit=limit)
    return found


async def inbox_of(
    stage: Stage, user_id: str, before: int | None = None, limit: int = 100
) -> Sequence[InboxEntry]:
    """Return the inbox of a user."""
    found: Sequence[InboxEntry] = await stage.call("read_inbox", user_id=user_id, before=before, limit=limit)
    return found
