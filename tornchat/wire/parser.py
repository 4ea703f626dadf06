"""A strict frame parser (RFC 6455): bytes in, whole messages and control frames out. No I/O.

It parses the frames of a client for a server, and the frames of a server for a client. In addition to the
RFC's rules, it fails the connection with 1008 for:
- more than `MAX_EMPTY_FRAGMENTS` empty frames in one message (the size limit bounds the others);
- more than `CONTROL_FRAMES_PER_SECOND` pings and pongs in one second, including pings in text messages.
"""

from __future__ import annotations

import time
from codecs import IncrementalDecoder, getincrementaldecoder
from collections.abc import Callable

from tornchat.errors import INVALID_TEXT, POLICY_VIOLATION, PROTOCOL_ERROR, TOO_BIG, Closed
from tornchat.wire.deflate import TooLong, inflated
from tornchat.wire.framing import BINARY, CLOSE, CONTINUATION, MAX_CONTROL_BYTES, PING, PONG, RSV1, TEXT

MAX_EMPTY_FRAGMENTS = 1_000
CONTROL_FRAMES_PER_SECOND = 100

Frame = tuple[int, bytes]
"""An opcode and its payload: a whole message (text is valid UTF-8) or a control frame."""

_FINAL = 0x80
_RESERVED_BITS = 0x70
_WHOLE_TEXT = _FINAL | TEXT
_OPCODES = frozenset((CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG))
_Utf8Decoder = getincrementaldecoder("utf-8")


class ProtocolFault(Closed):
    """The peer violated the protocol or a limit: close with `code` and `reason` (RFC 6455, 7.1.7)."""


class FrameParser:
    """Splits the bytes received from a peer into frames (RFC 6455, section 5).

    It buffers at most `max_message_bytes`, one frame header and one read. After a close frame or a fault all
    input is ignored. `max_message_bytes` limits a compressed message both before and after inflation.
    """

    __slots__ = (
        "_clock",
        "_compressed",
        "_controls",
        "_decoder",
        "_empties",
        "_inflates",
        "_limit",
        "_masked",
        "_message",
        "_need",
        "_opcode",
        "_over",
        "_rest",
        "_room",
        "_second",
        "_unmask",
        "fault",
    )

    def __init__(
        self,
        max_message_bytes: int,
        unmask: Callable[[bytes, bytes], bytes] | None,
        clock: Callable[[], float] = time.monotonic,
        inflates: bool = False,
    ) -> None:
        """Create a parser for one connection.

        With `unmask(mask, payload)` the parser has the server's role: every frame must be masked (RFC 6455,
        5.1). With None it has the client's role: no frame may be masked. `clock` returns seconds. `inflates`
        is true if permessage-deflate was negotiated (RFC 7692).
        """
        self.fault: ProtocolFault | None = None
        self._unmask = unmask
        self._masked = 0x80 if unmask else 0
        self._inflates = inflates
        self._limit = self._room = max_message_bytes
        self._clock = clock
        self._over = False
        self._rest: bytearray | None = None  # the start of an unfinished frame ...
        self._need = 0  # ... and the length that it must reach before it is parsed again
        self._message: bytearray | None = None  # the fragments of an unfinished message, ...
        self._opcode = CONTINUATION  # ... its opcode, ...
        self._compressed = False  # ... and whether it is compressed
        self._decoder: IncrementalDecoder | None = None
        self._empties = 0
        self._second = 0.0
        self._controls = 0

    def limit(self, max_message_bytes: int) -> None:
        """Set another maximum. A fragmented message that has begun keeps its own."""
        self._limit = max_message_bytes
        if self._message is None:
            self._room = max_message_bytes

    def feed(self, data: bytes) -> list[Frame]:
        """Parse `data` and return all complete frames, in order. Check `fault` after processing them."""
        if self._over:
            return []
        if self._rest is not None:
            self._rest += data
            if len(self._rest) < self._need:
                return []
            data, self._rest = bytes(self._rest), None
        frames: list[Frame] = []
        try:
            self._cut(data, frames)
        except ProtocolFault as fault:
            self.fault = fault.with_traceback(None)  # the traceback would keep `data` alive
            self._over, self._message = True, None
        return frames

    def _cut(self, data: bytes, frames: list[Frame]) -> None:
        # This is the hot path: whole text frames of up to 125 bytes take the fewest steps.
        start, end = 0, len(data)
        unmask, masked = self._unmask, self._masked
        header = 6 if masked else 2
        while True:
            need = 2
            if end - start < need:
                break
            first, length = data[start], data[start + 1] - masked
            if not 0 <= length <= 127:
                raise ProtocolFault(PROTOCOL_ERROR, "frame not masked" if masked else "frame masked")
            if first != _WHOLE_TEXT or self._message is not None:
                self._check_header(first, length)
            body = start + header
            if length > 125:
                wide = 2 if length == 126 else 8
                need += wide
                if end - start < need:
                    break
                length = int.from_bytes(data[start + 2 : start + need], "big")
                body += wide
            if length > self._room and not first & CLOSE:
                raise ProtocolFault(TOO_BIG, "message too big")
            stop = body + length
            if stop > end:
                need = stop - start
                break
            payload = data[body:stop] if unmask is None else unmask(data[body - 4 : body], data[body:stop])
            if first == _WHOLE_TEXT:
                if not payload.isascii():
                    _check_utf8(payload)
                frames.append((TEXT, payload))
            else:
                self._take(first, payload, frames)
                if self._over:
                    return
            start = stop
        if start < end:
            self._rest, self._need = bytearray(data[start:]), need

    def _check_header(self, first: int, length: int) -> None:
        opcode = first & 0x0F
        if first & _RESERVED_BITS and not self._begins_compressed(first):
            raise ProtocolFault(PROTOCOL_ERROR, "reserved bits set")
        if opcode not in _OPCODES:
            raise ProtocolFault(PROTOCOL_ERROR, "reserved opcode")
        if opcode >= CLOSE:
            if not first & _FINAL:
                raise ProtocolFault(PROTOCOL_ERROR, "fragmented control frame")
            if length > MAX_CONTROL_BYTES:
                raise ProtocolFault(PROTOCOL_ERROR, "control frame too long")
        elif opcode == CONTINUATION and self._message is None:
            raise ProtocolFault(PROTOCOL_ERROR, "nothing to continue")
        elif opcode != CONTINUATION and self._message is not None:
            raise ProtocolFault(PROTOCOL_ERROR, "message inside a message")

    def _begins_compressed(self, first: int) -> bool:
        # RFC 7692, 6: the bit is set only on a message's first frame, and never on a control frame.
        return self._inflates and first & _RESERVED_BITS == RSV1 and first & 0x0F in (TEXT, BINARY)

    def _take(self, first: int, payload: bytes, frames: list[Frame]) -> None:
        opcode = first & 0x0F
        if opcode < CLOSE:
            self._join(first, payload, frames)
            return
        if opcode == CLOSE:
            _check_close(payload)
            self._over, self._message = True, None
        else:
            self.count_control()
        frames.append((opcode, payload))

    def _join(self, first: int, fragment: bytes, frames: list[Frame]) -> None:
        if self._message is None:
            self._begin(first)
        assert self._message is not None
        final = bool(first & _FINAL)
        self._message += fragment
        self._room -= len(fragment)
        if self._decoder is not None:
            _check_utf8(fragment, self._decoder, final)
        if final:
            whole = self._inflate(self._message) if self._compressed else bytes(self._message)
            frames.append((self._opcode, whole))
            self._message, self._decoder, self._room = None, None, self._limit
        elif not fragment:
            self._count_empty()

    def _begin(self, first: int) -> None:
        self._message, self._opcode, self._empties = bytearray(), first & 0x0F, 0
        self._compressed = bool(first & RSV1)
        self._decoder = _Utf8Decoder() if self._opcode == TEXT and not self._compressed else None

    def _inflate(self, message: bytearray) -> bytes:
        try:
            whole = inflated(bytes(message), self._limit)
        except TooLong:
            raise ProtocolFault(TOO_BIG, "message too big") from None
        except ValueError:
            raise ProtocolFault(INVALID_TEXT, "invalid compressed data") from None
        if self._opcode == TEXT:
            _check_utf8(whole)
        return whole

    def _count_empty(self) -> None:
        self._empties += 1
        if self._empties > MAX_EMPTY_FRAGMENTS:
            raise ProtocolFault(POLICY_VIOLATION, "too many empty fragments")

    def count_control(self) -> None:
        """Count a ping or pong. Raises `ProtocolFault` if there are too many in one second."""
        now = self._clock()
        if now - self._second >= 1.0:
            self._second, self._controls = now, 0
        self._controls += 1
        if self._controls > CONTROL_FRAMES_PER_SECOND:
            raise ProtocolFault(POLICY_VIOLATION, "too many pings")


def _check_utf8(data: bytes, decoder: IncrementalDecoder | None = None, final: bool = True) -> None:
    try:
        decoder.decode(data, final) if decoder else data.decode()
        return
    except UnicodeDecodeError:
        pass  # raised below: as its context, this error would keep the client's data, and show it in a log
    raise ProtocolFault(INVALID_TEXT, "invalid UTF-8")


def _check_close(payload: bytes) -> None:
    if len(payload) == 1:
        raise ProtocolFault(PROTOCOL_ERROR, "close code of one byte")
    if payload and not _may_be_sent(int.from_bytes(payload[:2], "big")):
        raise ProtocolFault(PROTOCOL_ERROR, "illegal close code")
    _check_utf8(payload[2:])


def _may_be_sent(code: int) -> bool:
    # RFC 6455, 7.4: 1004 to 1006 and 1015 must not be sent, 1016 to 2999 are reserved, 3000 to 4999 are free.
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


def close_code_and_reason(payload: bytes) -> tuple[int | None, str | None]:
    """Return the code and reason of a close frame from `FrameParser`, None if absent (RFC 6455, 5.5.1)."""
    if not payload:
        return None, None
    return int.from_bytes(payload[:2], "big"), payload[2:].decode() or None
