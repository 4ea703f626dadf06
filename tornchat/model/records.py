"""What moderators read: the audit, and reports of messages."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from tornchat.model.rights import SITE

ReportState: TypeAlias = Literal["open", "resolved", "dismissed"]
"""What moderators have said of a report: nothing yet, that something was done, or that nothing had to be."""


class AuditEntry(msgspec.Struct, frozen=True):
    """That a user did something at `at` (Unix milliseconds). `actor` and `target` are user ids.

    `room` is `SITE` for what concerns the whole site. `key` is unlike that of every other entry; `id` is
    given by storage and rises.
    """

    key: str
    at: int
    actor: str
    action: str
    room: str = SITE
    target: str = ""
    detail: str = ""
    id: int = 0


class Report(msgspec.Struct, frozen=True):
    """That the user `reporter` reported the message at `seq` of a room, at `at` (Unix milliseconds).

    `closed_by` is the id of the moderator who resolved or dismissed it. What follows is not stored with the
    report: `id` is given by storage and rises; sender and text are those of the message when it is read.
    """

    room: str
    seq: int
    reporter: str
    reason: str
    at: int
    state: ReportState = "open"
    closed_by: str = ""
    id: int = 0
    sender_id: str = ""
    sender_username: str = ""
    text: str = ""
