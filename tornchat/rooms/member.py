"""A member of a room: one session's cursor in the room's stream, and the frames for this session only."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from tornchat.model import Participant, User
from tornchat.wire.framing import frame_length, whole_frames

if TYPE_CHECKING:
    from tornchat.rooms.stream import Stream

SLICE_BYTES = 65536


class Outlet(Protocol):
    """The output side of one client's connection. Bytes arrive in order, or the connection ends."""

    def send(self, data: bytes) -> bool:
        """Send `data`; return True if the kernel has taken all of it and more may be sent at once."""

    async def drained(self) -> None:
        """Wait until all written bytes have been sent. Raises `ConnectionError` if the client is gone."""

    def end(self, code: int, reason: str) -> None:
        """Close with this code after all written and pending frames. Idempotent."""


class Member:
    """One session in a room: its cursor in the stream, and the frames for this session only.

    `asides` holds frames for this member only, each with its offset in the stream, or is None if there are
    none; `aside_bytes` is their total length in bytes. A member that is not `ready` is not written to,
    because its socket has not drained or its history is still being sent. `user` is who it is by the token.
    """

    __slots__ = (
        "aside_bytes",
        "asides",
        "cursor",
        "outlet",
        "participant",
        "ready",
        "send",
        "session",
        "stream",
        "user",
    )

    def __init__(
        self,
        participant: Participant,
        session: str,
        stream: Stream,
        outlet: Outlet,
        user: User | None = None,
    ) -> None:
        self.participant = participant
        self.user = user or User(participant.id, participant.username)
        self.session = session
        self.stream = stream
        self.outlet = outlet
        self.send = outlet.send
        self.cursor = stream.head
        self.asides: deque[tuple[int, bytes]] | None = None  # an empty deque has 600 bytes
        self.aside_bytes = 0
        self.ready = False


def slices_of(data: bytes) -> Iterator[bytes]:
    """Split frames into pieces of about `SLICE_BYTES` bytes, each made of whole frames."""
    start = 0
    while len(data) - start > SLICE_BYTES:
        end = whole_frames(data, start, SLICE_BYTES)
        end = end if end > start else start + frame_length(data, start)
        yield data[start:end]
        start = end
    if start < len(data):
        yield data[start:]


async def send_all(outlet: Outlet, slices: Iterator[bytes], ready: bool) -> None:
    """Send the slices, waiting for the socket to drain in between. `ready`: the first may be sent at once."""
    for piece in slices:
        if not ready:
            await outlet.drained()
        ready = outlet.send(piece)
    if not ready:
        await outlet.drained()
