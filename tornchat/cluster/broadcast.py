"""Broadcast to the other nodes through a bounded queue, without blocking the caller.

Entries whose payload is lost are recovered from the log.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from tornchat.cluster.control import Word
from tornchat.cluster.foreign import Foreign
from tornchat.errors import Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.model import Entry

log = logging.getLogger("tornchat.broadcast")

VERSION = 2
MOST_WAITING = 10_000
MOST_PAYLOAD_BYTES = 16 * 1024 * 1024


class Payload(msgspec.Struct, frozen=True, array_like=True):
    """The entries that one commit stored in one room. Received payloads are untrusted and are validated."""

    version: Annotated[int, Meta(ge=VERSION, le=VERSION)]
    node: Word
    room: Word
    epoch: Word
    entries: tuple[Entry, ...]


class Broadcast:
    """The queue between the commits and the broadcast plugin; `run` publishes what is queued."""

    def __init__(self, hooks: Hooks, node_id: str, foreign: Foreign) -> None:
        self._hooks = hooks
        self._foreign = foreign
        self._node_id = node_id
        self._alone = hooks.broadcast_scope() == "process"
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._wake = asyncio.Event()
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Payload).decode
        self.published = 0
        self.dropped = 0
        """Number of payloads not published because the queue was full or the plugin failed."""
        self.ignored = 0
        """Number of received payloads that were malformed, too long or for another room."""
        self.received = 0
        """Number of payloads accepted from other nodes."""
        self.echoed = 0
        """Number of this node's own payloads received back."""

    @property
    def waiting(self) -> int:
        """The number of queued payloads."""
        return len(self._waiting)

    def publish(self, room: str, epoch: str, entries: Sequence[Entry]) -> None:
        """Queue the entries for the other nodes; do nothing if the broadcast scope is "process"."""
        if not self._alone:
            payload = Payload(VERSION, self._node_id, room, epoch, tuple(entries))
            self.send(f"room:{room}", self._encode(payload))

    def send(self, topic: str, payload: bytes) -> None:
        """Queue a payload for the other nodes; do nothing if the broadcast scope is "process"."""
        if self._alone:
            return
        if len(self._waiting) >= MOST_WAITING:
            self.dropped += 1
            return
        self._waiting.append((topic, payload))
        self._wake.set()

    def read(self, topic: str, payload: bytes) -> Payload | None:
        """Decode a payload received on `topic`; None if it is this node's own or invalid for the topic."""
        if len(payload) > MOST_PAYLOAD_BYTES:
            self.ignored += 1
            return None
        try:
            found = self._decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.ignored += 1
            return None
        if f"room:{found.room}" != topic:
            self.ignored += 1
            return None
        if found.node == self._node_id:
            self.echoed += 1
            return None
        if not self._foreign.admits(found.entries):
            self.ignored += 1
            return None
        self.received += 1
        return found

    async def run(self) -> None:
        """Publish queued payloads until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                topic, payload = self._waiting.popleft()
                try:
                    await self._hooks.publish(topic, payload)
                    self.published += 1
                except Unavailable:
                    self.dropped += 1
