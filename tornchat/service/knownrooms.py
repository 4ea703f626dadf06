"""Rooms in which code in the process says something, as they were last read."""

from __future__ import annotations

from collections import OrderedDict

from tornchat.model import RoomInfo
from tornchat.rooms.registry import Registry
from tornchat.service.access import Access, TrustedUser

MOST_ROOMS = 10_000


class KnownRooms:
    """Finds rooms for trusted users without asking storage for each message.

    A room may have been deleted, and created again, since it was read. Its epoch is in the draft, so that
    storage refuses it (`room_gone`); the caller then calls `find_again`.
    """

    def __init__(self, access: Access, rooms: Registry) -> None:
        self._access = access
        self._rooms = rooms
        self._found: OrderedDict[str, RoomInfo] = OrderedDict()

    async def find(self, user: TrustedUser, name: str) -> RoomInfo:
        """Return the room. Raises `ChatError` (`room_not_found`), `Unavailable`."""
        loaded = self._rooms.get(name)
        if loaded is not None:
            return loaded.info
        known = self._found.get(name)
        return self._keep(known or await self._access.see(user, name))

    async def find_again(self, user: TrustedUser, name: str) -> RoomInfo:
        """Return the room as it is stored. Raises `ChatError` (`room_not_found`), `Unavailable`."""
        self._found.pop(name, None)
        return self._keep(await self._access.exists(user, name))

    def _keep(self, info: RoomInfo) -> RoomInfo:
        self._found[info.name] = info
        self._found.move_to_end(info.name)
        if len(self._found) > MOST_ROOMS:
            self._found.popitem(last=False)
        return info
