"""A WebSocket as a client has it (RFC 6455), on asyncio's streams: nothing else needs to be installed."""

from __future__ import annotations

import asyncio
import os
import ssl
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha1
from typing import NamedTuple

from tornchat.client.address import Address
from tornchat.errors import PROTOCOL_ERROR, UNSUPPORTED_DATA, Closed
from tornchat.wire.framing import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame

MAX_MESSAGE_BYTES = 16 << 20
"""More than any user list; a peer that sends more is none of ours."""
MAX_HEAD_BYTES = 65536
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
NO_STATUS = 1005


class Refusal(Exception):
    """The handshake was answered with another status than 101, or not as RFC 6455 says (`status` 0)."""

    def __init__(self, status: int, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.retry_after = retry_after


class WebSocket:
    """One open connection. Made by `open_websocket`; ended by the server or by `abort`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._now = asyncio.get_running_loop().time
        self._closing = False
        self.heard_at = self._now()
        """When the server was last heard, by the loop's clock."""

    # --- hearing ---

    async def receive(self) -> bytes:
        """The next text message; pings are answered meanwhile.

        Raises `Closed` with the server's close code, or `OSError` if the connection broke off.
        """
        whole = bytearray()
        opcode = TEXT
        while True:
            part = await self._next_part()
            if part.opcode != CONTINUATION:
                opcode = part.opcode
            whole += part.payload
            if len(whole) > MAX_MESSAGE_BYTES:
                raise self._fault(PROTOCOL_ERROR, "the message is too long")
            if part.final:
                if opcode != TEXT:
                    raise self._fault(UNSUPPORTED_DATA, "the message is binary")
                return bytes(whole)

    async def _next_part(self) -> _Frame:
        """The next frame of a message; control frames are dealt with."""
        while True:
            found = await self._frame()
            self.heard_at = self._now()
            if found.opcode in (TEXT, BINARY, CONTINUATION):
                return found
            if found.opcode == PING:
                self._write(PONG, found.payload)
            elif found.opcode == CLOSE:
                raise self._goodbye(found.payload)
            elif found.opcode != PONG:
                raise self._fault(PROTOCOL_ERROR, "the opcode is unknown")

    async def _frame(self) -> _Frame:
        try:
            first, second = await self._reader.readexactly(2)
            size = second & 0x7F
            if first & 0x70 or second & 0x80:
                raise self._fault(PROTOCOL_ERROR, "a server's frame has neither mask nor extension")
            if size > 125:
                size = int.from_bytes(await self._reader.readexactly(2 if size == 126 else 8), "big")
            if size > MAX_MESSAGE_BYTES:
                raise self._fault(PROTOCOL_ERROR, "the frame is too long")
            return _Frame(first & 0x0F, bool(first & 0x80), await self._reader.readexactly(size))
        except asyncio.IncompleteReadError:
            raise ConnectionResetError("the connection broke off") from None

    def _goodbye(self, payload: bytes) -> Closed:
        if not self._closing:
            self._closing = True
            self._write(CLOSE, payload[:2])
        self._writer.close()
        code = int.from_bytes(payload[:2], "big") if len(payload) > 1 else NO_STATUS
        return Closed(code, payload[2:].decode("utf-8", "replace"))

    def _fault(self, code: int, reason: str) -> OSError:
        self.say_goodbye(code)
        return ConnectionAbortedError(f"what comes is no WebSocket of ours: {reason}")

    # --- saying ---

    def send(self, payload: bytes) -> None:
        """Write a text message. What is written to a connection that has ended is lost without a word."""
        self._write(TEXT, payload)

    def ping(self) -> None:
        """Ask for a sign of life."""
        self._write(PING, b"")

    def _write(self, opcode: int, payload: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(masked_frame(opcode, payload))

    # --- the end ---

    def say_goodbye(self, code: int = 1000) -> None:
        """Begin the close: the server answers with its own, after what is due. Idempotent."""
        if not self._closing:
            self._closing = True
            self._write(CLOSE, code.to_bytes(2, "big"))

    def abort(self) -> None:
        """Cut the connection off. Idempotent."""
        self._writer.transport.abort()


class _Frame(NamedTuple):
    opcode: int
    final: bool
    payload: bytes


def masked_frame(opcode: int, payload: bytes) -> bytes:
    """A whole message as one frame with a mask, as clients write it (RFC 6455, 5.3)."""
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
    """Connect and shake hands. `context` is for wss, in place of the system's certificates.

    Raises `Refusal` if what answers does not speak `subprotocol`, and `OSError`.
    """
    reader, writer = await asyncio.open_connection(
        address.host, address.port, ssl=(context or True) if address.secure else None, limit=MAX_HEAD_BYTES
    )
    try:
        key = b64encode(os.urandom(16))
        writer.write(_request(address, target, {**headers, "Sec-WebSocket-Protocol": subprotocol}, key))
        status, answer = _parsed(await _head(reader))
        if status != 101:
            raise Refusal(
                status, f"it answers with HTTP status {status}", _seconds(answer.get("retry-after", ""))
            )
        accept = b64encode(sha1(key + GUID, usedforsecurity=False).digest()).decode()
        agreed = answer.get("sec-websocket-accept"), answer.get("sec-websocket-protocol")
        if agreed != (accept, subprotocol):
            raise Refusal(0, "it does not speak tornchat.v1")
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
            raise Refusal(0, "it speaks no HTTP") from None
        raise ConnectionResetError("the connection broke off in the handshake") from None
    except asyncio.LimitOverrunError:
        raise Refusal(0, "its answer is too long") from None


def _parsed(head: str) -> tuple[int, dict[str, str]]:
    line, *fields = head.split("\r\n")
    version, _, status = line.partition(" ")
    if version != "HTTP/1.1" or not status[:3].isdecimal():
        raise Refusal(0, "it speaks no HTTP/1.1")
    pairs = (field.partition(":") for field in fields if field)
    return int(status[:3]), {name.strip().lower(): value.strip() for name, _, value in pairs}


def _seconds(text: str) -> float | None:
    return float(text) if text.isdecimal() else None
