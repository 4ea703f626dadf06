"""The format JSON lines: a header, one unchanged log entry per line, the room's state. It can be imported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Literal

import msgspec
from msgspec.structs import replace

from tornchat.archive.formats import Identity
from tornchat.archive.state import RoomState
from tornchat.model import Entry


class Header(msgspec.Struct, frozen=True):
    """The first line of a file. `room` and `epoch` identify the exported log."""

    format: Literal["tornchat-history"]
    version: Literal[1]
    room: str
    epoch: str = ""


class Footer(msgspec.Struct, frozen=True):
    """The last line of a file: what the room was at the end of the export."""

    state: RoomState


FOOTER = b'{"state":'
"""How the last line begins, and no other."""
_encoder = msgspec.json.Encoder()
header_of = msgspec.json.Decoder(Header).decode
"""Decodes the first line. Raises `msgspec.DecodeError`, `UnicodeDecodeError`."""
footer_of = msgspec.json.Decoder(Footer).decode
"""Decodes a line that begins with `FOOTER`. Raises `msgspec.DecodeError`, `UnicodeDecodeError`."""
entry_of = msgspec.json.Decoder(Entry).decode
"""Decodes any other line. Raises `msgspec.DecodeError`, `UnicodeDecodeError`."""


def _lean(entry: Entry) -> Entry:
    """Return the entry without the message that it closes, which has a line of its own."""
    if entry.more is None or entry.more.whole is None:
        return entry
    return replace(entry, more=replace(entry.more, whole=None))


class JsonLines:
    """The format `jsonl`."""

    end = b""

    def begin(self, room: str, epoch: str) -> bytes:
        return _encoder.encode(Header("tornchat-history", 1, room, epoch)) + b"\n"

    def records(self, entries: Sequence[Entry]) -> bytes:
        return _encoder.encode_lines(list(map(_lean, entries)))

    def state(self, state: RoomState) -> bytes:
        return _encoder.encode(Footer(state)) + b"\n"

    def whole(self, file: BinaryIO) -> Iterator[bytes]:
        """Yield complete entries. A footer that is not the last line is yielded as a damaged record."""
        for line in file:
            if not (line.startswith(b"{") and line.endswith(b"\n")):
                return
            if line.startswith(FOOTER) and not file.read(1):
                return
            yield line

    def identity(self, record: bytes) -> Identity:
        try:
            entry = entry_of(record)
        except msgspec.MsgspecError as error:
            raise ValueError(str(error)) from None
        return entry.seq, entry.draft_id
