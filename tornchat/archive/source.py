"""An exported history as the source of an import. The file is validated before anything is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from tornchat.archive.jsonl import FOOTER, Header, entry_of, footer_of, header_of
from tornchat.archive.rows import CheckText, Rows, fault_of_state
from tornchat.archive.state import RoomState
from tornchat.errors import SettingsError
from tornchat.kinds import BUILT_IN, EntryKind
from tornchat.model import Entry

CURE = "Only JSON lines, as `tornchat history export` writes them, can be imported."


class Row(NamedTuple):
    """An entry and the number of its line."""

    line: int
    entry: Entry


def referred_by(entry: Entry) -> list[int]:
    """Return the messages that an entry changes, answers, or has as its thread."""
    found = [entry.target]
    if entry.more is not None:
        found += [entry.more.reply_to, entry.more.thread]
    return [seq for seq in found if seq is not None]


class Source:
    """The exported history in the file `path`, validated on construction."""

    def __init__(self, path: Path, check_text: CheckText, kinds: Mapping[str, EntryKind] = BUILT_IN) -> None:
        """Raises `SettingsError`, with the line number, if the file is truncated or unordered, or no history.

        `check_text` is the check of the texts of live messages, and `kinds` are the declared kinds by name.
        """
        self._path = path
        self._rows = Rows(check_text, kinds)
        self.room = self._header().room
        """Name of the exported room."""
        self.count = 0
        """Number of rows, also of those that are refused."""
        self.refused: dict[int, str] = {}
        """Line -> why its row can't be imported; `rows` leaves these out."""
        self.deletions: dict[int, Entry] = {}
        """`seq` of a deleted message -> the deletion."""
        self.referred: set[int] = set()
        """`seq` of the messages that other entries change, answer, or have as their thread."""
        self.state: RoomState | None = None
        """State of the exported room; None if the file does not tell it."""
        self._look_through()

    def rows(self) -> Iterator[Row]:
        """Yield every entry that may be imported, oldest first."""
        for number, line in self._lines():
            if number not in self.refused:
                yield Row(number, entry_of(line))

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        with self._opened() as file:
            file.readline()
            for number, line in enumerate(file, start=2):
                if line.startswith(FOOTER):
                    self._end(number, line, file.read(1))
                    return
                if not line.endswith(b"\n"):
                    raise self._fault(number, "the file is cut off there")
                yield number, line

    def _end(self, number: int, line: bytes, rest: bytes) -> None:
        if rest or not line.endswith(b"\n"):
            raise self._fault(number, "the file does not end with this line, as it should")
        try:
            self.state = footer_of(line).state
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self._fault(number, "it does not tell what the room is") from None
        if words := fault_of_state(self.state):
            raise self._fault(number, words)

    def _look_through(self) -> None:
        last = 0
        for number, line in self._lines():
            self.count += 1
            entry = self._entry(number, line)
            if entry is None:
                continue
            if entry.seq <= last:
                raise self._fault(number, f"seq {entry.seq} comes after {last}")
            last = entry.seq
            if entry.target is not None and entry.empties:
                self.deletions[entry.target] = entry
            else:
                self.referred.update(referred_by(entry))

    def _header(self) -> Header:
        with self._opened() as file:
            try:
                return header_of(file.readline())
            except (msgspec.DecodeError, UnicodeDecodeError):
                raise self._fault(1, "it does not begin an exported history") from None

    def _entry(self, number: int, line: bytes) -> Entry | None:
        """Return the entry in a line; None for one that is refused, which is noted."""
        try:
            entry = entry_of(line)
            words = self._rows.fault(entry)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            words = str(error) if isinstance(error, msgspec.ValidationError) else "it is no JSON"
        if not words:
            return entry
        self.refused[number] = words
        return None

    def _opened(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except OSError as error:
            raise SettingsError(f"{self._path} can't be read: {error.strerror}.", "Correct it.") from None

    def _fault(self, line: int, words: str) -> SettingsError:
        return SettingsError(f"{self._path}, line {line}: {words}.", CURE)
