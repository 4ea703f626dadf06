"""What every format of an exported history has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Protocol

from tornchat.model import Entry

Identity = tuple[int, str]
"""The `seq` and the `draft_id` of an entry, as they stand in a file."""


class Format(Protocol):
    """A file is `begin`, then one record per entry, then `end`.

    A record that was cut off anywhere is told from a whole one.
    """

    end: bytes

    def begin(self, room: str, epoch: str) -> bytes:
        """What the file of this log begins with."""

    def records(self, entries: Sequence[Entry]) -> bytes:
        """The records of these entries, one after another."""

    def whole(self, file: BinaryIO) -> Iterator[bytes]:
        """The whole records that follow in `file`, up to the first thing that is none."""

    def identity(self, record: bytes) -> Identity:
        """Say which entry a whole record is of. Raises `ValueError` if it is no record after all."""


def whole_lines(file: BinaryIO, first: bytes) -> Iterator[bytes]:
    """The lines of `file` that begin with `first` and have an end."""
    for line in file:
        if not (line.startswith(first) and line.endswith(b"\n")):
            return
        yield line
