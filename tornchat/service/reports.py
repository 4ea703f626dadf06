"""Reports of messages: users report what moderators should see, and moderators look through the queue.

Every method raises `ChatError` on refusal and `Unavailable` if a plugin fails.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.hooks.words import is_encodable
from tornchat.model import Report, ReportState, User
from tornchat.service.access import Access, require_on_site
from tornchat.service.audit import Audit
from tornchat.service.pace import Pace
from tornchat.service.reading import message_at

MOST_REPORTS = 200
"""Reports on one page."""
MOST_REASON_CHARS = 500


class ReportPage(NamedTuple):
    """Reports, newest first. `next` is the id to continue before; None at the end."""

    reports: tuple[Report, ...]
    next: int | None


class Reports:
    """Takes reports, and shows them to the moderators of their rooms."""

    def __init__(self, hooks: Hooks, access: Access, audit: Audit, pace: Pace) -> None:
        self._hooks = hooks
        self._access = access
        self._audit = audit
        self._pace = pace

    async def report(self, user: User, room: str, seq: int, reason: str) -> None:
        """Report a message of a room that the user can see. Each user's first report of it counts.

        Raises `invalid_message` for a reason that is blank or longer than `MOST_REASON_CHARS`, `not_found` if
        there is no such message or it was deleted, `rate_limited`.
        """
        if not _is_reason(reason):
            raise ChatError(
                "invalid_message", f"A reason has 1 to {MOST_REASON_CHARS} characters of Unicode."
            )
        place = await self._access.require(user, room, "report message")
        self._pace.report(user)
        entry = await message_at(self._hooks, room, seq)
        added = await self._hooks.store_report(Report(room, seq, user.id, reason, int(time.time() * 1000)))
        if added is None:
            raise ChatError("not_found", "There is no such message.")
        if added:
            await self._audit.record(user, "report message", place.room, entry.sender_id, f"message {seq}")

    async def read(
        self, user: User, room: str, state: ReportState | None, before: int | None = None, limit: int = 50
    ) -> ReportPage:
        """Return reports of the room's messages. For its moderators."""
        await self._access.require(user, room, "read reports")
        return await self._page(user, room, state, before, limit)

    async def read_all(
        self, user: User, state: ReportState | None, before: int | None = None, limit: int = 50
    ) -> ReportPage:
        """Return reports of all rooms that the user can see. For admins and site moderators.

        A page may have fewer than `limit` reports and a `next` nevertheless.
        """
        require_on_site(user, "read all reports")
        page = await self._page(user, None, state, before, limit)
        seen = await self._access.open_to(user, list({one.room for one in page.reports}))
        return page._replace(reports=tuple(one for one in page.reports if one.room in seen))

    async def _page(
        self, user: User, room: str | None, state: ReportState | None, before: int | None, limit: int
    ) -> ReportPage:
        limit = min(max(limit, 1), MOST_REPORTS)
        found = await self._hooks.read_reports(user, room, state, None, before, limit)
        return ReportPage(tuple(found), found[-1].id if len(found) == limit else None)

    async def close(self, user: User, room: str, report_id: int, state: ReportState) -> None:
        """Resolve or dismiss an open report. For the room's moderators. Raises `not_found`."""
        place = await self._access.require(user, room, "close report")
        if state == "open":
            raise ChatError("invalid_message", "A report is resolved or dismissed.")
        if not await self._hooks.close_report(room, report_id, state, user.id):
            raise ChatError("not_found", "There is no such open report in this room.")
        action = "resolve report" if state == "resolved" else "dismiss report"
        await self._audit.record(user, action, place.room, detail=f"report {report_id}")


def _is_reason(text: str) -> bool:
    """Return whether every storage can hold the text: no NUL, no lone surrogates."""
    return (
        0 < len(text) <= MOST_REASON_CHARS and bool(text.strip()) and "\0" not in text and is_encodable(text)
    )
