"""A watched room, as a node knows it."""

from __future__ import annotations

from tornchat.cluster.heads import Head
from tornchat.service.visitors import Visitor
from tornchat.wire.rooms import RoomHead, encoded_head


class WatchedRoom:
    """A room that somebody on this node watches."""

    __slots__ = ("_encoded", "_head", "doubts", "public", "watchers")

    def __init__(self) -> None:
        self.watchers: set[Visitor] = set()
        self._head: Head | None = None
        self._encoded = b""
        self.public = False
        """True if everybody may see the log with the epoch of `head`."""
        self.doubts = 0
        """How often it became doubtful whether everybody may."""

    @property
    def head(self) -> Head | None:
        """The newest head known; None before it was read."""
        return self._head

    @head.setter
    def head(self, head: Head) -> None:
        self._head, self._encoded = head, b""

    def told(self, name: str) -> bytes:
        """Return the head as all watchers are told it; empty as long as it or its number is not known."""
        head = self._head
        if not self._encoded and head is not None and head.number is not None:
            self._encoded = encoded_head(RoomHead(name, head.epoch, head.seq, head.number))
        return self._encoded
