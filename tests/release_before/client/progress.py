"""The position of a client in its room's log."""

from __future__ import annotations

from tests.release_before.client.events import Connected
from tornchat.model import Position


class Progress:
    """The position to resume from. `position` is None while it is unknown."""

    def __init__(self) -> None:
        self.position: Position | None = None
        self._epoch = ""

    def entered(self, welcome: Connected) -> None:
        """Process a welcome: keep the position if the room was resumed, else forget it."""
        self._epoch = welcome.epoch
        if not welcome.recovered:
            self.position = None if welcome.seq else Position(welcome.epoch, 0)

    def reached(self, seq: int) -> None:
        """Record that all entries up to `seq` have been received."""
        self.position = Position(self._epoch, seq)

    def lost(self) -> None:
        """Forget the position, which the server no longer knows."""
        self.position = None
