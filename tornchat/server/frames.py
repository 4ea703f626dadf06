"""One client's side of a WebSocket: many frames per read, and both ways of ending it (RFC 6455, 5 and 7).

Hand `FrameProtocol` out from a handler's `get_websocket_protocol`. Tornado reads a frame in three awaited
steps; here one read takes what the socket has, which halves what a message costs.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from base64 import b64decode
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Protocol, cast

from tornado.iostream import IOStream, StreamClosedError
from tornado.web import RequestHandler

from tornchat.errors import UNSUPPORTED_DATA
from tornchat.framing import CLOSE, PING, PONG, TEXT, close_frame, frame, pong_frame
from tornchat.server.extensions import agree
from tornchat.server.parser import FrameParser, close_code_and_reason
from tornchat.server.tornado_private import WebSocketParams, WebSocketProtocol13

READ_BYTES = 65_536
CLOSE_SECONDS = 5.0
"""How long a client has to answer our close frame (RFC 6455, 7.1.1) before it is cut off."""
LINGER_SECONDS = 1.0
"""How long a client has to take our last frames and close TCP once all is said."""

_YIELD_AFTER = 256 * 1024  # bytes; reads of what has already arrived never wait, so others would starve
_FRAME_COST = 1024  # what a frame or a read costs beyond its bytes, in bytes


class FrameReceiver(Protocol):
    """What a handler offers to `FrameProtocol`."""

    def on_text(self, payload: bytes) -> Awaitable[None] | None:
        """A text message, valid UTF-8. An awaitable is awaited before the next frame is looked at."""

    def on_pong(self, payload: bytes) -> None:
        """The client answered a ping, or sends pongs unasked (RFC 6455, 5.5.3)."""

    def on_fault(self, code: int, reason: str) -> None:
        """The client broke the rules: note it. The connection is closed with this code afterwards."""

    def on_goodbye(self) -> None:
        """The client closes the connection. Send what is still due: after the answer nothing may follow."""

    def send_frame(self, data: bytes) -> None:
        """Write a ready frame, in order with everything else this client gets. Never raises, never waits."""

    def can_send_control(self) -> bool:
        """False while so much waits to be sent that pongs would pile up behind it."""

    async def drain(self) -> None:
        """Wait until all of `send_frame` is with the kernel. Returns at once when the connection is gone."""

    def on_ws_connection_close(self, close_code: int | None = None, close_reason: str | None = None) -> None:
        """The connection is over. The code is the client's, None when it said nothing."""

    def log_exception(
        self, typ: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Log what one of the methods above raised; the connection is cut off then."""


class FrameProtocol(WebSocketProtocol13):
    """The server side of RFC 6455 for one connection, with no pings of its own.

    With `compression` it inflates what a client sends that agreed on it; what is written to that client
    may be compressed with `window_bits` (RFC 7692).
    """

    def __init__(
        self,
        receiver: FrameReceiver,
        max_message_bytes: int,
        clock: Callable[[], float] = time.monotonic,
        compression: bool = False,
    ) -> None:
        params = WebSocketParams(max_message_size=max_message_bytes)
        super().__init__(cast(Any, receiver), mask_outgoing=False, params=params)
        self._receiver = receiver
        self._parser = FrameParser(max_message_bytes, clock)
        self.window_bits: int | None = None
        """The window agreed on for what this client is sent; None: nothing is compressed."""
        self._compression = compression
        self._late_pong: bytes | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Send a close frame, once (RFC 6455, 5.5.1). What the client says from now on is not delivered."""
        if self.server_terminated or self.stream.closed():
            return
        self.server_terminated = True
        code = 1000 if code is None and reason else code
        self._receiver.send_frame(close_frame(code, reason or ""))
        self._deadline = asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._abort)

    def on_drained(self) -> None:
        """Answer the newest ping that found the way to the client full (RFC 6455, 5.5.3)."""
        payload, self._late_pong = self._late_pong, None
        if payload is not None:
            self._answer_ping(payload)

    def on_binary(self, payload: bytes) -> Awaitable[None] | None:
        """Refuse a binary message (1003). Override to take it."""
        self._refuse(UNSUPPORTED_DATA, "binary messages are not accepted")
        return None

    def _handle_websocket_headers(self, handler: Any) -> None:
        super()._handle_websocket_headers(handler)
        _check_key(handler)
        if self._compression:
            self._agree(handler)

    def _agree(self, handler: RequestHandler) -> None:
        agreed = agree(handler.request.headers.get_list("Sec-WebSocket-Extensions"))
        if agreed is not None:
            handler.set_header("Sec-WebSocket-Extensions", agreed.header)
            self.window_bits, self._parser.inflates = agreed.window_bits, True

    def _parse_extensions_header(self, headers: Any) -> list[Any]:
        return []  # nothing that is asked for, however malformed, can fail a handshake; see `_agree`

    def _write_frame(self, fin: bool, opcode: int, data: bytes, flags: int = 0) -> asyncio.Future[None]:
        # Tornado's own `write_message` and `ping` would else overtake what waits in the outbox.
        self._receiver.send_frame(frame(opcode, data))
        sent = asyncio.get_running_loop().create_future()
        sent.set_result(None)
        return sent

    def _abort(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        super()._abort()

    async def _receive_frame_loop(self) -> None:
        try:
            await self._receive()
            await self._linger()
        except StreamClosedError:
            pass
        except Exception:
            self._receiver.log_exception(*sys.exc_info())
        finally:
            self._abort()
            self._receiver.on_ws_connection_close(self.close_code, self.close_reason)

    async def _receive(self) -> None:
        work = 0
        while not self.client_terminated:
            data = await self.stream.read_bytes(READ_BYTES, partial=True)
            work += len(data) + _FRAME_COST
            for opcode, payload in self._parser.feed(data):
                waiting = self._deliver(opcode, payload)
                if waiting is not None:
                    await waiting
                if self.client_terminated:
                    break
                work += _FRAME_COST
                if work >= _YIELD_AFTER:
                    work = 0
                    await asyncio.sleep(0)
            if self._parser.fault is not None:
                self._refuse(self._parser.fault.code, self._parser.fault.reason)

    async def _linger(self) -> None:
        # Closing a socket that holds unread data resets it, and the client may lose our close frame.
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                await self._receiver.drain()
                _end_writing(self.stream)
                while True:
                    await self.stream.read_bytes(READ_BYTES, partial=True)
                    await asyncio.sleep(0)
        except TimeoutError:
            pass

    def _deliver(self, opcode: int, payload: bytes) -> Awaitable[None] | None:
        if opcode == TEXT:
            return None if self.server_terminated else self._receiver.on_text(payload)
        if opcode == PING:
            self._answer_ping(payload)
        elif opcode == PONG:
            self._receiver.on_pong(payload)
        elif opcode == CLOSE:
            self._answer_close(payload)
        elif not self.server_terminated:
            return self.on_binary(payload)
        return None

    def _answer_ping(self, payload: bytes) -> None:
        if self.server_terminated:
            return
        if self._receiver.can_send_control():
            self._late_pong = None
            self._receiver.send_frame(pong_frame(payload))
        else:
            self._late_pong = payload

    def _answer_close(self, payload: bytes) -> None:
        self.client_terminated = True
        self.close_code, self.close_reason = close_code_and_reason(payload)
        if not self.server_terminated:
            self._receiver.on_goodbye()
        self.close(self.close_code)

    def _refuse(self, code: int, reason: str) -> None:
        if not self.server_terminated:
            self._receiver.on_fault(code, reason)
            self.close(code, reason)
        self.client_terminated = True


def _check_key(handler: RequestHandler) -> None:
    # RFC 6455, 4.1: base64 of 16 bytes. ValueError is answered by Tornado with 400.
    if len(b64decode(handler.request.headers["Sec-WebSocket-Key"], validate=True)) != 16:
        raise ValueError("Sec-WebSocket-Key is not base64 of 16 bytes")


def _end_writing(stream: IOStream) -> None:
    if stream.closed():
        return
    try:
        # Not the TLS socket's own shutdown: that one would go on reading without decryption.
        socket.socket.shutdown(stream.socket, socket.SHUT_WR)
    except OSError:
        pass  # the client was faster
