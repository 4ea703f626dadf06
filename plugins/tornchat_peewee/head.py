"""The head of a room's log within a transaction that appends to it."""

from __future__ import annotations


class Head:
    """The head of a room's log. `stored` is the `seq` at the start of the transaction.

    `acts` is the number of entries that acted on messages.
    """

    __slots__ = ("acts", "epoch", "room", "seq", "stored")

    def __init__(self, room: int, epoch: str, seq: int, acts: int) -> None:
        self.room = room
        self.epoch = epoch
        self.seq = seq
        self.stored = seq
        self.acts = acts
