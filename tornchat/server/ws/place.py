"""The place of one room on a connection for many rooms: the outlet of its session."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from tornchat.model import Position
from tornchat.service.session import Session
from tornchat.wire.rooms import RoomFrames


class SharedLine(Protocol):
    """The connection that a place is on."""

    def put(self, data: bytes) -> bool:
        """Gather frames; return True if more may follow at once."""

    async def writable(self) -> None:
        """Wait until all that was gathered has been sent. Raises `ConnectionError`."""

    def end_place(self, place: Place, code: int, reason: str) -> None:
        """End the session of this place, or the connection if the code concerns all of it."""


class Place:
    """One room on a connection: the outlet of its member, from the request to join until the end."""

    __slots__ = ("_frames", "_line", "counted", "early", "room", "session", "since")

    def __init__(self, line: SharedLine, room: str, frames: RoomFrames, since: Position | None) -> None:
        self._line: SharedLine | None = line
        self._frames = frames
        self.room = room
        self.since = since
        self.session: Session | None = None
        """None until the history has been sent."""
        self.early: deque[bytes] | None = deque()
        """Frames from the client that wait until it has joined; None from then on."""
        self.counted = False
        """Whether it counts among the user's sockets in this room."""

    @property
    def ended(self) -> bool:
        """True once nothing more is sent for this room."""
        return self._line is None

    def named(self, data: bytes) -> bytes:
        """Return frames of the room's stream with the room's name."""
        return self._frames.of(data)

    def vacate(self) -> None:
        """Send nothing more."""
        self._line = self.early = None

    # --- Outlet ---

    def send(self, data: bytes) -> bool:
        """See `Outlet`."""
        line = self._line
        return False if line is None else line.put(self._frames.of(data))

    async def drained(self) -> None:
        """See `Outlet`."""
        if self._line is not None:
            await self._line.writable()
        if self._line is None:
            raise ConnectionResetError("the session has ended")

    def end(self, code: int, reason: str) -> None:
        """See `Outlet`."""
        if self._line is not None:
            self._line.end_place(self, code, reason)
