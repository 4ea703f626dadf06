"""The dialect of a connection for many rooms: `v1` with the room's name in each frame, and a few more frames.

Frames of a room are encoded by `v1`, once per room; `RoomFrames` adds the name to the encoded bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta

from tornchat.errors import ChatError
from tornchat.model import Participant, Position, User
from tornchat.wire.framing import frame_length, frame_payload, text_frame
from tornchat.wire.repeats import refuse_repeated_keys, unreadable
from tornchat.wire.shared import Seq, encode
from tornchat.wire.v1.frames import V1Error

MOST_SEQ = 2**53 - 1
"""The largest integer that all JSON parsers represent exactly."""
TYPE_START = len(b'{"type":"')

RequestId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64, description="Yours, for the answer.")]
RoomName: TypeAlias = Annotated[str, Meta(min_length=1, description="The name of the room.")]
Since: TypeAlias = Annotated[int, Meta(ge=0, le=MOST_SEQ, description="The highest position received.")]
ExpiresAt: TypeAlias = Annotated[
    int | None, Meta(description="When the token expires, in Unix seconds, if it does.")
]


class Join(msgspec.Struct, tag_field="type", tag="join"):
    """Joins a room. With a position, it resumes there as `?since=` and `epoch=` do."""

    id: RequestId
    room: RoomName
    since: Since | None = None
    epoch: Annotated[str | None, Meta(description="The epoch of the welcome before `since`.")] = None

    @property
    def position(self) -> Position | None:
        """The position to resume at; None if it is not whole."""
        return None if self.since is None or self.epoch is None else Position(self.epoch, self.since)


class Leave(msgspec.Struct, tag_field="type", tag="leave"):
    """Leaves a room. The acknowledgement is the last frame with the room's name."""

    id: RequestId
    room: RoomName


class Watch(msgspec.Struct, tag_field="type", tag="watch"):
    """Replaces the set of rooms of which the heads are told without joining them."""

    id: RequestId
    rooms: Sequence[RoomName]


class Auth(msgspec.Struct, tag_field="type", tag="auth"):
    """Replaces the token of the connection by another one of the same user."""

    id: RequestId
    token: str

    def __repr__(self) -> str:
        return f"Auth(id={self.id!r})"


class Hello(msgspec.Struct, tag_field="type", tag="hello", omit_defaults=True):
    """The first frame of a connection for many rooms."""

    user: Participant
    expires_at: ExpiresAt = None


class Done(msgspec.Struct, tag_field="type", tag="ack", omit_defaults=True):
    """The request with the client's id `id` is carried out."""

    id: str
    room: Annotated[str | None, Meta(description="The room that was left.")] = None


class Authenticated(msgspec.Struct, tag_field="type", tag="auth", omit_defaults=True):
    """The new token is in use."""

    id: str
    expires_at: ExpiresAt = None


class RoomClosed(msgspec.Struct, tag_field="type", tag="closed"):
    """The session in a room has ended, or was refused; `code` is a close code. The connection stays."""

    room: str
    code: int
    reason: str


class RoomHead(msgspec.Struct, array_like=True):
    """The head of the log of a watched room; `number` is the number of messages up to it."""

    room: str
    epoch: str
    seq: Seq
    number: Annotated[int, Meta(ge=0)]


class RoomNews(msgspec.Struct, tag_field="type", tag="room_news"):
    """The heads of watched rooms that have news."""

    rooms: Sequence[RoomHead]


class RoomError(V1Error, tag_field="type", tag="error", omit_defaults=True):
    """An error that concerns a frame, and the room that the frame named."""

    room: str | None = None


Request: TypeAlias = Join | Leave | Watch | Auth


class ForRoom(NamedTuple):
    """A frame for one of the connection's rooms, which `v1` decodes."""

    room: str
    id: str | None


class _Head(msgspec.Struct):
    type: str
    room: str | None = None
    id: str | None = None


_read_head = msgspec.json.Decoder(_Head).decode
_read_request = msgspec.json.Decoder(Request).decode
_read_auth = msgspec.json.Decoder(Auth).decode
_REQUESTS = frozenset({"join", "leave", "watch", "auth"})
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read(payload: bytes) -> Request | ForRoom | None:
    """Decode a frame from a client; None for a `ping`.

    Raises `ChatError` (`invalid_json`, `invalid_message`).
    """
    try:
        head = _read_head(payload)
    except _UNREADABLE as error:
        raise unreadable(error) from None
    if head.type in _REQUESTS:
        return _request(payload, head)
    if head.type == "ping":
        return None
    if not head.room:
        raise ChatError("invalid_message", "The frame does not name its room.", None, _fitting(head.id))
    return ForRoom(head.room, _fitting(head.id))


def _request(payload: bytes, head: _Head) -> Request:
    try:
        request: Request = _read_request(payload)
    except _UNREADABLE as error:
        raise unreadable(error, _fitting(head.id)) from None
    refuse_repeated_keys(payload)
    return request


def _fitting(client_id: str | None) -> str | None:
    return client_id if client_id is not None and 1 <= len(client_id) <= 64 else None


def read_auth(payload: bytes) -> Auth | None:
    """Decode the request `auth`; None if the payload is something else."""
    try:
        asked = _read_auth(payload)
        refuse_repeated_keys(payload)
    except (*_UNREADABLE, ChatError):
        return None
    return asked


# --- frames for one connection ---


def hello(user: User) -> bytes:
    """Return the first frame of a connection."""
    return text_frame(encode(Hello(user.participant, _seconds(user))))


def authenticated(request_id: str, user: User) -> bytes:
    """Return the answer to `auth`."""
    return text_frame(encode(Authenticated(request_id, _seconds(user))))


def done(request_id: str, room: str | None = None) -> bytes:
    """Return the answer to `leave` and `watch`."""
    return text_frame(encode(Done(request_id, room)))


def closed(room: str, code: int, reason: str) -> bytes:
    """Return the frame that ends a session."""
    return text_frame(encode(RoomClosed(room, code, reason)))


def encoded_head(head: RoomHead) -> bytes:
    """Return an item of `RoomNews`, which is the same for all who watch the room."""
    return encode(head)


def news(heads: Iterable[bytes]) -> bytes:
    """Return the frame with the heads of watched rooms, from items encoded by `encoded_head`."""
    return text_frame(b'{"type":"room_news","rooms":[' + b",".join(heads) + b"]}")


def refusal(error: ChatError, client_id: str | None = None, room: str | None = None) -> bytes:
    """Return the error frame of a frame that no session has refused."""
    known = client_id or error.client_id
    return text_frame(
        encode(RoomError(error.code, error.text, known, retry_after=error.retry_after, room=room))
    )


def _seconds(user: User) -> int | None:
    return None if user.expires_at is None else int(user.expires_at)


# --- frames of a room ---


class RoomFrames:
    """Adds a room's name to frames of the dialect `v1`, directly after their `type`.

    A chunk that a flush sends to many members is converted once: the last one is kept until `forget`.
    """

    __slots__ = ("__weakref__", "_chunk", "_converted", "_named", "_part")

    def __init__(self, room: str, converted: list[RoomFrames]) -> None:
        """What keeps a chunk adds itself to `converted`, whose owner calls `forget`."""
        self._part = b',"room":' + encode(room)
        self._converted = converted
        self._chunk: bytes | None = None
        self._named = b""

    def of(self, chunk: bytes) -> bytes:
        """Return whole `v1` frames with the room's name in each of them."""
        if chunk is not self._chunk:
            self._named = self._convert(chunk)
            self._chunk = chunk
            self._converted.append(self)
        return self._named

    def forget(self) -> None:
        """Release the last chunk."""
        self._chunk, self._named = None, b""

    def _convert(self, chunk: bytes) -> bytes:
        end = frame_length(chunk)
        if end == len(chunk):
            return self._one(chunk)
        parts, start = [], 0
        while start < len(chunk):
            end = start + frame_length(chunk, start)
            parts.append(self._one(chunk[start:end]))
            start = end
        return b"".join(parts)

    def _one(self, frame: bytes) -> bytes:
        payload = frame_payload(frame)
        place = payload.index(b'"', TYPE_START) + 1
        if payload.startswith(b',"room":', place):  # `welcome` has it
            return frame
        return text_frame(payload[:place] + self._part + payload[place:])
