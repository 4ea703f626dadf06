"""What nodes tell each other besides entries: payloads of the topic `nodes`, few and small.

What has a state in storage is told as a hint to read it again, so that a lost, repeated, late or forged
one does no harm.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

TOPIC = "nodes"
VERSION = 1
MOST_BYTES = 16384

ControlKind: TypeAlias = Literal["sanctions", "room", "kick", "disconnect"]
Word: TypeAlias = Annotated[str, Meta(max_length=1024)]


class ControlMessage(msgspec.Struct, frozen=True, array_like=True):
    """Something to do on every node. It comes from outside and is not trusted.

    "sanctions": read those of `room` again. "room": see whether `room` is still there. "kick": close the
    user's sessions in `room`. "disconnect": close all the user's sessions.
    """

    version: Annotated[int, Meta(ge=VERSION, le=VERSION)]
    node: Word
    kind: ControlKind
    room: Word = ""
    user_id: Word = ""


class Control:
    """Writes this node's orders, and reads the others'."""

    def __init__(self, node_id: str) -> None:
        self._node_id = node_id
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(ControlMessage).decode
        self.ignored = 0
        """Payloads that came in and were not ours or damaged."""

    def make(self, kind: ControlKind, room: str = "", user_id: str = "") -> ControlMessage:
        """An order of this node's."""
        return ControlMessage(VERSION, self._node_id, kind, room, user_id)

    def write(self, order: ControlMessage) -> bytes:
        """The payload that others can read."""
        return self._encode(order)

    def read(self, payload: bytes) -> ControlMessage | None:
        """Read a payload; None for one's own echo and for what is no order."""
        try:
            order = self._decode(payload) if len(payload) <= MOST_BYTES else None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            order = None
        if order is None:
            self.ignored += 1
            return None
        return None if order.node == self._node_id else order
