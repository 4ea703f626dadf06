"""What users are told wherever they are connected: batches on the topic `users`. An event is a hint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from tornchat.cluster.control import Word
from tornchat.model import RoomKind

TOPIC = "users"
VERSION = 1
MOST_EVENTS = 1000
"""Maximum number of events in one payload."""
MOST_USERS = 1000
"""Maximum number of users that one event names."""
MOST_BYTES = 4 * 1024 * 1024

Seq: TypeAlias = Annotated[int, Meta(ge=0, le=2**53 - 1)]
UserIds: TypeAlias = Annotated[tuple[Word, ...], Meta(max_length=MOST_USERS)]


class Event(msgspec.Struct, frozen=True, array_like=True):
    """Something that users are told."""


class Mentioned(Event, frozen=True, tag="mentioned"):
    """A message mentions `users`, and everybody in the room if `everybody` is true."""

    room: Word
    seq: Seq
    sender_id: Word
    sender_username: Word
    text: Word
    users: UserIds = ()
    everybody: bool = False


class Invited(Event, frozen=True, tag="invited"):
    """The users were let into a room."""

    room: Word
    users: UserIds


class Removed(Event, frozen=True, tag="removed"):
    """The users were removed from a room."""

    room: Word
    users: UserIds


class RoomChanged(Event, frozen=True, tag="room_changed"):
    """A room has another title, topic or kind; all three are as they are now."""

    room: Word
    title: Word
    topic: Word
    kind: RoomKind


class ReadMoved(Event, frozen=True, tag="read_moved"):
    """A user's marker in a room has moved. `generation` is -1 if the node does not know it.

    `said`: with a message of the user, which the user's sessions in the room are sent anyway.
    """

    user_id: Word
    room: Word
    epoch: Word
    seq: Seq
    generation: Annotated[int, Meta(ge=-1, le=2**53 - 1)]
    said: bool = False


class Typing(Event, frozen=True, tag="typing"):
    """A user is typing in a room, or in the thread of a message there."""

    room: Word
    user_id: Word
    thread: Seq | None = None


UserEvent: TypeAlias = Mentioned | Invited | Removed | RoomChanged | ReadMoved | Typing


class _Batch(msgspec.Struct, frozen=True, array_like=True):
    version: Annotated[int, Meta(ge=VERSION, le=VERSION)]
    node: Word
    events: Annotated[tuple[UserEvent, ...], Meta(max_length=MOST_EVENTS)]


class UserEvents:
    """Encodes the events of this node and decodes those of other nodes."""

    def __init__(self, node_id: str) -> None:
        self._node_id = node_id
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(_Batch).decode
        self.ignored = 0
        """Number of received payloads that were malformed or too long."""

    def write(self, events: Sequence[UserEvent]) -> Iterator[bytes]:
        """Yield payloads with at most `MOST_EVENTS` events each."""
        for start in range(0, len(events), MOST_EVENTS):
            part = tuple(events[start : start + MOST_EVENTS])
            yield self._encode(_Batch(VERSION, self._node_id, part))

    def read(self, payload: bytes) -> Sequence[UserEvent]:
        """Decode a payload. One that is not valid, or this node's own, has no events."""
        try:
            found = self._decode(payload) if len(payload) <= MOST_BYTES else None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            found = None
        if found is None:
            self.ignored += 1
            return ()
        return () if found.node == self._node_id else found.events
