"""Hooks for the audit: who did what to whom, and when. Optional."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from tornchat.hooks.specs.promise import one

if TYPE_CHECKING:
    from tornchat.model import AuditEntry


@one(role="audit", deadline=4.0, absent="not_provided")
def record_audit(entries: Sequence[AuditEntry]) -> Awaitable[None] | None:
    """Append the entries durably, in this order; each gets a higher `id` than all before it.

    An entry whose `key` was recorded before is left out, so that the core may repeat a call whose outcome it
    does not know. Nothing changes an entry afterwards, and only `prune_audit` deletes any.
    """


@one(role="audit", deadline=4.0, absent="not_provided")
def read_audit(
    before: int | None, limit: int, user_id: str | None, room: str | None
) -> Awaitable[Sequence[AuditEntry]] | Sequence[AuditEntry]:
    """Return at most `limit` entries, newest first, with an `id` below `before` if that is not None.

    With `user_id`, only those of which the user is the actor or the target; with `room`, only that room's.
    """


@one(role="audit", deadline=4.0, absent="not_provided")
def prune_audit(before_ms: int, limit: int) -> Awaitable[int] | int:
    """Delete at most `limit` of the oldest entries before `before_ms` (Unix ms); return their number."""
