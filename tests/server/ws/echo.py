"""A server that says everything back, and the client's side of a frame: what the frame tests talk with."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application
from tornado.websocket import WebSocketHandler

from tornchat.server.edge.tornado_private import unmask
from tornchat.server.ws.frames import Frames
from tornchat.server.ws.upgrade import UpgradeProtocol
from tornchat.tasks import Tasks
from tornchat.wire.framing import BINARY, frame, text_frame
from tornchat.wire.parser import FrameParser

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


class BinaryFrames(Frames):
    """Takes binary messages too."""

    def on_binary(self, payload):
        return self._receiver.echo(frame(BINARY, payload))


class Echo(WebSocketHandler):
    """A `FrameReceiver` that keeps notes of what happened to it, and of its state when it ended."""

    limit = 1 << 16
    compression = False
    frames_class = Frames

    def initialize(self):
        self.notes, self.ended, self.code = [], asyncio.Event(), None
        self.frames, self.window_bits, self.was_busy = None, None, False
        self.application.settings["opened"].append(self)

    def check_origin(self, origin):
        return True

    def get_websocket_protocol(self):
        return UpgradeProtocol(self, self.compression)

    def open(self):
        tasks = self.application.settings["tasks"]
        line = self.ws_connection.take_over(tasks)
        self.window_bits = self.ws_connection.window_bits
        parser = FrameParser(self.limit, unmask, inflates=self.window_bits is not None)
        self.frames = self.frames_class(self, line.inbox, line.outbox, parser, tasks)
        self.begin()
        self.frames.start()

    def begin(self):
        """What a server does before it reads."""

    def on_text(self, payload):
        self.notes.append(payload)
        return self.echo(text_frame(payload))

    async def echo(self, data):
        outbox = self.frames.outbox
        if not outbox.write(data):
            with contextlib.suppress(ConnectionError):
                await outbox.drained()

    def on_pong(self, payload):
        self.notes.append(("pong", payload))

    def on_fault(self, code, reason):
        self.notes.append(("fault", code))

    def on_goodbye(self):
        """Nothing is due: each text is echoed before the next frame is looked at."""

    def on_busy(self):
        self.was_busy = True

    def on_drained(self):
        """Who waits for it asks the outbox."""

    def on_hangup(self):
        self.frames.abort()

    def on_failure(self, error):
        self.notes.append(error)

    def on_end(self, code):
        self.code = code
        self.ended.set()


@contextlib.asynccontextmanager
async def serving(handler=Echo, port=None, ssl_options=None) -> AsyncIterator[tuple[int, list[Echo]]]:
    """A real server on loopback: its port, and the handlers of all connections in order."""
    handlers: list[Echo] = []
    tasks = Tasks()
    server = HTTPServer(Application([("/", handler)], opened=handlers, tasks=tasks), ssl_options=ssl_options)
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
            if one.frames is not None:  # else the handshake was refused
                one.frames.abort()
                await one.ended.wait()
        await tasks.close()
