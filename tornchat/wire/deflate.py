"""permessage-deflate (RFC 7692) without context takeover: each message is compressed by itself.

So a compressed frame is the same for all who get it, and nothing is kept between two messages.
"""

from __future__ import annotations

import zlib

from tornchat.wire.framing import RSV1, frame, frame_payload

WINDOWS = (12, 9)
"""The windows that frames are compressed with, in bits, the best first.

12 (4 KiB) holds nearly every message whole. zlib's usual 15 makes it no shorter, and takes eight times as
long to set up. 9 is for clients that ask for less than 12; zlib has no 8.
"""
MIN_BYTES = 256
"""Shorter frames go as they are (RFC 7692, 6): they would save less than what a packet's headers take."""

_LEVEL = 6
_MEMORY_LEVEL = 5  # as much as a window of 12 bits needs; zlib's usual 8 is slower to set up
_FLUSHED = b"\x00\x00\xff\xff"  # the end that a sender takes off (RFC 7692, 7.2.1)
_LAST_BLOCK = b"\x03\x00"  # empty; zlib comes to it only if all the blocks before it are whole
# A sender may mark its own last block as the last (RFC 7692, 7.2.3.4): then the rest is not looked at.
_UNUSED = frozenset((b"", _FLUSHED + _LAST_BLOCK, b"\x00" + _FLUSHED + _LAST_BLOCK))


class TooLong(Exception):
    """A message would be longer than its limit."""


def deflated(plain: bytes, window_bits: int) -> bytes:
    """The same data frame compressed; as it is, if it is short or does not get shorter."""
    if len(plain) < MIN_BYTES:
        return plain
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -window_bits, _MEMORY_LEVEL)
    packed = packer.compress(frame_payload(plain)) + packer.flush(zlib.Z_SYNC_FLUSH)
    shorter = frame(plain[0] & 0x0F | RSV1, packed.removesuffix(_FLUSHED))
    return min(plain, shorter, key=len)


def inflated(payload: bytes, limit: int) -> bytes:
    """The message that was compressed to `payload`, whatever its window.

    Raises `TooLong` if it has more than `limit` bytes; no more of it than that is inflated. Raises
    `ValueError` if it is broken or cut off.
    """
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        message = unpacker.decompress(payload + _FLUSHED + _LAST_BLOCK, limit + 1)
    except zlib.error:
        raise ValueError("not a compressed message") from None
    if len(message) > limit:
        raise TooLong
    if not unpacker.eof or unpacker.unused_data not in _UNUSED:
        raise ValueError("not a whole compressed message")
    return message
