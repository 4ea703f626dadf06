"""Control messages between nodes, sent on the topic `nodes`.

A change of stored state is sent as a request to read that state again, so that a lost, repeated, late or
forged control message has no lasting effect.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

TOPIC = "nodes"
VERSION = 1
MOST_BYTES = 16384

ControlKind: TypeAlias = Literal["sanctions", "room", "kick", "disconnect", "hello", "news"]
Word: TypeAlias = Annotated[str, Meta(max_length=1024)]


class ControlMessage(msgspec.Struct, frozen=True, array_like=True):
    """A request to all nodes. Received control messages are untrusted and are validated.

    "sanctions": read the sanctions and the slow mode of `room` again. "room": check whether `room` still
    exists. "kick": close the user's sessions in `room`. "disconnect": close all sessions of the user.
    "hello": nothing is to be done; nodes say it so that each knows the others. "news": the room has new
    entries, for the consumers that a node holds.
    """

    version: Annotated[int, Meta(ge=VERSION, le=VERSION)]
    node: Word
    kind: ControlKind
    room: Word = ""
    user_id: Word = ""


class Control:
    """Encodes this node's control messages and decodes those of other nodes."""

    def __init__(self, node_id: str) -> None:
        self._node_id = node_id
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(ControlMessage).decode
        self.ignored = 0
        """Number of received payloads that were malformed or too long."""

    def make(self, kind: ControlKind, room: str = "", user_id: str = "") -> ControlMessage:
        """Return a control message from this node."""
        return ControlMessage(VERSION, self._node_id, kind, room, user_id)

    def write(self, order: ControlMessage) -> bytes:
        """Return the encoded control message."""
        return self._encode(order)

    def read(self, payload: bytes) -> ControlMessage | None:
        """Decode a payload; None if it is not a valid control message. It may be this node's own."""
        try:
            order = self._decode(payload) if len(payload) <= MOST_BYTES else None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            order = None
        if order is None:
            self.ignored += 1
            return None
        return order

    def is_own(self, order: ControlMessage) -> bool:
        """Return whether the control message is this node's own, which a broadcast may return."""
        return order.node == self._node_id
