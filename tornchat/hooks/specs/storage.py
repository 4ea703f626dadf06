"""The rooms and their logs: written once per commit, read from a position."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING

from tornchat.hooks.specs.promise import hookspec

if TYPE_CHECKING:
    from tornchat.model import Draft, Page, Position, RoomInfo, StoreResult, User


@hookspec("one", role="storage", required=True, deadline=4.0)
def open_room(
    name: str, user: User, create: bool, owned_limit: int
) -> Awaitable[RoomInfo | None] | RoomInfo | None:
    """Find the room, or create it if `create` and `user` owns fewer than `owned_limit` rooms (0: no limit).

    None: it is not there and may not be created, or is not for this user. Two calls at once for one new
    name give the same room. A new room draws a new `epoch`; its creator is its owner.
    """


@hookspec("one", role="storage", deadline=4.0)
def renew_epoch(room: str, epoch: str) -> Awaitable[None] | None:
    """Draw a new epoch for the room if it is still at `epoch`.

    Called when the head of its log was found behind what members were shown, as after the restore of an
    old backup: nobody may resume from a place in the log that is gone. Optional.
    """


@hookspec("one", role="storage", required=True, deadline=4.0)
def store_messages(
    drafts: Sequence[Draft],
) -> Awaitable[Sequence[StoreResult]] | Sequence[StoreResult]:
    """Put the drafts on disk, and give one result per draft, in the drafts' order.

    One call per group commit, with drafts of many rooms; the core starts no second call before the
    first one has ended. Promises: `seq` is gapless per room and rises in draft order; what is
    returned as `Stored` survives a crash. The same `(room, sender_id, client_id)`, also twice in one
    batch, gives the first entry back (`repeated`) and uses no `seq`; with another text it is
    refused as `conflict`. A draft whose `epoch` is not empty and not the room's is refused as `room_gone`:
    compare it in the transaction that stores. A draft that can't be stored is a `Refusal` and does not
    harm the others.
    A deletion also blanks its target's text. Raise `NotStored` when it is sure that nothing was
    stored; any other exception means "unknown", and the core looks the drafts up by `draft_id`. So a call
    ends when what it did can't change any more, however long that takes. It is never cancelled while
    the chat runs.
    """


@hookspec("one", role="history", required=True, deadline=4.0)
def read_history(
    room: str, after: int | None, before: int | None, limit: int
) -> Awaitable[Page | None] | Page | None:
    """Read at most `limit` entries, always oldest first; None if there is no such room.

    `after`: the oldest ones with a higher `seq`. `before`: the newest ones with a lower `seq`.
    Neither: the newest. Both: the oldest between them. Sees everything that was stored before the call.
    """


@hookspec("one", role="history", required=True, deadline=4.0)
def latest_positions(
    rooms: Sequence[str],
) -> Awaitable[Mapping[str, Position]] | Mapping[str, Position]:
    """Give the head of each room's log, in one go; a room that is not there is left out.

    Where entries are pruned, `first_seq` says what is left of the log, so that nobody is shown the rest.
    """


@hookspec("one", role="pruning", deadline=4.0)
def prune_history(room: str | None, before_ms: int, limit: int) -> Awaitable[int] | int:
    """Forget at most `limit` of the oldest entries that are from before `before_ms`; say how many it were.

    Of this room's log, or, if `room` is None, of any. Promises: what is forgotten is the log's beginning, up
    to the first entry that is not from before `before_ms`, so that a hole is nowhere else; `first_seq`
    moves past it in the same instant, and `head_seq` and the epoch stay; afterwards no text of it can be
    read. 0 says that nothing is left to forget, or that there is no such room. Several nodes may call it
    at once. `limit` is kept small, so that messages don't wait for it long. Optional; `tornchat history
    prune` and `[history] keep_days` need it.
    """
