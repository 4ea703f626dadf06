"""The format CSV (RFC 4180). Cells that a spreadsheet would interpret as formulas are escaped."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from tornchat.archive.formats import Identity
from tornchat.archive.state import RoomState
from tornchat.model import Entry, More
from tornchat.wire.times import timestamp

COLUMNS = (
    "seq",
    "draft_id",
    "timestamp",
    "kind",
    "sender_id",
    "sender_username",
    "text",
    "target",
    "reply_to",
    "thread",
    "meta",
    "data",
)
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001 (spreadsheets accept them)

CONTROLS = ("\t", "\r")
"""A cell that starts with one of these is escaped, whatever follows."""
INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
"""The Unicode categories of controls, of invisible format characters and of spaces."""


class Table:
    """The format `csv`."""

    end = b""

    def begin(self, room: str, epoch: str) -> bytes:
        return _written([COLUMNS])

    def records(self, entries: Sequence[Entry]) -> bytes:
        return _written([_row(entry) for entry in entries])

    def state(self, state: RoomState) -> bytes:
        return b""  # cannot be imported

    def whole(self, file: BinaryIO) -> Iterator[bytes]:
        """Yield complete records. Line breaks within quotes do not end a record."""
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
    """Return `cell`, preceded by an apostrophe if a spreadsheet would interpret it as a formula."""
    return "'" + cell if _shown(cell).startswith(FORMULA_STARTS) or cell.startswith(CONTROLS) else cell


def _shown(cell: str) -> str:
    """Return `cell` without leading spaces, controls and invisible characters, as some spreadsheets do."""
    start = next((n for n, sign in enumerate(cell) if unicodedata.category(sign) not in INVISIBLE), len(cell))
    return cell[start:]


def _row(entry: Entry) -> list[object]:
    text = entry.text if entry.mark is None else " ".join(entry.mark.tokens)
    words = (entry.sender_id, entry.sender_username, text)
    place = (entry.seq, harmless(entry.draft_id), timestamp(entry.sent_at), entry.kind)
    more = entry.more or More()
    return [*place, *map(harmless, words), entry.target, more.reply_to, more.thread, more.meta, more.data]


def _written(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
