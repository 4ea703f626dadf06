"""Calls about reports of messages: reporting one, and the queue of the moderators."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from tornchat.model import Report as StoredReport
from tornchat.model import ReportState
from tornchat.server.http.api.call import Call
from tornchat.server.http.api.endpoint import Endpoint
from tornchat.server.http.api.forms import (
    MOST_SEQ,
    Input,
    Limit,
    Output,
    RoomName,
    RoomPath,
    Seq,
    Timestamp,
    timestamp,
)
from tornchat.server.http.api.messageforms import MessagePath
from tornchat.service.reports import MOST_REASON_CHARS, ReportPage


class NewReport(Input, frozen=True):
    """Why the message is reported, for the moderators. No NUL characters."""

    reason: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=MOST_REASON_CHARS,
            pattern="^[^\\x00]*[^\\x00\\s][^\\x00]*$",
            examples=["It is spam."],
        ),
    ]


class ReportPath(RoomPath, frozen=True):
    """The path of a report."""

    report_id: Annotated[int, Meta(ge=1, le=MOST_SEQ)]


class ReportsQuery(Input, frozen=True):
    """Selects reports in a state, with a lower id than `before`."""

    state: ReportState = "open"
    before: Annotated[int, Meta(ge=1, le=MOST_SEQ)] | None = None
    limit: Limit = 50


class Closing(Input, frozen=True):
    """What becomes of the report: something was done, or nothing had to be."""

    state: Literal["resolved", "dismissed"]


class Report(Output, frozen=True):
    """The report of a message, with the message as it is now. `closed_by` is null while it is open."""

    id: int
    room: RoomName
    seq: Seq
    reporter: str
    reason: str
    timestamp: Timestamp
    state: ReportState
    closed_by: str | None
    sender_id: str
    sender_username: str
    message: str

    @classmethod
    def of(cls, report: StoredReport) -> Report:
        """Convert a report of the chat."""
        return cls(
            id=report.id,
            room=report.room,
            seq=report.seq,
            reporter=report.reporter,
            reason=report.reason,
            timestamp=timestamp(report.at / 1000),
            state=report.state,
            closed_by=report.closed_by or None,
            sender_id=report.sender_id,
            sender_username=report.sender_username,
            message=report.text,
        )


class ReportList(Output, frozen=True):
    """A part of the reports, newest first. `next` is the value of `before` for the next part."""

    reports: list[Report]
    next: int | None

    @classmethod
    def of(cls, page: ReportPage) -> ReportList:
        """Convert a page of the chat."""
        return cls(reports=[Report.of(one) for one in page.reports], next=page.next)


async def report_message(call: Call, path: MessagePath, body: NewReport) -> None:
    """Report a message to the moderators of the room. A further report of the same message is ignored."""
    await call.chat.reports.report(call.user, path.room, path.seq, body.reason)


async def list_reports(call: Call, path: RoomPath, query: ReportsQuery) -> ReportList:
    """List the reports of a room's messages. For its moderators."""
    reports = call.chat.reports
    return ReportList.of(await reports.read(call.user, path.room, query.state, query.before, query.limit))


async def close_report(call: Call, path: ReportPath, body: Closing) -> None:
    """Resolve or dismiss an open report. For the room's moderators."""
    await call.chat.reports.close(call.user, path.room, path.report_id, body.state)


async def list_all_reports(call: Call, query: ReportsQuery) -> ReportList:
    """List the reports of all rooms that the caller can see. For admins and site moderators.

    A part may have fewer than `limit` reports while `next` is not null.
    """
    reports = call.chat.reports
    return ReportList.of(await reports.read_all(call.user, query.state, query.before, query.limit))


_REPORTS = "/api/rooms/{room}/reports"
ENDPOINTS = (
    Endpoint("POST", "/api/rooms/{room}/messages/{seq}/reports", report_message, status=204, problems=(501,)),
    Endpoint("GET", _REPORTS, list_reports, "moderator", problems=(501,)),
    Endpoint("PUT", _REPORTS + "/{report_id}", close_report, "moderator", status=204, problems=(501,)),
    Endpoint("GET", "/api/admin/reports", list_all_reports, "moderator", problems=(501,)),
)
