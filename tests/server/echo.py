"""A server that says everything back, and the client's side of a frame: what the frame tests talk with."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from types import TracebackType

from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.testing import bind_unused_port
from tornado.web import Application
from tornado.websocket import WebSocketHandler

from tornchat.framing import BINARY, frame, text_frame
from tornchat.server.frames import FrameProtocol
from tornchat.server.tornado_private import unmask

MASK = b"\x01\x9a\xff\x42"


def client_frame(opcode: int, payload: bytes = b"", *, final: bool = True, reserved: int = 0) -> bytes:
    """A masked frame, as RFC 6455, 5.3 wants it from a client."""
    return client_header(opcode, len(payload), final=final, reserved=reserved) + unmask(MASK, payload)


def client_header(opcode: int, length: int, *, final: bool = True, reserved: int = 0) -> bytes:
    first = bytes(((0x80 if final else 0) | reserved | opcode,))
    if length < 126:
        return first + bytes((0x80 | length,)) + MASK
    if length < 1 << 16:
        return first + b"\xfe" + length.to_bytes(2, "big") + MASK
    return first + b"\xff" + length.to_bytes(8, "big") + MASK


class EchoProtocol(FrameProtocol):
    """Takes binary messages too."""

    def on_binary(self, payload):
        return self._receiver.echo(frame(BINARY, payload))


class Echo(WebSocketHandler):
    """A `FrameReceiver` that keeps notes of what happened to it, and of its state when it ended."""

    limit = 1 << 16
    protocol_class = FrameProtocol

    def initialize(self):
        self.notes, self.full, self.written, self.ended = [], False, None, asyncio.Event()
        self.application.settings["opened"].append(self)

    def check_origin(self, origin):
        return True

    def get_websocket_protocol(self):
        self.protocol = self.protocol_class(self, self.limit)
        return self.protocol

    def on_text(self, payload):
        self.notes.append(payload)
        return self.echo(text_frame(payload))

    async def echo(self, data):
        self.send_frame(data)
        await self.drain()

    def on_pong(self, payload):
        self.notes.append(("pong", payload))

    def on_fault(self, code, reason):
        self.notes.append(("fault", code))

    def on_goodbye(self):
        pass  # nothing is due: each text is echoed before the next frame is looked at

    def send_frame(self, data):
        with contextlib.suppress(StreamClosedError):
            self.written = self.protocol.stream.write(data)

    def can_send_control(self):
        return not self.full

    async def drain(self):
        with contextlib.suppress(StreamClosedError):
            await self.written

    def on_ws_connection_close(self, close_code=None, close_reason=None):
        super().on_ws_connection_close(close_code, close_reason)
        self.ended.set()

    def log_exception(
        self, typ: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.notes.append(value)


@contextlib.asynccontextmanager
async def serving(handler=Echo, port=None, ssl_options=None) -> AsyncIterator[tuple[int, list[Echo]]]:
    """A real server on loopback: its port, and the handlers of all connections in order."""
    handlers: list[Echo] = []
    server = HTTPServer(Application([("/", handler)], opened=handlers), ssl_options=ssl_options)
    if port is None:
        listening, port = bind_unused_port()
        server.add_socket(listening)
    else:
        server.listen(port, "127.0.0.1")
    try:
        yield port, handlers
    finally:
        server.stop()
        await server.close_all_connections()
        for one in handlers:
            if one.protocol.stream is not None:  # else the handshake was refused
                one.protocol._abort()
                await one.ended.wait()
