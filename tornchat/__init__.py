"""tornchat: the public API for plugins and for applications that mount a chat.

    from tornchat import ChatApp              # mount it into a Tornado application
    from tornchat import hookimpl, User       # write a plugin

Importing this package does not import Tornado; `ChatApp` is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornchat.errors import ChatError, NotStored, PositionLost, Rejected, SettingsError, Unavailable
from tornchat.hooks.consumer import Batch, Consumer
from tornchat.hooks.specs import Actions, ChatHandle, hookimpl
from tornchat.model import (
    ERASED,
    SITE,
    AuditEntry,
    ConsumerClaim,
    ConsumerState,
    Credentials,
    Cursor,
    CursorMove,
    Draft,
    Entry,
    Fault,
    KnownUser,
    Membership,
    Page,
    Participant,
    Position,
    PresenceChange,
    Refusal,
    Role,
    RoomInfo,
    RoomPage,
    RoomSummary,
    Roster,
    Sanction,
    SanctionKind,
    Stored,
    StoreResult,
    Unread,
    User,
)
from tornchat.version import __version__

if TYPE_CHECKING:
    from tornchat.app import ChatApp as ChatApp

__all__ = [
    "ERASED",
    "SITE",
    "Actions",
    "AuditEntry",
    "Batch",
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
    "Fault",
    "KnownUser",
    "Membership",
    "NotStored",
    "Page",
    "Participant",
    "Position",
    "PositionLost",
    "PresenceChange",
    "Refusal",
    "Rejected",
    "Role",
    "RoomInfo",
    "RoomPage",
    "RoomSummary",
    "Roster",
    "Sanction",
    "SanctionKind",
    "SettingsError",
    "StoreResult",
    "Stored",
    "Unavailable",
    "Unread",
    "User",
    "__version__",
    "hookimpl",
]


def __getattr__(name: str) -> object:
    if name == "ChatApp":
        from tornchat.app import ChatApp  # noqa: PLC0415 (so that a plugin's import loads no Tornado)

        return ChatApp
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
