"""What users signal in a room, which is told and not kept: that they are typing, and how far they have read.

Signals are for the members at the head of the room's stream. They are hints, which nobody is told again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tornchat.cluster.sanctions import Sanctions
from tornchat.cluster.userevents import Typing
from tornchat.config.sections import RoomsSection
from tornchat.markers import Marker
from tornchat.rooms.registry import Registry
from tornchat.rooms.room import Room
from tornchat.service.session import Session
from tornchat.wire import signals

TYPING_SECONDS = 3.0
"""Minimum interval between two signals of a user that it is typing in a room; others are ignored."""


class Signals:
    """The signals of the users on this node. `tell` must be called once a second."""

    def __init__(
        self,
        rooms: Registry,
        sanctions: Sanctions,
        settings: RoomsSection,
        publish: Callable[[Typing], None],
    ) -> None:
        """`publish` tells the other nodes who is typing."""
        self._rooms = rooms
        self._sanctions = sanctions
        self._typing_limit = settings.typing_limit
        self._receipts_limit = settings.receipts_limit
        self._publish = publish
        self._now = asyncio.get_running_loop().time
        self._typed: dict[tuple[str, str], float] = {}
        """Room and user -> when the user was last shown as typing there."""
        self._read: dict[tuple[str, str], Marker] = {}

    def typing(self, session: Session, asked: signals.Typing) -> None:
        """Show that a session's user is typing, unless the user was shown just now, or is muted."""
        room, user_id = session.room, session.user.id
        key, now = (room.info.name, user_id), self._now()
        if now - self._typed.get(key, -TYPING_SECONDS) < TYPING_SECONDS or not self._shows(room, user_id):
            return
        if self._sanctions.mutes and self._sanctions.muted_for(room.info.name, session.user):
            return
        self._typed[key] = now
        self._show(room, user_id, asked.thread)
        self._publish(Typing(room.info.name, user_id, asked.thread))

    def heard(self, event: Typing) -> None:
        """Show that a user of another node is typing."""
        room = self._rooms.get(event.room)
        if room is not None and self._shows(room, event.user_id):
            self._show(room, event.user_id, event.thread)

    def _shows(self, room: Room, user_id: str) -> bool:
        return len(room.roster) <= self._typing_limit and user_id in room.roster

    @staticmethod
    def _show(room: Room, user_id: str, thread: int | None) -> None:
        room.signal(signals.framed(signals.UserTyping(user_id, thread)))

    def read(self, marker: Marker) -> None:
        """Note that a user's marker has moved, for the others in the room if it is small enough."""
        if self._receipts_limit:
            self._read[marker.room, marker.user_id] = marker

    def tell(self) -> None:
        """Tell the members of small rooms how far users have read since the last call."""
        now = self._now()
        self._typed = {key: at for key, at in self._typed.items() if now - at < TYPING_SECONDS}
        read, self._read = self._read, {}
        for marker in read.values():
            room = self._rooms.get(marker.room)
            if room is None or room.info.epoch != marker.epoch or marker.user_id not in room.roster:
                continue
            if len(room.roster) <= self._receipts_limit:
                room.signal(signals.framed(signals.ReadState(marker.user_id, marker.seq)))
