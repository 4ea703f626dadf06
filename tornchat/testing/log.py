"""Helpers of the storage kit: opening rooms, storing drafts and reading pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tornchat import Draft, Entry, Page, Position, Refusal, RoomInfo, Stored, StoreResult
from tornchat.testing.fixtures import user
from tornchat.testing.kit import Stage, unique


async def opened(stage: Stage) -> RoomInfo:
    """Open a new room."""
    info = await stage.call(
        "open_room", name=unique("tea"), user=user(), create=True, owned_limit=0, owner=user().id
    )
    assert isinstance(info, RoomInfo), f"open_room gave {info!r} for a new room"
    return info


async def results(stage: Stage, *drafts: Draft) -> Sequence[StoreResult]:
    """Store drafts in one call and return one result per draft."""
    given = await stage.call("store_messages", drafts=drafts)
    assert len(given) == len(drafts), f"it gave {len(given)} results for {len(drafts)} drafts"
    for result in given:
        assert isinstance(result, Stored | Refusal), f"{result!r} is neither Stored nor Refusal"
    return list(given)


async def stored(stage: Stage, *drafts: Draft) -> list[Entry]:
    """Store drafts and return their entries. Fails if a draft is not stored."""
    entries = []
    for result in await results(stage, *drafts):
        assert isinstance(result, Stored), f"a good draft got {result!r}"
        entries.append(result.entry)
    return entries


async def read(
    stage: Stage, room: str, after: int | None = None, before: int | None = None, limit: int = 100
) -> Page:
    """Read a page of an existing room."""
    page = await stage.call("read_history", room=room, after=after, before=before, limit=limit)
    assert isinstance(page, Page), f"read_history gave {page!r} for a room that is there"
    return page


async def texts(
    stage: Stage, room: str, after: int | None = None, before: int | None = None, limit: int = 100
) -> list[str]:
    """Read a page and return the texts of its entries."""
    return [entry.text for entry in (await read(stage, room, after, before, limit)).entries]


async def positions(stage: Stage, *rooms: str) -> Mapping[str, Position]:
    """Return the positions of rooms, with one call."""
    found = await stage.call("latest_positions", rooms=rooms)
    assert isinstance(found, Mapping), f"latest_positions gave {found!r}"
    return found


async def head_of(stage: Stage, room: str) -> Position:
    """Return the position of an existing room."""
    found = await positions(stage, room)
    assert room in found, f"latest_positions left out {room!r}, which is there"
    return found[room]
