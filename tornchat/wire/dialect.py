"""The interface of a dialect: it decodes messages from clients and encodes events as frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from tornchat.errors import ChatError
from tornchat.model import Entry, More, PresenceChange, RoomInfo, User


class Said(NamedTuple):
    """What a client says. `client_id` is the client's id for it, or None if the dialect has no ids.

    What acts on a message has its `seq` as `target`, and a `kind`; `expects` is the revision that the client
    believes the message to have. `more` has `reply_to`, `thread`, `mentions`, `meta` and `data`, if it says
    any; a message of a plugin's kind always has it. A mark has `tokens`, the user's whole set. A message to
    be streamed has `more.status` "open", what closes it has there how it ended, and a piece of it has
    `more.offset`.
    """

    text: str
    client_id: str | None = None
    kind: str = "message"
    target: int | None = None
    expects: int | None = None
    more: More | None = None
    tokens: tuple[str, ...] | None = None


class Welcome(NamedTuple):
    """The start of a session: where its history ends, and whether it has all since the requested position.

    `read_seq` is the user's marker, and `unread` the number of messages after it; None if they are not known.
    """

    room: str
    user: User
    epoch: str
    seq: int
    recovered: bool
    read_seq: int | None = None
    unread: int | None = None


class Dialect(Protocol):
    """Decodes messages from clients and encodes events as frames."""

    name: str
    marks_guests: bool
    """Whether the frames say who is a guest."""
    signals: bool
    """Whether clients send and are sent what is not in the log: markers, and who is typing."""
    streams: bool
    """Whether open messages are shown as they grow. Otherwise they are told once, when they are closed."""
    pong: bytes
    """The answer to a ping that came as a text message. Empty if the dialect has no such pings."""

    @property
    def plain(self) -> Dialect:
        """The same dialect without compression, for frames sent to one member only."""

    def decode(self, payload: bytes) -> Said | None:
        """Decode one text message; return None for a ping, which `pong` answers.

        Raises `ChatError` (`invalid_json`, `invalid_message`).
        """

    def welcome(self, welcome: Welcome) -> bytes: ...
    def users(self, participants: Iterable[bytes]) -> bytes: ...
    def entry(self, entry: Entry) -> bytes: ...
    def marked(self, marks: Sequence[Entry]) -> bytes:
        """Return the one frame for marks of one kind on one message, in the order of the log."""

    def changed(self, message: Entry) -> bytes:
        """Return the frame that says what a message is now, for a member who knows an earlier state."""

    def caught_up(self, position: int) -> bytes: ...
    def presence(self, change: PresenceChange) -> bytes: ...
    def room_changed(self, room: RoomInfo) -> bytes:
        """Return the frame that says what the room says of itself from now on."""

    def ack(self, client_id: str, entry: Entry) -> bytes: ...
    def error(self, error: ChatError, client_id: str | None = None) -> bytes: ...
