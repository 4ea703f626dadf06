"""What a client's calls raise: each says what happened and the cure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tornchat.errors import REMOVED, ROOM_NOT_FOUND, UNAUTHORIZED

CURES: Mapping[int, str] = MappingProxyType(
    {
        UNAUTHORIZED: "The server does not accept this token: bring a new one of this server's.",
        ROOM_NOT_FOUND: "There is no such room for this user: look at the name, or ask for access.",
        REMOVED: "A moderator removed this user: ask them.",
    }
)
"""Final close code -> what may be done about it."""


class ClientError(Exception):
    """Anything that a client raises by itself."""


class NotConnected(ClientError):
    """The first connection failed, and `wait=False` was not given. `reason` says why; try it again."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"No connection: {reason}. Is the server up, and the URL right?")
        self.reason = reason


class Ended(ClientError):
    """The chat ended for good: the same attempt would end the same way, so nothing is tried again.

    `code` is the close code (4000, 4001, 4003), or the HTTP status of a refused handshake, or None if
    what answers is no tornchat. `reason` is the server's, and `cure` says what to do.
    """

    def __init__(self, code: int | None, reason: str, cure: str) -> None:
        super().__init__(f"{reason if code is None else f'{code} {reason}'.rstrip()}. {cure}")
        self.code = code
        self.reason = reason
        self.cure = cure


class SendRefused(ClientError):
    """The server refused this message: it is not stored, and to send it again would not help.

    `code` is one of `tornchat.errors.CODES`; `text` says it to people.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


class ClientClosed(ClientError):
    """`close()` was called. A message that was not acknowledged by then may be stored or not."""
