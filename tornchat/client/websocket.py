"""A WebSocket client (RFC 6455) on asyncio streams, without further dependencies."""

from __future__ import annotations

import asyncio
import os
import ssl
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Mapping
from hashlib import sha1

from tornchat.client.address import Address
from tornchat.errors import UNSUPPORTED_DATA, Closed
from tornchat.wire.framing import BINARY, CLOSE, PING, PONG, TEXT, frame
from tornchat.wire.parser import Frame, FrameParser, close_code_and_reason

MAX_MESSAGE_BYTES = 16 << 20
"""Maximum size in bytes of a message from the server. The user list of a large room fits."""
READ_BYTES = 65536
MAX_HEAD_BYTES = 65536
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
NO_STATUS = 1005


class HandshakeRefused(Exception):
    """The server refused the handshake: with an HTTP `status`, or with an invalid response (`status` 0)."""

    def __init__(self, status: int, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.retry_after = retry_after


class WebSocket:
    """An open WebSocket, created by `open_websocket`. The server or `abort` ends it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._parser = FrameParser(MAX_MESSAGE_BYTES, unmask=None)
        self._frames: deque[Frame] = deque()
        self._closing = False
        self.on_data: Callable[[], None] = _nothing
        """Called when data has been received."""

    # --- receiving ---

    async def receive(self) -> bytes:
        """Return the next text message. Pings are answered meanwhile.

        Raises `Closed` with the server's close code, or `OSError` if the connection is lost or the server
        violates the protocol.
        """
        while True:
            while self._frames:
                opcode, payload = self._frames.popleft()
                if opcode == TEXT:
                    return payload
                self._control(opcode, payload)
            await self._read()

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self._write(PONG, payload)
        elif opcode == CLOSE:
            raise self._goodbye(payload)
        elif opcode == BINARY:
            raise self._fault(UNSUPPORTED_DATA, "the message is binary")

    async def _read(self) -> None:
        if self._parser.fault is not None:
            raise self._fault(self._parser.fault.code, self._parser.fault.reason)
        data = await self._reader.read(READ_BYTES)
        if not data:
            raise ConnectionResetError("the connection broke off")
        self.on_data()
        self._frames.extend(self._parser.feed(data))

    def _goodbye(self, payload: bytes) -> Closed:
        if not self._closing:
            self._closing = True
            self._write(CLOSE, payload[:2])
        self._writer.close()
        code, reason = close_code_and_reason(payload)
        return Closed(NO_STATUS if code is None else code, reason or "")

    def _fault(self, code: int, reason: str) -> OSError:
        self.say_goodbye(code)
        return ConnectionAbortedError(f"the server broke the WebSocket protocol: {reason}")

    # --- sending ---

    def send(self, payload: bytes) -> None:
        """Write a text message. If the connection has ended, the message is silently discarded."""
        self._write(TEXT, payload)

    def _write(self, opcode: int, payload: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(masked_frame(opcode, payload))

    # --- the end ---

    def say_goodbye(self, code: int = 1000) -> None:
        """Start the closing handshake. The server sends its pending frames before it answers. Idempotent."""
        if not self._closing:
            self._closing = True
            self._write(CLOSE, code.to_bytes(2, "big"))

    def abort(self) -> None:
        """Close the connection at once, without a closing handshake. Idempotent."""
        self._writer.transport.abort()


def _nothing() -> None:
    """Do nothing."""


def masked_frame(opcode: int, payload: bytes) -> bytes:
    """Return a message as one masked frame, as clients must send it (RFC 6455, 5.3)."""
    head = bytearray(frame(opcode, payload)[: -len(payload) or None])
    head[1] |= 0x80
    mask = os.urandom(4)
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
    return bytes(head) + mask + masked.to_bytes(size, "big")


# --- the handshake --------------------------------------------------------------------------------------


async def open_websocket(
    address: Address,
    target: str,
    headers: Mapping[str, str],
    subprotocol: str,
    context: ssl.SSLContext | None = None,
) -> WebSocket:
    """Connect and perform the handshake. `context` replaces the default TLS context for wss.

    Raises `HandshakeRefused` if the server refuses or does not select `subprotocol`, and `OSError`.
    """
    reader, writer = await asyncio.open_connection(
        address.host, address.port, ssl=(context or True) if address.secure else None, limit=MAX_HEAD_BYTES
    )
    try:
        key = b64encode(os.urandom(16))
        writer.write(_request(address, target, {**headers, "Sec-WebSocket-Protocol": subprotocol}, key))
        status, answer = _parsed(await _head(reader))
        if status != 101:
            raise HandshakeRefused(
                status, f"it answers with HTTP status {status}", _seconds(answer.get("retry-after", ""))
            )
        accept = b64encode(sha1(key + GUID, usedforsecurity=False).digest()).decode()
        agreed = answer.get("sec-websocket-accept"), answer.get("sec-websocket-protocol")
        if agreed != (accept, subprotocol):
            raise HandshakeRefused(0, "it does not speak tornchat.v1")
    except BaseException:
        writer.transport.abort()
        raise
    return WebSocket(reader, writer)


def _request(address: Address, target: str, headers: Mapping[str, str], key: bytes) -> bytes:
    fields = {
        "Host": address.authority,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": key.decode(),
        "Sec-WebSocket-Version": "13",
        **headers,
    }
    lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode("ascii")


async def _head(reader: asyncio.StreamReader) -> str:
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError as cut:
        if cut.partial and not cut.partial.startswith(b"HTTP/1.1 "[: len(cut.partial)]):
            raise HandshakeRefused(0, "it speaks no HTTP") from None
        raise ConnectionResetError("the connection broke off in the handshake") from None
    except asyncio.LimitOverrunError:
        raise HandshakeRefused(0, "its answer is too long") from None


def _parsed(head: str) -> tuple[int, dict[str, str]]:
    line, *fields = head.split("\r\n")
    version, _, status = line.partition(" ")
    if version != "HTTP/1.1" or not status[:3].isdecimal():
        raise HandshakeRefused(0, "it speaks no HTTP/1.1")
    pairs = (field.partition(":") for field in fields if field)
    return int(status[:3]), {name.strip().lower(): value.strip() for name, _, value in pairs}


def _seconds(text: str) -> float | None:
    return float(text) if text.isdecimal() else None
