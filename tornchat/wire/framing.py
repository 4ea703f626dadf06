"""What a server writes: ready WebSocket frames (RFC 6455, section 5). Pure bytes, for every floor.

A server's frames are not masked (5.1), so one frame is the same for all who get it: build it once.
"""

from __future__ import annotations

CONTINUATION = 0x0
TEXT = 0x1
BINARY = 0x2
CLOSE = 0x8
PING = 0x9
PONG = 0xA
"""Opcodes (RFC 6455, 5.2). From `CLOSE` on they are control frames."""

RSV1 = 0x40
"""The bit of a frame's first byte that says: this message is compressed (RFC 7692, 6)."""

MAX_CONTROL_BYTES = 125
"""The longest payload of a control frame (RFC 6455, 5.5)."""

MAX_REASON_BYTES = MAX_CONTROL_BYTES - 2
"""The longest reason of a close frame: its code takes two bytes (RFC 6455, 5.5.1)."""


def frame(opcode: int, payload: bytes) -> bytes:
    """A whole message as one unmasked frame, its length in the fewest bytes (RFC 6455, 5.2).

    `opcode | RSV1` is for a payload that is compressed.
    """
    first, length = 0x80 | opcode, len(payload)
    if length < 126:
        return bytes((first, length)) + payload
    if length < 1 << 16:
        return bytes((first, 126)) + length.to_bytes(2, "big") + payload
    return bytes((first, 127)) + length.to_bytes(8, "big") + payload


def text_frame(payload: bytes) -> bytes:
    """A text message. `payload` is UTF-8 already (RFC 6455, 5.6)."""
    return frame(TEXT, payload)


def close_frame(code: int | None = None, reason: str = "") -> bytes:
    """A close frame (RFC 6455, 5.5.1), the reason cut to what fits without splitting a character.

    Without a code the frame is empty: a reason can't stand alone.
    """
    if code is None:
        return frame(CLOSE, b"")
    whole = reason.encode("utf-8", "replace")
    fitting = whole[:MAX_REASON_BYTES].decode("utf-8", "ignore").encode("utf-8")
    return frame(CLOSE, code.to_bytes(2, "big") + fitting)


def ping_frame(payload: bytes = b"") -> bytes:
    """A ping of at most 125 bytes (RFC 6455, 5.5.2)."""
    return _control_frame(PING, payload)


def pong_frame(payload: bytes = b"") -> bytes:
    """The answer to a ping: its own payload again (RFC 6455, 5.5.3)."""
    return _control_frame(PONG, payload)


def _control_frame(opcode: int, payload: bytes) -> bytes:
    if len(payload) > MAX_CONTROL_BYTES:
        raise ValueError(f"A control frame carries at most {MAX_CONTROL_BYTES} bytes, not {len(payload)}.")
    return frame(opcode, payload)


def frame_payload(data: bytes) -> bytes:
    """The payload of one whole, unmasked frame."""
    size = data[1]
    return data[2 if size < 126 else 4 if size == 126 else 10 :]


def frame_length(data: bytes, start: int = 0) -> int:
    """The length of the unmasked frame that begins at `start`, header and payload; 0 if its header is cut."""
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
    """The end of the last unmasked frame from `start` that fits in `limit` bytes; `start` if none does.

    Between two writes to a client a control frame may go out, so that none may end within a frame.
    """
    end = start
    while (length := frame_length(data, end)) and end + length <= min(len(data), start + limit):
        end += length
    return end
