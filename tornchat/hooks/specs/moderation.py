"""Hooks for sanctions of users, in one room or on the whole site. Optional."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from tornchat.errors import ChatError
from tornchat.hooks.specs.promise import one

if TYPE_CHECKING:
    from tornchat.model import Sanction, SanctionKind


@one(role="moderation", deadline=4.0, absent="not_provided")
def read_sanctions(rooms: Sequence[str]) -> Awaitable[Sequence[Sanction]] | Sequence[Sanction]:
    """Return the sanctions of these rooms that have not expired, in any order.

    The empty name stands for the sanctions of the whole site; they do not count as those of a room. The
    result reflects every change made before the call, on any node. Each node calls this hook for the
    rooms it has in use, every few seconds and whenever another node reports a change.
    """


@one(role="moderation", deadline=4.0, raises=(ChatError,), absent="not_provided")
def set_sanction(sanction: Sanction, limit: int) -> Awaitable[bool] | bool:
    """Store the sanction with all its fields, replacing the user's sanction of the same kind in this room.

    A sanction whose room is "" holds for the whole site. Returns False if there is no such room. Raises
    `Rejected` with the code `too_many_sanctions` if `limit` other users have one of this kind in force there
    (0: no limit). That is compared in the transaction that stores, since other nodes store, too.
    """


@one(role="moderation", deadline=4.0, absent="not_provided")
def lift_sanction(room: str, user_id: str, kind: SanctionKind) -> Awaitable[bool] | bool:
    """End the user's sanction of this kind in the room; return False if there was none in force."""
