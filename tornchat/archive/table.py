"""CSV, for spreadsheets: RFC 4180, with cells that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from tornchat.archive.formats import Identity
from tornchat.archive.times import timestamp
from tornchat.model import Entry

COLUMNS = (
    "seq",
    "draft_id",
    "timestamp",
    "kind",
    "sender_id",
    "sender_username",
    "text",
    "target",
)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # noqa: RUF001 (spreadsheets take them too)


class Table:
    """`csv`."""

    end = b""

    def begin(self, room: str, epoch: str) -> bytes:
        return _written([COLUMNS])

    def records(self, entries: Sequence[Entry]) -> bytes:
        return _written([_row(entry) for entry in entries])

    def whole(self, file: BinaryIO) -> Iterator[bytes]:
        """A record may have line ends in quotes: it is whole when its quotes are."""
        record = b""
        for line in file:
            record += line
            if record.endswith(b"\r\n") and record.count(b'"') % 2 == 0:
                yield record
                record = b""

    def identity(self, record: bytes) -> Identity:
        [row] = csv.reader([record.decode()])
        return int(row[0]), row[1]


def harmless(cell: str) -> str:
    """Give `cell` with an apostrophe before it if a spreadsheet would calculate it."""
    return "'" + cell if cell.startswith(FORMULA_STARTS) else cell


def _row(entry: Entry) -> list[object]:
    words = (entry.sender_id, entry.sender_username, entry.text)
    place = (entry.seq, harmless(entry.draft_id), timestamp(entry.sent_at), entry.kind)
    return [*place, *map(harmless, words), entry.target]


def _written(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
