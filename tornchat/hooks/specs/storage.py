"""Storage hooks: rooms and their logs, written once per group commit and read from a position."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING

from tornchat.errors import NotStored
from tornchat.hooks.specs.accept import known_results
from tornchat.hooks.specs.promise import begun, one

if TYPE_CHECKING:
    from tornchat.model import Draft, Page, Position, RoomInfo, StoreResult, User


@one(role="storage", required=True, deadline=4.0)
def open_room(
    name: str, user: User, create: bool, owned_limit: int, owner: str | None
) -> Awaitable[RoomInfo | None] | RoomInfo | None:
    """Return the room; if it does not exist and `create` is true, create it.

    A new room has a new `epoch`; the user with the id `owner` owns it, or nobody if that is None. A room is
    created only if that user owns fewer than `owned_limit` rooms (0: no limit). Returns None if the room does
    not exist and may not be created, or is not visible to `user`. Two concurrent calls for the same new name
    return the same room.
    """


@one(role="storage", deadline=4.0, absent="nothing")
def renew_epoch(room: str, epoch: str) -> Awaitable[None] | None:
    """Assign a new epoch to the room if its epoch is still `epoch`.

    Called when the head of the log is behind the entries that members have received, for example after an
    old backup was restored: no client may resume from a position that no longer exists. Optional.
    """


@begun(role="storage", required=True, deadline=4.0, raises=(NotStored,), accept=known_results)
def store_messages(
    drafts: Sequence[Draft],
) -> Awaitable[Sequence[StoreResult]] | Sequence[StoreResult]:
    """Store the drafts durably and return one result per draft, in the order of the drafts.

    There is one call per group commit, with drafts of many rooms; the core does not start another call
    before the previous one has ended. The plugin guarantees that `seq` is gapless per room and increases in
    draft order, and that an entry returned as `Stored` survives a crash. A repeated
    `(room, sender_id, client_id)`, also within one batch, returns the first entry (`repeated`) and uses no
    `seq`; with a different text it is refused as `conflict`. A draft whose `epoch` is not empty and differs
    from the room's is refused as `room_gone`, compared in the transaction that stores. A draft that can't be
    stored gives a `Refusal` and does not affect the others. A deletion also clears its target's text.

    Raises `NotStored` if it is certain that nothing was or will be stored. Any other exception means that
    the outcome is unknown, and the core looks the drafts up by `draft_id`. A call must therefore not end
    before its outcome is final, however long that takes. It is never cancelled while the chat runs.
    """


@one(role="history", required=True, deadline=4.0)
def read_history(
    room: str, after: int | None, before: int | None, limit: int
) -> Awaitable[Page | None] | Page | None:
    """Return at most `limit` entries, oldest first; None if there is no such room.

    With `after`, the page has the oldest entries with a higher `seq`. With `before`, it has the newest
    entries with a lower `seq`. With neither, it has the newest entries; with both, the oldest entries
    between the two. The result reflects everything stored before the call.
    """


@one(role="history", required=True, deadline=4.0)
def latest_positions(
    rooms: Sequence[str],
) -> Awaitable[Mapping[str, Position]] | Mapping[str, Position]:
    """Return the position of the head of each room's log; rooms that do not exist are left out.

    If entries were pruned, `first_seq` is the oldest entry left, so that nodes stop showing pruned entries.
    """


@one(role="pruning", deadline=4.0)
def prune_history(
    room: str | None, before_ms: int, limit: int, unread_before_ms: int | None
) -> Awaitable[int] | int:
    """Delete at most `limit` of the oldest entries sent before `before_ms`; return how many were deleted.

    `before_ms` is Unix time in milliseconds. Entries are deleted from the log of `room`, or from any log if
    `room` is None. The plugin guarantees that only a prefix of a log is deleted, ending before the first
    entry that is not older than `before_ms`, so that no gap appears inside the log; that `first_seq` advances
    atomically with the deletion while `head_seq` and the epoch stay unchanged; and that the text of deleted
    entries can't be read afterwards. 0 means that nothing is left to delete, or that there is no such room.
    Entries that a consumer has not taken are only deleted if they were sent before `unread_before_ms`, unless
    that is None; consumers that no node has served for as long as lies between the two times do not count.
    Several nodes may call it at the same time. The core keeps `limit` small, so that stores do not wait long.
    Optional; `tornchat history prune` and `[history] keep_days` require it.
    """
