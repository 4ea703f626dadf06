"""Hooks of durable consumers: who declares them, and the storage of their cursors. Optional."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING

from tornchat.hooks.consumer import Consumer
from tornchat.hooks.specs.promise import collect_now, one

if TYPE_CHECKING:
    from tornchat.model import ConsumerClaim, ConsumerState, Cursor, CursorMove, Unread


@collect_now(role="consumer")
def consumers() -> Sequence[Consumer]:
    """Return the plugin's durable consumers. A plain function.

    Called once, before `startup`. A consumer's `take` is called between `startup` and `shutdown` only. The
    server does not start if the call fails, if two consumers have one name, or if no loaded plugin stores
    cursors.

    `take(batch)` gets entries of one room in the order of its log, each at least once, on one node at a time.
    When it returns, the cursor moves; when it raises, or does not return within `deadline` seconds, it gets
    the same entries again later, perhaps with more behind them. `batch.key(entry)` is the same whenever an
    entry comes: with it as the `id` of what it says, a bot answers once.

    `rooms` are names of rooms, or "*" for all, also private ones. `kinds` are "message", "edit", "deletion",
    "reaction" and the kinds of plugins, or "*" for all. What a message is when it is taken is its present
    state: its text is "" if it was deleted meanwhile. An entry with a `target` acts on the message there.

    A consumer whose name is new begins with what is said from `start` on: "now", or "beginning" for the
    oldest stored entries. Whoever changes the name begins anew.
    """


@one(role="cursors", deadline=4.0, absent="not_provided")
def hold_consumers(
    holder: str, claims: Sequence[ConsumerClaim], seconds: float
) -> Awaitable[Sequence[str]] | Sequence[str]:
    """Lease the consumers to the node `holder` for `seconds` from now; return the names of those it has.

    A consumer that is leased to another node stays with it until that lease ends; one that is leased to
    `holder` already gets a new end. 0 seconds end a lease. At most one node holds a consumer at any time,
    whatever the clocks of the nodes say.

    A consumer that is new is stored. If it begins at the beginning, nothing is read by it; else everything
    that is stored by now is. Rooms that are created later begin at their first entry. If the rooms of a
    consumer are others than in the call before, the added rooms begin as those of a new consumer do, and the
    cursors of the other rooms are deleted.
    """


@one(role="cursors", deadline=4.0, absent="not_provided")
def find_unread(
    consumers: Sequence[str], after: str | None, limit: int
) -> Awaitable[Sequence[str]] | Sequence[str]:
    """Return the names of at most `limit` rooms with entries behind the cursor of one of the consumers.

    Sorted by code points, starting after `after`. One query, however many rooms there are. The result
    reflects everything stored before the call; a consumer has no cursor in rooms that are not its own.
    """


@one(role="cursors", deadline=4.0, absent="not_provided")
def read_unread(
    wanted: Mapping[str, Sequence[str]], limit: int
) -> Awaitable[Sequence[Unread]] | Sequence[Unread]:
    """Return the oldest entries behind the cursors of these consumers, by room: `wanted` is room -> names.

    Each page has at most `limit` entries and begins behind the least of its `positions`; these are the
    consumers for which it has at least one entry. A room has several pages if cursors are far apart, and none
    if there is nothing to take. What was pruned before it was taken is left out.
    """


@one(role="cursors", deadline=4.0, absent="not_provided")
def move_cursors(holder: str, moves: Sequence[CursorMove]) -> Awaitable[None] | None:
    """Move the cursors durably, all in one transaction, and keep the errors.

    A move is left out if `holder` does not hold the consumer any more, if the cursor is not at `before`, or
    if the room's epoch is another one.
    """


@one(role="cursors", deadline=4.0, absent="not_provided")
def read_consumers() -> Awaitable[Sequence[ConsumerState]] | Sequence[ConsumerState]:
    """Return all stored consumers, sorted by name, also those that no plugin declares any more."""


@one(role="cursors", deadline=4.0, absent="not_provided")
def read_cursors(
    consumer: str, after: str | None, limit: int
) -> Awaitable[Sequence[Cursor]] | Sequence[Cursor]:
    """Return the consumer's cursors in at most `limit` rooms, sorted by room, starting after `after`.

    Only those of rooms with entries behind them.
    """


@one(role="cursors", deadline=10.0, absent="not_provided")
def set_cursors(consumer: str, room: str | None, seq: int | None) -> Awaitable[int] | int:
    """Set the consumer's cursor in the room, or in all its rooms; return the number of rooms.

    The consumer takes the entries with a higher `seq` next; None is the head of each log. A batch that is
    being taken does not move a cursor that was set meanwhile.
    """
