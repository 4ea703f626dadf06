"""The data types of the core: users, messages, log entries, positions, rooms and sanctions.

All types are immutable and do no I/O. Times are Unix time: seconds where documented, else milliseconds
(`sent_at`). Text length is counted in characters (code points).
"""

from __future__ import annotations

from tornchat.model.consuming import ConsumerClaim, ConsumerState, Cursor, CursorMove, Unread
from tornchat.model.credentials import Cookies, Credentials, Fields, TokenSource
from tornchat.model.drafts import Draft, Refusal, Stored, StoreResult, digest_of
from tornchat.model.entries import (
    MOST_APPENDS,
    MOST_MENTIONS,
    MOST_OPEN_BYTES,
    PLAIN,
    Changed,
    Entry,
    KindName,
    Mentions,
    More,
    OpenMessage,
    Page,
    Position,
    Replies,
    Shape,
    Status,
)
from tornchat.model.faults import Fault
from tornchat.model.presence import PresenceChange, Roster
from tornchat.model.records import AuditEntry, Report, ReportState
from tornchat.model.rights import (
    SITE,
    Accepted,
    Action,
    Invite,
    Membership,
    Rights,
    Role,
    Sanction,
    SanctionKind,
    Standing,
)
from tornchat.model.rooms import (
    PRIVATE_ROOM,
    RoomDescription,
    RoomInfo,
    RoomKind,
    RoomPage,
    RoomSummary,
    logged_room,
)
from tornchat.model.searches import FoundMessage, FoundPlace, SearchTerms
from tornchat.model.users import (
    ADMIN,
    ERASED,
    GUEST,
    GUEST_ID_PREFIX,
    MODERATOR,
    KnownUser,
    Participant,
    User,
)

__all__ = [
    "ADMIN",
    "ERASED",
    "GUEST",
    "GUEST_ID_PREFIX",
    "MODERATOR",
    "MOST_APPENDS",
    "MOST_MENTIONS",
    "MOST_OPEN_BYTES",
    "PLAIN",
    "PRIVATE_ROOM",
    "SITE",
    "Accepted",
    "Action",
    "AuditEntry",
    "Changed",
    "ConsumerClaim",
    "ConsumerState",
    "Cookies",
    "Credentials",
    "Cursor",
    "CursorMove",
    "Draft",
    "Entry",
    "Fault",
    "Fields",
    "FoundMessage",
    "FoundPlace",
    "Invite",
    "KindName",
    "KnownUser",
    "Membership",
    "Mentions",
    "More",
    "OpenMessage",
    "Page",
    "Participant",
    "Position",
    "PresenceChange",
    "Refusal",
    "Replies",
    "Report",
    "ReportState",
    "Rights",
    "Role",
    "RoomDescription",
    "RoomInfo",
    "RoomKind",
    "RoomPage",
    "RoomSummary",
    "Roster",
    "Sanction",
    "SanctionKind",
    "SearchTerms",
    "Shape",
    "Standing",
    "Status",
    "StoreResult",
    "Stored",
    "TokenSource",
    "Unread",
    "User",
    "digest_of",
    "logged_room",
]
