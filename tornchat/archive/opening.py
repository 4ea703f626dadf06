"""The room that a history is imported into. It is never more public than the exported room was."""

from __future__ import annotations

import time

import msgspec

from tornchat.archive.state import OPERATOR, RoomState
from tornchat.errors import ChatError, SettingsError
from tornchat.hooks.calls import Hooks
from tornchat.model import GUEST_ID_PREFIX, RoomInfo

UNKNOWN = RoomState(private=True)
"""What is assumed of a room of which the file says nothing: it is for admins only."""


class Opening:
    """Opens the room of an import, or creates it with the state of the exported one."""

    def __init__(self, hooks: Hooks, default_room: str, public: bool) -> None:
        """Nobody becomes the owner of `default_room`. `public`: everybody may read what is imported."""
        self._hooks = hooks
        self._default_room = default_room
        self._public = public

    async def open(self, room: str, state: RoomState | None) -> None:
        """Open the room for an exported room with this `state`; None if the file does not tell it.

        An existing room keeps its owner, and stays private or public; its members and sanctions are added to
        only while its log is empty, as after an interrupted import. Raises `SettingsError` if the room can't
        be created, or is public and the exported one was not; and `Unavailable`.
        """
        wanted = UNKNOWN if state is None else state
        if self._public:
            wanted = msgspec.structs.replace(wanted, private=False)
        info = await self._hooks.open_room(room, OPERATOR, False, 0, None)
        if info is None:
            info = await self._created(room, wanted)
        if wanted.private and not info.private:
            raise SettingsError(
                f"The room {room!r} is public, and the exported one was not, or the file does not tell.",
                "Name another --room, or say --public if everybody may read the file.",
            )
        heads = await self._hooks.latest_positions([room])
        if room in heads and heads[room].seq == 0:
            await self._give(info, wanted)

    async def _created(self, room: str, state: RoomState) -> RoomInfo:
        owner = self._owner(room, state)
        try:
            if self._hooks.provides("create_room"):
                return await self._hooks.create_room(room, OPERATOR, state.private, 0, owner)
        except ChatError as error:
            raise SettingsError(f"The room {room!r} was not created: {error.text}", "Try again.") from None
        if state.private:
            raise SettingsError(
                "The storage plugin has no private rooms.", "Say --public if everybody may read the file."
            )
        info = await self._hooks.open_room(room, OPERATOR, True, 0, owner)
        if info is None:
            raise SettingsError(f"The room {room!r} could not be created.", "Try another --room.")
        return info

    def _owner(self, room: str, state: RoomState) -> str | None:
        """Return the owner of the new room. Guests own nothing, and nobody owns the default room."""
        owner = state.owner
        if owner is None or room == self._default_room or owner.startswith(GUEST_ID_PREFIX):
            return None
        return owner

    async def _give(self, info: RoomInfo, state: RoomState) -> None:
        """Give the members their roles, and set sanctions that have not ended, slow mode, title."""
        for member in state.members:
            if member.role != "owner" and member.user_id != info.owner:
                await self._hooks.set_member(info.name, member.user_id, member.role, 0, 0)
        for one in state.sanctions:
            if one.until > time.time():
                await self._hooks.set_sanction(msgspec.structs.replace(one, room=info.name), 0)
        if state.slow_seconds and self._hooks.provides("set_slow_mode"):
            await self._hooks.set_slow_mode(info.name, state.slow_seconds)
        if (state.title or state.topic) and self._hooks.provides("describe_room"):
            await self._hooks.describe_room(info.name, state.title, state.topic, None)
