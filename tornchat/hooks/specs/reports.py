"""Hooks for reports of messages, which moderators look through. Optional."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from tornchat.hooks.specs.promise import one

if TYPE_CHECKING:
    from tornchat.model import Report, ReportState, User


@one(role="reports", deadline=4.0, absent="not_provided")
def store_report(report: Report) -> Awaitable[bool | None] | bool | None:
    """Store the report and return True; False if its reporter has reported this message before.

    Returns None if there is no message at `seq` in the room, or if it was deleted. When a message is deleted
    or pruned, its reports are deleted in the same transaction; those of a room are deleted with it.
    """


@one(role="reports", deadline=4.0, absent="not_provided")
def read_reports(
    user: User,
    room: str | None,
    state: ReportState | None,
    user_id: str | None,
    before: int | None,
    limit: int,
) -> Awaitable[Sequence[Report]] | Sequence[Report]:
    """Return at most `limit` reports, newest first, with an `id` below `before` if that is not None.

    Only those of rooms that are visible to `user`, by the rule of `list_rooms`; with `room`, only that
    room's; with `state`, only those in it; with `user_id`, only those by this user or of this user's
    messages. `sender_id`, `sender_username` and `text` are those of the message now.
    """


@one(role="reports", deadline=4.0, absent="not_provided")
def close_report(room: str, report_id: int, state: ReportState, closed_by: str) -> Awaitable[bool] | bool:
    """Set the state of the open report with this id in the room; return False if there is none."""
