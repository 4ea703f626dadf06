"""Who may not be in a room, or not speak there, and until when. A chat may do without it."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from tornchat.hooks.specs.promise import hookspec

if TYPE_CHECKING:
    from tornchat.model import Sanction, SanctionKind


@hookspec("one", role="moderation", deadline=4.0)
def read_sanctions(rooms: Sequence[str]) -> Awaitable[Sequence[Sanction]] | Sequence[Sanction]:
    """Give the sanctions of these rooms that have not ended, in one go and in any order.

    Sees everything that was set or lifted before the call, on any node. Every node asks it for the rooms
    that it has in use, every few seconds and whenever another node says that something has changed.
    """


@hookspec("one", role="moderation", deadline=4.0)
def set_sanction(sanction: Sanction) -> Awaitable[bool] | bool:
    """Keep the sanction, in place of the user's one of the same kind in this room; False: no such room."""


@hookspec("one", role="moderation", deadline=4.0)
def lift_sanction(room: str, user_id: str, kind: SanctionKind) -> Awaitable[bool] | bool:
    """End the user's sanction of this kind in the room; False if there was none that had not ended."""
