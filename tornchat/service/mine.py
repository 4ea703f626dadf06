"""What is a user's own: the rooms with what is not read yet, and the inbox of mentions.

Rights are looked at when it is read. Methods raise `ChatError` on refusal and `Unavailable` after failures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tornchat.hooks.calls import Hooks
from tornchat.markers import InboxEntry, ReadRoom
from tornchat.model import User
from tornchat.service.access import Access
from tornchat.service.markers import Markers

MOST_READS = 10
"""Calls of `read_inbox` for one page, of which entries may be left out that are not for the user now."""


class MyRooms(NamedTuple):
    """A page of a user's rooms. `next` is the name to continue after; None at the end."""

    rooms: Sequence[ReadRoom]
    next: str | None


class Inbox(NamedTuple):
    """A page of an inbox, newest first. `next` is the id to continue before; None at the end."""

    entries: Sequence[InboxEntry]
    next: int | None


class Mine:
    """What users are told of themselves."""

    def __init__(self, hooks: Hooks, access: Access, markers: Markers) -> None:
        self._hooks = hooks
        self._access = access
        self._markers = markers

    async def rooms(self, user: User, after: str | None, limit: int) -> MyRooms:
        """Return the rooms in which the user has a role or a marker, sorted by name.

        A page may have fewer than `limit` rooms while `next` is not None.
        """
        await self._markers.settle(user.id)
        found = await self._hooks.read_rooms_of(user.id, after, limit)
        seen = await self._access.watchable(user, [room.name for room in found])
        last = found[-1].name if len(found) == limit else None
        return MyRooms([room for room in found if room.name in seen], last)

    async def inbox(self, user: User, before: int | None, limit: int) -> Inbox:
        """Return the messages that mention the user, in rooms that the user may join.

        A page may have fewer than `limit` entries while `next` is not None.
        """
        found: dict[tuple[str, int], InboxEntry] = {}
        for _ in range(MOST_READS):
            part = await self._hooks.read_inbox(user.id, before, limit - len(found))
            full = len(part) == limit - len(found)
            seen = await self._access.open_to(user, list({entry.room for entry in part}))
            for entry in part:
                if entry.room in seen:
                    found.setdefault((entry.room, entry.seq), entry)
            before = part[-1].id if full else None
            if not full or len(found) == limit:
                break
        visible = await self._access.watchable(user, list({entry.room for entry in found.values()}))
        return Inbox([entry for entry in found.values() if entry.room in visible], before)
