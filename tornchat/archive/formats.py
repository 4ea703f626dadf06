"""The interface of export formats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Protocol

from tornchat.archive.state import RoomState
from tornchat.model import Entry

Identity = tuple[int, str]
"""The `seq` and the `draft_id` of an entry, as read from a file."""


class Format(Protocol):
    """An export format. A file consists of `begin`, one record per entry, `state`, and `end`.

    A truncated record must be distinguishable from a complete one.
    """

    end: bytes

    def begin(self, room: str, epoch: str) -> bytes:
        """Return the beginning of the file for this log."""

    def records(self, entries: Sequence[Entry]) -> bytes:
        """Return the concatenated records of the entries."""

    def state(self, state: RoomState) -> bytes:
        """Return what the file says of the room besides its log."""

    def whole(self, file: BinaryIO) -> Iterator[bytes]:
        """Yield the complete records from the current position of `file`, up to the first invalid one."""

    def identity(self, record: bytes) -> Identity:
        """Return the identity of the entry in a record. Raises `ValueError` or `IndexError` if invalid."""


def whole_lines(file: BinaryIO, first: bytes) -> Iterator[bytes]:
    """Yield lines of `file` as long as they begin with `first` and end with a newline."""
    for line in file:
        if not (line.startswith(first) and line.endswith(b"\n")):
            return
        yield line
