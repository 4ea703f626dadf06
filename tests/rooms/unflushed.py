"""A flush queue whose rooms are flushed by the test, or not at all."""

from __future__ import annotations

from tornchat.rooms.room import Room


class Unflushed:
    """Takes rooms with frames to send and leaves them alone (`Flushes`)."""

    def add(self, room: Room) -> None:
        """Mark the room as queued."""
        room.queued = True
