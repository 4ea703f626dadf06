"""An exported history as the source of an import. The file is validated before anything is stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from tornchat.archive.jsonl import FOOTER, Header, entry_of, footer_of, header_of
from tornchat.archive.state import RoomState
from tornchat.errors import SettingsError
from tornchat.model import Entry

CURE = "Only JSON lines, as `tornchat history export` writes them, can be imported."


class Source:
    """The exported history in the file `path`, validated on construction."""

    def __init__(self, path: Path) -> None:
        """Raises `SettingsError`, with the line number, if the file is truncated, malformed or unordered."""
        self._path = path
        self.room = self._header().room
        """Name of the exported room."""
        self.count = 0
        """Number of entries."""
        self.deletions: dict[int, Entry] = {}
        """`seq` of a deleted message -> the deletion."""
        self.changed: set[int] = set()
        """`seq` of the messages that other entries changed."""
        self.state: RoomState | None = None
        """State of the exported room; None if the file does not tell it."""
        self._look_through()

    def entries(self) -> Iterator[Entry]:
        """Yield every entry, oldest first."""
        with self._opened() as file:
            file.readline()
            for number, line in enumerate(file, start=2):
                if line.startswith(FOOTER):
                    self._end(number, line, file.read(1))
                    return
                yield self._entry(number, line)

    def _end(self, number: int, line: bytes, rest: bytes) -> None:
        if rest or not line.endswith(b"\n"):
            raise self._fault(number, "the file does not end with this line, as it should")
        try:
            self.state = footer_of(line).state
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self._fault(number, "it does not tell what the room is") from None

    def _look_through(self) -> None:
        last = 0
        for entry in self.entries():
            self.count += 1
            if entry.seq <= last:
                raise self._fault(self.count + 1, f"seq {entry.seq} comes after {last}")
            last = entry.seq
            if entry.target is not None and entry.empties:
                self.deletions[entry.target] = entry
            elif entry.target is not None:
                self.changed.add(entry.target)

    def _header(self) -> Header:
        with self._opened() as file:
            try:
                return header_of(file.readline())
            except (msgspec.DecodeError, UnicodeDecodeError):
                raise self._fault(1, "it does not begin an exported history") from None

    def _entry(self, number: int, line: bytes) -> Entry:
        if not line.endswith(b"\n"):
            raise self._fault(number, "the file is cut off there")
        try:
            return entry_of(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            words = str(error) if isinstance(error, msgspec.ValidationError) else "it is no JSON"
            raise self._fault(number, words) from None

    def _opened(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except OSError as error:
            raise SettingsError(f"{self._path} can't be read: {error.strerror}.", "Correct it.") from None

    def _fault(self, line: int, words: str) -> SettingsError:
        return SettingsError(f"{self._path}, line {line}: {words}.", CURE)
