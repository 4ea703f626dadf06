"""Every refusal: its code, its words, and what the one who is refused may do about it."""

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

CLOSE_CODES = frozenset({*range(1000, 1004), *range(1007, 1015), 4000, 4001, 4003, 4010})
"""Every close code that RFC 6455 knows to travel, and ours."""

FINAL_CLOSE_CODES = frozenset({UNAUTHORIZED, ROOM_NOT_FOUND, REMOVED})
"""After these a client must not reconnect by itself; the rest are worth a try, with backoff."""

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
    }
)
"""Error code -> its usual words. The words may become more exact; the codes stay."""

REQUEST_CODES: Mapping[str, str] = MappingProxyType(
    {
        "room_not_found": "There is no such room.",
        "room_taken": "There is a room of this name already.",
        "too_many_rooms": "You own as many rooms as you may.",
        "not_found": "There is no such thing in this room.",
        "not_provided": "This chat has no plugin for that.",
    }
)
"""The codes besides `CODES` of what is asked outside of a session."""

FAULTS = frozenset(
    {"invalid_json", "invalid_message", "empty_message", "message_too_long", "rate_limited", "conflict"}
)
"""Codes that are the sender's own fault."""

RETRYABLE = frozenset({"rate_limited", "unconfirmed", "unavailable", "busy"})
"""Codes after which the same message may be sent again."""


class ChatError(Exception):
    """A request that is refused with an error; the connection stays.

    `code` is a key of `CODES` or `REQUEST_CODES`, `text` is what the sender reads, `retry_after` is in
    seconds, and `client_id` is the sender's id for the message, if it is known.
    """

    def __init__(
        self, code: str, text: str = "", retry_after: float | None = None, client_id: str | None = None
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

    @property
    def blames_sender(self) -> bool:
        """True if the sender broke the rules, so that many of these in a row end the connection."""
        return self.code in FAULTS


class Closed(Exception):
    """A connection that is refused or ended with a close code and a reason of at most 123 bytes.

    `cause` is for the log and the metrics only: why nobody could be made out, in one word.
    """

    def __init__(self, code: int, reason: str = "", cause: str = "") -> None:
        super().__init__(f"{code} {reason}".rstrip())
        self.code = code
        self.reason = reason
        self.cause = cause


class Rejected(ChatError):
    """Raised by `filter_message`: this draft is not accepted. The sender reads `text`."""

    def __init__(self, text: str = "", code: str = "rejected") -> None:
        super().__init__(code, text)


class NotStored(Exception):
    """Raised by `store_messages`: it is sure that nothing of this batch was or will be stored."""


class Unavailable(Exception):
    """A plugin can't answer now: it failed or missed its deadline. Never means "no"."""


class SettingsError(Exception):
    """The settings, or the plugins they name, don't add up. Says what is wrong and the cure."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(f"{what} {cure}")
        self.what = what
        self.cure = cure
