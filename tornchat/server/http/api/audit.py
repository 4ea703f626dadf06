"""The call that reads the audit: who did what to whom, and when."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from tornchat.server.http.api.call import Call
from tornchat.server.http.api.endpoint import Endpoint
from tornchat.server.http.api.forms import MOST_SEQ, Input, Limit, Output, Timestamp, UserId, timestamp


class AuditQuery(Input, frozen=True):
    """Which part: entries with a lower id than `before`; of a user, as actor or target; of a room."""

    before: Annotated[int, Meta(ge=1, le=MOST_SEQ)] | None = None
    limit: Limit = 50
    user_id: UserId | None = None
    room: Annotated[str, Meta(max_length=1024)] | None = None


class AuditLine(Output, frozen=True):
    """Somebody did something. `room` is null for what concerns the whole site, `target` for no person."""

    id: int
    at: Timestamp
    actor: str
    action: str
    room: str | None
    target: str | None
    detail: str


class AuditPage(Output, frozen=True):
    """A part of the audit, newest first. `next` is what to give as `before` for the next one."""

    entries: list[AuditLine]
    next: int | None


async def read_audit(call: Call, query: AuditQuery) -> AuditPage:
    """Read who did what to whom, and when."""
    found = await call.chat.audit.read(call.user, query.before, query.limit, query.user_id, query.room)
    lines = [
        AuditLine(
            id=one.id,
            at=timestamp(one.at / 1000),
            actor=one.actor,
            action=one.action,
            room=one.room or None,
            target=one.target or None,
            detail=one.detail,
        )
        for one in found
    ]
    return AuditPage(entries=lines, next=lines[-1].id if len(lines) == query.limit else None)


ENDPOINTS = (Endpoint("GET", "/api/admin/audit", read_audit, "admin", problems=(501,)),)
