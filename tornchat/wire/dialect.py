"""What every dialect has: it reads what clients say, and writes events as frames."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from tornchat.errors import ChatError
from tornchat.model import Entry, PresenceChange, User


class Said(NamedTuple):
    """What a client asks to say. `client_id` is its own id for the message, if its dialect has one."""

    text: str
    client_id: str | None = None


class Welcome(NamedTuple):
    """How a session begins: where its history ends, and whether it holds all since the asked position."""

    room: str
    user: User
    epoch: str
    seq: int
    recovered: bool


class Dialect(Protocol):
    """A way to read what clients say, and to write events as frames."""

    name: str

    @property
    def plain(self) -> Dialect:
        """The same dialect uncompressed, for what only one member is sent."""

    def decode(self, payload: bytes) -> Said:
        """Read one text message. Raises `ChatError` (`invalid_json`, `invalid_message`)."""

    def welcome(self, welcome: Welcome) -> bytes: ...
    def users(self, participants: Iterable[bytes]) -> bytes: ...
    def entry(self, entry: Entry) -> bytes: ...
    def presence(self, change: PresenceChange) -> bytes: ...
    def ack(self, client_id: str, seq: int) -> bytes: ...
    def error(self, error: ChatError, client_id: str | None = None) -> bytes: ...
