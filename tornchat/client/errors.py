"""The exceptions of the client. Their texts state what happened and how to resolve it."""

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
"""Final close code -> how to resolve it."""


class ClientError(Exception):
    """Base class of the client's exceptions."""


class NotConnected(ClientError):
    """The first connection failed (only with `wait=True`). `reason` is the cause; a retry may succeed."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"No connection: {reason}. Is the server up, and the URL right?")
        self.reason = reason


class Ended(ClientError):
    """The server refused permanently. The client does not retry, since the result would be the same.

    `code` is the close code (4000, 4001, 4003), the HTTP status of a refused handshake, or None if the
    server is not a tornchat server. `reason` is the cause, and `cure` states how to resolve it.
    """

    def __init__(self, code: int | None, reason: str, cure: str) -> None:
        super().__init__(f"{reason if code is None else f'{code} {reason}'.rstrip()}. {cure}")
        self.code = code
        self.reason = reason
        self.cure = cure


class SendRefused(ClientError):
    """The server refused the message permanently. It is not stored, and a retry would fail as well.

    `code` is one of `tornchat.errors.CODES`; `text` is a description for users. `revision` is the present one
    of the message, or `length` that of its text, with the code `stale`.
    """

    def __init__(self, code: str, text: str, revision: int | None = None, length: int | None = None) -> None:
        super().__init__(f"{code}: {text}")
        self.length = length
        self.revision = revision
        self.code = code
        self.text = text


class CallRefused(ClientError):
    """The server refused a call. `code` is one of the HTTP API's; `text` is a description for users."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


class ClientClosed(ClientError):
    """`close()` was called. A message that was not acknowledged before may or may not be stored."""
