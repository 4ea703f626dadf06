"""Error codes, close codes and exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

UNAUTHORIZED = 4001
ROOM_NOT_FOUND = 4000
REMOVED = 4003
POSITION_LOST = 4010
GOING_AWAY = 1001
PROTOCOL_ERROR = 1002
UNSUPPORTED_DATA = 1003
INVALID_TEXT = 1007
POLICY_VIOLATION = 1008
TOO_BIG = 1009
TRY_AGAIN_LATER = 1013

NO_TOKEN = "no_token"  # noqa: S105 (no secret)
"""The cause of a `Closed` with 4001 for who has brought no token and no login."""

CLOSE_CODES = frozenset({*range(1000, 1004), *range(1007, 1015), 4000, 4001, 4003, 4010})
"""Close codes that may appear in a close frame (RFC 6455, 7.4), and the application's own."""

FINAL_CLOSE_CODES = frozenset({UNAUTHORIZED, ROOM_NOT_FOUND, REMOVED})
"""Close codes after which a client must not reconnect automatically; after others it may, with backoff."""

CODES: Mapping[str, str] = MappingProxyType(
    {
        "invalid_json": "The message is not valid JSON.",
        "invalid_message": "The message does not have the documented form.",
        "empty_message": "The message is empty.",
        "message_too_long": "The message is too long.",
        "rate_limited": "Too many messages; slow down.",
        "forbidden": "You may not do this here.",
        "rejected": "The message was not accepted.",
        "conflict": "This id was used before with another text.",
        "unconfirmed": "It is not known whether the message was saved. Send it again with the same id.",
        "unavailable": "The message could not be saved. Please try again.",
        "busy": "The server is too busy. Please try again.",
        "room_gone": "The room is not there any more.",
        "muted": "You may not speak in this room for now.",
        "not_found": "There is no such thing in this room.",
        "stale": "The message has changed meanwhile.",
        "not_open": "The message is not open: nothing can be added to it.",
        "still_open": "The message is still open: close it before you change it.",
        "too_many_marks": "The message has as many different marks of this kind as it may.",
        "unsupported": "The storage of this chat can't change messages.",
        "slow_mode": "This room is in slow mode; wait before your next message.",
        "unauthorized": "The token is not valid.",
        "not_joined": "This connection is not in this room.",
        "already_joined": "This connection is in this room already.",
        "room_limit": "The connection has as many rooms as it may.",
    }
)
"""Error code -> default text. The texts may change; the codes are stable."""

REQUEST_CODES: Mapping[str, str] = MappingProxyType(
    {
        "room_not_found": "There is no such room.",
        "room_taken": "There is a room of this name already.",
        "name_taken": "Somebody has a name that looks like this one. Choose another.",
        "too_many_rooms": "You own as many rooms as you may.",
        "too_many_sanctions": "This room has as many sanctions of this kind as it may. Lift others first.",
        "too_many_members": "This room has as many members as it may. Remove others first.",
        "too_many_invites": "This room has as many invites as it may. Revoke others first.",
        "invite_expired": "The invite has expired. Ask for another one.",
        "invite_used_up": "The invite was used as often as it may be. Ask for another one.",
        "not_provided": "This chat has no plugin for that.",
    }
)
"""Additional error codes for requests outside a session."""

FAULTS = frozenset(
    {
        "invalid_json",
        "invalid_message",
        "empty_message",
        "message_too_long",
        "rate_limited",
        "conflict",
        "already_joined",
        "room_limit",
    }
)
"""Codes of errors caused by the sender."""

RETRYABLE = frozenset({"rate_limited", "unconfirmed", "unavailable", "busy"})
"""Codes after which the same message may be sent again."""


class ChatError(Exception):
    """A request was refused with an error; the connection stays open.

    `code` is a key of `CODES` or `REQUEST_CODES`, `text` is shown to the sender, `retry_after` is in
    seconds, `client_id` is the sender's id for the message, if known, and `revision` the present one of a
    message that is not as the sender believed, or `length` that of its text.
    """

    def __init__(
        self,
        code: str,
        text: str = "",
        retry_after: float | None = None,
        client_id: str | None = None,
        revision: int | None = None,
        length: int | None = None,
    ) -> None:
        known = CODES if code in CODES else REQUEST_CODES
        if code not in known:
            names = ", ".join([*CODES, *REQUEST_CODES])
            raise ValueError(f"there is no error code {code!r}; there are {names}")
        super().__init__(text or known[code])
        self.code = code
        self.text = text or known[code]
        self.retry_after = retry_after
        self.client_id = client_id
        self.revision = revision
        self.length = length

    @property
    def blames_sender(self) -> bool:
        """True if the sender caused the error; too many such errors end the connection."""
        return self.code in FAULTS


class Closed(Exception):
    """A connection was refused or ended with a close code and a reason of at most 123 bytes.

    `cause` is one word for the log and the metrics: why authentication failed.
    """

    def __init__(self, code: int, reason: str = "", cause: str = "") -> None:
        super().__init__(f"{code} {reason}".rstrip())
        self.code = code
        self.reason = reason
        self.cause = cause


class Rejected(ChatError):
    """Raised by `filter_message` to refuse a draft. `text` is shown to the sender."""

    def __init__(self, text: str = "", code: str = "rejected") -> None:
        super().__init__(code, text)


class NotStored(Exception):
    """Raised by `store_messages` if it is certain that nothing of the batch was or will be stored."""


class Unavailable(Exception):
    """A plugin can't answer now: it failed or missed its deadline. This is never a negative answer."""


class PositionLost(Exception):
    """The log is not the one that was followed, or lacks entries behind the position. Read it anew."""


class SettingsError(Exception):
    """The settings, or the plugins they name, are invalid. `what` is the problem, `cure` the correction."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(f"{what} {cure}")
        self.what = what
        self.cure = cure
