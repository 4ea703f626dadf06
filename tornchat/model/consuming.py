"""Positions of consumers of the log."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tornchat.model.entries import Page


class ConsumerClaim(msgspec.Struct, frozen=True):
    """A consumer that a node wants to serve, as storage knows it.

    `rooms` are the names of its rooms, or None for all rooms. `beginning` tells where it starts when it is
    new: at the oldest entries, or behind the newest ones.
    """

    name: str
    beginning: bool = False
    rooms: tuple[str, ...] | None = None


class Unread(msgspec.Struct, frozen=True):
    """Entries of a room that consumers have not taken.

    `positions` maps consumers to the `seq` up to which they have taken the room's log; the page begins
    behind the least of them.
    """

    room: str
    private: bool
    page: Page
    positions: Mapping[str, int]


class CursorMove(msgspec.Struct, frozen=True):
    """That a consumer whose cursor was at `before` has taken a room's log up to `seq`.

    With `error`, it has failed to: `seq` is `before`, and the words say why.
    """

    consumer: str
    room: str
    epoch: str
    before: int
    seq: int
    error: str = ""


class Cursor(msgspec.Struct, frozen=True):
    """How far a consumer has taken a room's log, whose head is `head_seq`.

    `error` says why it last failed there, "" after a success; `failed_at` is when (Unix seconds).
    """

    room: str
    seq: int
    head_seq: int
    error: str = ""
    failed_at: float = 0.0


class ConsumerState(msgspec.Struct, frozen=True):
    """A consumer in storage: the node that serves it until `until` (Unix seconds), and how far it is behind.

    `holder` is "" if no node serves it. `rooms` is the number of rooms with entries that it has not taken,
    and `entries` the number of these entries.
    """

    name: str
    holder: str
    until: float
    rooms: int
    entries: int
