"""Where a client is in its room's log."""

from __future__ import annotations

from tornchat.client.events import Connected
from tornchat.model import Position


class Place:
    """What is resumed from; `position` is None as long as there is no telling."""

    def __init__(self) -> None:
        self.position: Position | None = None
        self._epoch = ""

    def entered(self, welcome: Connected) -> None:
        """The history that follows goes on where this is, or begins anew."""
        self._epoch = welcome.epoch
        if not welcome.recovered:
            self.position = None if welcome.seq else Position(welcome.epoch, 0)

    def reached(self, seq: int) -> None:
        """All up to `seq` has come."""
        self.position = Position(self._epoch, seq)

    def lost(self) -> None:
        """The server has lost it, so take a fresh history."""
        self.position = None
