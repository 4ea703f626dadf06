"""The format JSON lines, with a header and one unchanged log entry per line. It can be imported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Literal

import msgspec

from tornchat.archive.formats import Identity, whole_lines
from tornchat.model import Entry


class Header(msgspec.Struct, frozen=True):
    """The first line of a file. `room` and `epoch` identify the exported log."""

    format: Literal["tornchat-history"]
    version: Literal[1]
    room: str
    epoch: str = ""


_encoder = msgspec.json.Encoder()
header_of = msgspec.json.Decoder(Header).decode
"""Decodes the first line. Raises `msgspec.DecodeError`, `UnicodeDecodeError`."""
entry_of = msgspec.json.Decoder(Entry).decode
"""Decodes any other line. Raises `msgspec.DecodeError`, `UnicodeDecodeError`."""


class JsonLines:
    """The format `jsonl`."""

    end = b""

    def begin(self, room: str, epoch: str) -> bytes:
        return _encoder.encode(Header("tornchat-history", 1, room, epoch)) + b"\n"

    def records(self, entries: Sequence[Entry]) -> bytes:
        return _encoder.encode_lines(entries)

    def whole(self, file: BinaryIO) -> Iterator[bytes]:
        return whole_lines(file, b"{")

    def identity(self, record: bytes) -> Identity:
        try:
            entry = entry_of(record)
        except msgspec.MsgspecError as error:
            raise ValueError(str(error)) from None
        return entry.seq, entry.draft_id
