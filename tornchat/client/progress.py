"""The position of a client in its room's log."""

from __future__ import annotations

from tornchat.client.events import Connected
from tornchat.model import Position


class Progress:
    """The position to resume from. `position` is None while it is unknown.

    A resume sends messages before the changes of earlier ones, so that the position moves when it is whole.
    A usual history has all messages in their present state, so that the position moves with each.
    """

    def __init__(self) -> None:
        self.position: Position | None = None
        self._epoch = ""
        self._live_after = 0

    def entered(self, welcome: Connected) -> None:
        """Process a welcome: keep the position if the room was resumed, else forget it."""
        self._epoch = welcome.epoch
        self._live_after = welcome.seq if welcome.recovered else 0
        if not welcome.recovered:
            self.position = None if welcome.seq else Position(welcome.epoch, 0)

    def reached(self, seq: int) -> None:
        """Record that the entry at `seq` has been received."""
        if seq > self._live_after:
            self.caught_up(seq)

    def caught_up(self, seq: int) -> None:
        """Record that all entries up to `seq` have been received."""
        if self.position is None or seq > self.position.seq:
            self.position = Position(self._epoch, seq)

    def lost(self) -> None:
        """Forget the position, which the server no longer knows."""
        self.position = None
