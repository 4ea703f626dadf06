"""The heads of the logs that a node committed to, for the other nodes. Topic `nodes`, once a second."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tornchat.cluster.control import Word

VERSION = 1
MOST_ROOMS = 1000
"""Maximum number of rooms in one payload."""
MOST_BYTES = 4 * 1024 * 1024


class Head(msgspec.Struct, frozen=True, array_like=True):
    """The newest entry of a room's log, as far as a node knows.

    `number` is the number of messages up to it; None if the node does not know it.
    """

    epoch: Word
    seq: Annotated[int, Meta(ge=0)]
    number: Annotated[int, Meta(ge=0)] | None = None

    def newer(self, than: Head | None) -> bool:
        """Return whether this is news to somebody who knows `than`: a later entry, or another log."""
        return than is None or self.epoch != than.epoch or self.seq > than.seq


class _Heads(msgspec.Struct, frozen=True, array_like=True):
    version: Annotated[int, Meta(ge=VERSION, le=VERSION)]
    node: Word
    kind: Literal["heads"]
    heads: Annotated[dict[Word, Head], Meta(max_length=MOST_ROOMS)]


class Heads:
    """Encodes the heads of this node and decodes those of other nodes. A received head is a hint."""

    def __init__(self, node_id: str) -> None:
        self._node_id = node_id
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(_Heads).decode

    def write(self, heads: Mapping[str, Head]) -> Iterator[bytes]:
        """Yield payloads with at most `MOST_ROOMS` rooms each."""
        rooms: Sequence[str] = list(heads)
        for start in range(0, len(rooms), MOST_ROOMS):
            part = {room: heads[room] for room in rooms[start : start + MOST_ROOMS]}
            yield self._encode(_Heads(VERSION, self._node_id, "heads", part))

    def read(self, payload: bytes) -> Mapping[str, Head] | None:
        """Decode a payload; None if it is something else. This node's own payload has no heads."""
        if len(payload) > MOST_BYTES:
            return None
        try:
            found = self._decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return {} if found.node == self._node_id else found.heads
