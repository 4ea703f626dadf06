"""The head of a room's log within a transaction that appends to it."""

from __future__ import annotations


class Head:
    """The head of a room's log. `stored` is the `seq` at the start of the transaction.

    `has_acts` tells whether there were entries that act on messages.
    """

    __slots__ = ("epoch", "has_acts", "room", "seq", "stored")

    def __init__(self, room: int, epoch: str, seq: int, has_acts: bool) -> None:
        self.has_acts = has_acts
        self.room = room
        self.epoch = epoch
        self.seq = seq
        self.stored = seq
