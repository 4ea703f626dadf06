"""Storage hooks: rooms and their logs, written once per group commit and read from a position."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING

from tornchat.errors import NotStored
from tornchat.hooks.specs.accept import known_results
from tornchat.hooks.specs.promise import begun, one

if TYPE_CHECKING:
    from tornchat.marks import MarkSet
    from tornchat.model import (
        Changed,
        Draft,
        Entry,
        OpenMessage,
        Page,
        Position,
        RoomInfo,
        StoreResult,
        User,
    )


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
    from the room's is refused as `room_gone`, compared in the transaction that stores. So is a message with
    `spaced_ms` as `slow_mode`, with `retry_after`, if its sender has sent another one in the room, deleted or
    not, less than that before; a plugin without `set_slow_mode` may ignore it. A draft that can't be
    stored gives a `Refusal` and does not affect the others. A deletion (`Draft.empties`) also clears its
    target's text.

    A plugin with the attribute `changes = True` also stores other drafts that have a `target`. It compares
    and sets: in draft order, under a lock of the room, later drafts seeing earlier ones. If the target is no
    message or was deleted, the draft is refused as `not_found`; if `more.expects` is not None and not the
    target's revision, as `stale`, with the present `revision`. Else the target gets the draft's text,
    `more.meta` and `more.data`, as far as they are not empty, the next revision, `position`, and with a new
    text `edited_at`. The entry has the new revision. A client id is looked up before the target: what is
    compared is `Draft.digest`, which is kept with every draft that has `more`, and which a deletion clears,
    so that every repeat of the same kind and target matches then. A deletion also clears text, `meta` and
    `data` of all entries that acted on its target.

    Such a plugin also keeps the `kind` of messages, and what they say in `more`: `reply_to`, `thread`,
    `mentions`, `meta` and `data`. If
    `reply_to` or `thread` is no message of the room, or a deleted one, the draft is refused as `not_found`,
    and if the message at `thread` is in a thread itself, as `invalid_message`. A deletion leaves of them only
    `thread`.

    A draft with `more.mark` gives its sender these tokens of its kind on the target, in place of those that
    the sender had, and moves the target's `position`. The entry has `more.mark` with the difference and the
    counts, and the target's revision; the target's `more.marks` are what `Entry.after` makes of them. If the
    target would have more than `mark.most` different tokens of the kind, and `most` is not 0, a draft that
    adds one is refused as `too_many_marks`. A set that the sender has already is `repeated`, uses no `seq`
    and is not kept; its entry has the target's `position` as `seq`. Only its client id is kept, with this
    answer and the digest, since a repeat that comes after another mark must not undo it. A deletion removes
    all marks of its target, and what its entries have marked.

    A `Refusal` has one of the codes `room_gone`, `conflict`, `not_found`, `stale`, `too_many_marks`,
    `invalid_message`, `not_open`, `message_too_long` and `slow_mode` in the cases described here, or
    `rejected` with a reason for a draft that the storage can't hold. Its sender gets the code, and the reason
    or the default text of the code. A code that is not in `tornchat.errors.CODES` counts as a failure of the
    plugin.

    A plugin with the hook `read_open` also stores streamed messages. A message with the `more.status` "open"
    is open, one with another was closed before it was imported, and drafts with `more.offset` add their text
    to it: if it is as long as the offset says, in code points. If it has this piece there already, the draft
    is `repeated` and uses no `seq`, also after it was closed; its entry has the target's `position` as `seq`.
    Else the draft is refused as `stale`, with the present `length`, or as `not_open` if the target is not
    open. A message has at most `MOST_OPEN_BYTES` in UTF-8 and `MOST_APPENDS` pieces; what is beyond is
    refused as `message_too_long`. A draft with `more.status` closes an open message: it compares
    `more.expects`, unless that is None, with the length, gives it the draft's text, if that is not empty, the
    status, and its own `seq` as `closed`; and takes their text from its pieces, which may also lose client id
    and digest. Its entry has the message as `more.whole`, with the text, here and in `read_history`. An edit
    of an open message is refused as `still_open`; marks and deletions are as of others. The pieces are a part
    of the text wherever messages are read, but are cheap to add: the message is not written anew for each.

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
    between the two. The result reflects everything stored before the call. The page has entries of all
    kinds, messages in their present state.
    """


@one(role="history", deadline=4.0)
def read_messages(
    room: str, after: int | None, before: int | None, around: int | None, thread: int | None, limit: int
) -> Awaitable[Page | None] | Page | None:
    """Return at most `limit` messages in their present state, oldest first; None if there is no such room.

    `after` and `before` are as in `read_history`. With `around`, the page has the message at `around`, if
    there is one, between about as many older and newer ones, and the two are ignored. With `thread`, only
    messages in the thread of the message at `thread` are returned, without that message. Deleted messages are
    included, with an empty text. A message that has a thread tells it in `more.replies`, here and in the
    pages of `read_history`. The cost does not depend on how many other entries lie between the messages.
    Required of a plugin with `changes = True`; in its absence the core reads `read_history`.
    """


@one(role="history", deadline=4.0)
def read_changed(room: str, since: int, limit: int) -> Awaitable[Changed | None] | Changed | None:
    """Return what somebody who knows the log up to `since` must be told again; None if there is no such room.

    At most `limit` messages are returned, the oldest ones; `Changed` says which. Required of a plugin with
    `changes = True`.
    """


@one(role="history", deadline=4.0)
def read_marks(
    room: str, targets: Sequence[int], user_id: str | None, after: int, limit: int
) -> Awaitable[Sequence[MarkSet] | None] | Sequence[MarkSet] | None:
    """Return at most `limit` sets of tokens on the messages at `targets`; None if there is no such room.

    They are those that were set after the position `after`, in the order of their positions, of all kinds;
    only those of the user with the id `user_id`, unless that is None. Required of a plugin with
    `changes = True`.
    """


@one(role="history", deadline=4.0)
def find_stored(room: str, sender_id: str, client_id: str) -> Awaitable[Entry | None] | Entry | None:
    """Return the entry that this sender stored with this client id; None if there is none, or no such room.

    Its `more` has the `digest` that was kept with it, if one was. Required of a plugin with
    `changes = True`: the core asks before it refuses a draft, which may repeat one that was stored.
    """


@one(role="history", deadline=4.0)
def read_open(before_ms: int, limit: int) -> Awaitable[Sequence[OpenMessage]] | Sequence[OpenMessage]:
    """Return at most `limit` open messages of all rooms that have not grown since `before_ms` (Unix ms).

    Those that have not grown for longest come first; `grown_at` is the time of the last piece, or of the
    message. The core closes them. A plugin without this hook stores no streamed messages.
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
