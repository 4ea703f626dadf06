"""tornchat: the public API for plugins and for applications that mount a chat.

    from tornchat import ChatApp              # mount it into a Tornado application
    from tornchat import hookimpl, User       # write a plugin

Each name is imported on first use. A plugin, which does not use `ChatApp`, does not import Tornado.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tornchat.app import ChatApp as ChatApp
    from tornchat.errors import ChatError, NotStored, PositionLost, Rejected, SettingsError, Unavailable
    from tornchat.hooks.consumer import Batch, Consumer
    from tornchat.hooks.specs import Actions, ChatHandle, hookimpl
    from tornchat.kinds import Changes, EntryKind
    from tornchat.markers import PRESENT, InboxEntry, Marker, ReadRoom, ReadState
    from tornchat.marks import Mark, MarkChange, MarkSet, Tally
    from tornchat.model import (
        ERASED,
        MOST_APPENDS,
        MOST_OPEN_BYTES,
        SITE,
        Accepted,
        AuditEntry,
        Changed,
        ConsumerClaim,
        ConsumerState,
        Credentials,
        Cursor,
        CursorMove,
        Draft,
        Entry,
        Fault,
        FoundMessage,
        FoundPlace,
        Invite,
        KnownUser,
        Membership,
        Mentions,
        More,
        OpenMessage,
        Page,
        Participant,
        Position,
        PresenceChange,
        Refusal,
        Replies,
        Report,
        ReportState,
        Role,
        RoomDescription,
        RoomInfo,
        RoomPage,
        RoomSummary,
        Roster,
        Sanction,
        SanctionKind,
        SearchTerms,
        Stored,
        StoreResult,
        Unread,
        User,
        digest_of,
    )
    from tornchat.version import __version__ as __version__

__all__ = [
    "ERASED",
    "MOST_APPENDS",
    "MOST_OPEN_BYTES",
    "PRESENT",
    "SITE",
    "Accepted",
    "Actions",
    "AuditEntry",
    "Batch",
    "Changed",
    "Changes",
    "ChatApp",
    "ChatError",
    "ChatHandle",
    "Consumer",
    "ConsumerClaim",
    "ConsumerState",
    "Credentials",
    "Cursor",
    "CursorMove",
    "Draft",
    "Entry",
    "EntryKind",
    "Fault",
    "FoundMessage",
    "FoundPlace",
    "InboxEntry",
    "Invite",
    "KnownUser",
    "Mark",
    "MarkChange",
    "MarkSet",
    "Marker",
    "Membership",
    "Mentions",
    "More",
    "NotStored",
    "OpenMessage",
    "Page",
    "Participant",
    "Position",
    "PositionLost",
    "PresenceChange",
    "ReadRoom",
    "ReadState",
    "Refusal",
    "Rejected",
    "Replies",
    "Report",
    "ReportState",
    "Role",
    "RoomDescription",
    "RoomInfo",
    "RoomPage",
    "RoomSummary",
    "Roster",
    "Sanction",
    "SanctionKind",
    "SearchTerms",
    "SettingsError",
    "StoreResult",
    "Stored",
    "Tally",
    "Unavailable",
    "Unread",
    "User",
    "__version__",
    "digest_of",
    "hookimpl",
]


_PLACES = (
    "tornchat.marks",
    "tornchat.markers",
    "tornchat.model",
    "tornchat.errors",
    "tornchat.kinds",
    "tornchat.hooks.specs",
    "tornchat.hooks.consumer",
    "tornchat.version",
    "tornchat.app",
)
"""Where the names are defined. The last one imports Tornado, which a plugin does not need."""


def __getattr__(name: str) -> object:
    """Import a name on first use, so that the command `tornchat` handles signals before it imports more."""
    for place in _PLACES if name in __all__ else ():
        found = vars(importlib.import_module(place))
        if name in found:
            return found[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
