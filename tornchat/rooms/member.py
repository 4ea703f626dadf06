"""A member of a room: one session's cursor in the room's stream, and the frames meant for it alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from tornchat.model import Participant
from tornchat.wire.framing import frame_length, whole_frames

if TYPE_CHECKING:
    from tornchat.rooms.stream import Stream

SLICE_BYTES = 65536


class Outlet(Protocol):
    """One client's way out. Bytes given to it arrive in order, or the connection ends."""

    def send(self, data: bytes) -> bool:
        """Take `data`; True if all of it has left and more is welcome at once."""

    async def drained(self) -> None:
        """Wait until all that was written has left. Raises `ConnectionError` when the client is gone."""

    def end(self, code: int, reason: str) -> None:
        """Close with this code, after what was written and what is still due. Idempotent."""


class Member:
    """A session's place in its room: a cursor, and what is for it alone.

    `asides` are frames for this member only, each with the offset in the stream where it belongs, or None;
    `aside_bytes` is how long they are together.
    A member that is not `ready` is not written to: its socket, or its history, is still busy.
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
    )

    def __init__(self, participant: Participant, session: str, stream: Stream, outlet: Outlet) -> None:
        self.participant = participant
        self.session = session
        self.stream = stream
        self.outlet = outlet
        self.send = outlet.send
        self.cursor = stream.head
        self.asides: deque[tuple[int, bytes]] | None = None  # an empty deque has 600 bytes
        self.aside_bytes = 0
        self.ready = False


def slices_of(data: bytes) -> Iterator[bytes]:
    """Cut frames into pieces of about a slice, each of whole frames."""
    start = 0
    while len(data) - start > SLICE_BYTES:
        end = whole_frames(data, start, SLICE_BYTES)
        end = end if end > start else start + frame_length(data, start)
        yield data[start:end]
        start = end
    if start < len(data):
        yield data[start:]


async def send_all(outlet: Outlet, slices: Iterator[bytes], ready: bool) -> None:
    """Send at the pace of the client's socket. `ready` says whether it takes more at once."""
    for piece in slices:
        if not ready:
            await outlet.drained()
        ready = outlet.send(piece)
    if not ready:
        await outlet.drained()
