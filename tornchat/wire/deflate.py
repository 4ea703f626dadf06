"""permessage-deflate (RFC 7692) without context takeover: each message is compressed by itself.

A compressed frame is therefore the same for all receivers, and no state is kept between messages.
"""

from __future__ import annotations

import zlib

from tornchat.wire.framing import RSV1, frame, frame_payload

WINDOWS = (12, 9)
"""Window sizes for compression in bits, in order of preference.

12 (4 KiB) covers nearly every message. zlib's default of 15 does not compress better, and takes eight times
as long to set up. 9 is for clients that request less than 12; zlib does not support 8.
"""
MIN_BYTES = 256
"""Shorter frames are not compressed (RFC 7692, 6): the saving would be less than the packet headers."""

_LEVEL = 6
_MEMORY_LEVEL = 5  # sufficient for a window of 12 bits; zlib's default of 8 is slower to set up
_FLUSHED = b"\x00\x00\xff\xff"  # the trailer that a sender removes (RFC 7692, 7.2.1)
_LAST_BLOCK = b"\x03\x00"  # an empty block; zlib reaches it only if all preceding blocks are complete
# A sender may set the final bit on its own last block (RFC 7692, 7.2.3.4): then zlib leaves the rest unused.
_UNUSED = frozenset((b"", _FLUSHED + _LAST_BLOCK, b"\x00" + _FLUSHED + _LAST_BLOCK))


class TooLong(Exception):
    """A message exceeds its size limit."""


def deflated(plain: bytes, window_bits: int) -> bytes:
    """Return the data frame compressed, or unchanged if it is short or does not become shorter."""
    if len(plain) < MIN_BYTES:
        return plain
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -window_bits, _MEMORY_LEVEL)
    packed = packer.compress(frame_payload(plain)) + packer.flush(zlib.Z_SYNC_FLUSH)
    shorter = frame(plain[0] & 0x0F | RSV1, packed.removesuffix(_FLUSHED))
    return min(plain, shorter, key=len)


def inflated(payload: bytes, limit: int) -> bytes:
    """Return the decompressed message, for any window size.

    Raises `TooLong` if the message has more than `limit` bytes, without inflating the rest of it. Raises
    `ValueError` if the data is invalid or incomplete.
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
