"""Builds and measures unmasked WebSocket frames (RFC 6455, section 5). No I/O.

A server's frames are not masked (5.1), so that one frame can be sent to all receivers.
"""

from __future__ import annotations

from functools import partial

CONTINUATION = 0x0
TEXT = 0x1
BINARY = 0x2
CLOSE = 0x8
PING = 0x9
PONG = 0xA
"""Opcodes (RFC 6455, 5.2). `CLOSE` and higher are control frames."""

RSV1 = 0x40
"""The bit of a frame's first byte that marks a compressed message (RFC 7692, 6)."""

MAX_CONTROL_BYTES = 125
"""Maximum payload of a control frame in bytes (RFC 6455, 5.5)."""

MAX_REASON_BYTES = MAX_CONTROL_BYTES - 2
"""Maximum reason of a close frame in bytes: the code takes two bytes (RFC 6455, 5.5.1)."""


def frame(opcode: int, payload: bytes) -> bytes:
    """Return a whole message as one unmasked frame, with the shortest length encoding (RFC 6455, 5.2).

    Pass `opcode | RSV1` for a compressed payload.
    """
    first, length = 0x80 | opcode, len(payload)
    if length < 126:
        return bytes((first, length)) + payload
    if length < 1 << 16:
        return bytes((first, 126)) + length.to_bytes(2, "big") + payload
    return bytes((first, 127)) + length.to_bytes(8, "big") + payload


text_frame = partial(frame, TEXT)
"""Returns the text frame of a payload, which must be valid UTF-8 (RFC 6455, 5.6)."""


def close_frame(code: int | None = None, reason: str = "") -> bytes:
    """Return a close frame (RFC 6455, 5.5.1). The reason is truncated to fit, at a character boundary.

    Without a code the frame is empty, because a reason requires a code.
    """
    if code is None:
        return frame(CLOSE, b"")
    whole = reason.encode("utf-8", "replace")
    fitting = whole[:MAX_REASON_BYTES].decode("utf-8", "ignore").encode("utf-8")
    return frame(CLOSE, code.to_bytes(2, "big") + fitting)


def ping_frame(payload: bytes = b"") -> bytes:
    """Return a ping with a payload of at most 125 bytes (RFC 6455, 5.5.2)."""
    return _control_frame(PING, payload)


def pong_frame(payload: bytes = b"") -> bytes:
    """Return a pong, whose payload is that of the ping it answers (RFC 6455, 5.5.3)."""
    return _control_frame(PONG, payload)


def _control_frame(opcode: int, payload: bytes) -> bytes:
    if len(payload) > MAX_CONTROL_BYTES:
        raise ValueError(f"A control frame carries at most {MAX_CONTROL_BYTES} bytes, not {len(payload)}.")
    return frame(opcode, payload)


def frame_payload(data: bytes) -> bytes:
    """Return the payload of one whole, unmasked frame."""
    size = data[1]
    return data[2 if size < 126 else 4 if size == 126 else 10 :]


def frame_length(data: bytes, start: int = 0) -> int:
    """Return the length in bytes of the unmasked frame at `start`; 0 if its header is incomplete."""
    if len(data) < start + 2:
        return 0
    size = data[start + 1]
    if size < 126:
        return 2 + size
    width = 2 if size == 126 else 8
    if len(data) < start + 2 + width:
        return 0
    return 2 + width + int.from_bytes(data[start + 2 : start + 2 + width], "big")


def whole_frames(data: bytes, start: int, limit: int) -> int:
    """Return the end of the last unmasked frame within `limit` bytes of `start`; `start` if none fits.

    A control frame may be sent between two writes to a client, so that a write must not end inside a frame.
    """
    end = start
    while (length := frame_length(data, end)) and end + length <= min(len(data), start + limit):
        end += length
    return end
