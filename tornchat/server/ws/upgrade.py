"""Takeover of the socket from Tornado after the handshake.

A handler returns an `UpgradeProtocol` from `get_websocket_protocol` and calls `take_over` in `open`. Tornado
would keep a stream, a task, a request and a handler per connection, and would read each frame in three
awaited steps. After the takeover a connection consists of a socket, its inbox and its outbox.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any, NamedTuple

from tornado.iostream import IOStream
from tornado.web import RequestHandler
from tornado.websocket import WebSocketHandler

from tornchat.server.edge.tornado_private import (
    WebSocketParams,
    WebSocketProtocol13,
    bytes_read,
    release_socket,
)
from tornchat.server.ws.extensions import agree
from tornchat.server.ws.inbox import Inbox, SocketInbox, StreamInbox
from tornchat.server.ws.outbox import Outbox, SocketOutbox, StreamOutbox
from tornchat.tasks import Tasks


class Line(NamedTuple):
    """The inbox and the outbox of a connection."""

    inbox: Inbox
    outbox: Outbox


class UpgradeProtocol(WebSocketProtocol13):
    """The server's side of the handshake (RFC 6455, 4.2). `compression` enables permessage-deflate."""

    def __init__(self, handler: WebSocketHandler, compression: bool = False) -> None:
        super().__init__(handler, mask_outgoing=False, params=WebSocketParams())
        self.window_bits: int | None = None
        """The negotiated window for frames sent to the client (RFC 7692); None: no compression."""
        self._compression = compression

    def take_over(self, tasks: Tasks) -> Line:
        """Detach the connection from Tornado and return its inbox and outbox, which the caller must close.

        `tasks` owns the task that reads a TLS stream. Raises `ConnectionError` if the client has
        disconnected.
        """
        stream = self.stream
        if stream is None or stream.closed():
            raise ConnectionResetError("the client went before its handshake was answered")
        stream.set_nodelay(True)
        if type(stream) is not IOStream or stream.writing():
            return Line(StreamInbox(stream, tasks), StreamOutbox(stream))
        early = bytes_read(stream)
        own = release_socket(stream)
        return Line(SocketInbox(own, early), SocketOutbox(own))

    def _handle_websocket_headers(self, handler: Any) -> None:
        super()._handle_websocket_headers(handler)
        _check_key(handler)
        if self._compression:
            self._agree(handler)

    def _agree(self, handler: RequestHandler) -> None:
        agreed = agree(handler.request.headers.get_list("Sec-WebSocket-Extensions"))
        if agreed is not None:
            handler.set_header("Sec-WebSocket-Extensions", agreed.header)
            self.window_bits = agreed.window_bits

    def _parse_extensions_header(self, headers: Any) -> list[Any]:
        return []  # a malformed header must not fail the handshake; `_agree` negotiates

    async def _receive_frame_loop(self) -> None:
        """Do nothing, since `open` has taken the connection over."""

    def _abort(self) -> None:
        self.client_terminated = self.server_terminated = True
        if self.stream is not None:
            self.stream.close()


def _check_key(handler: RequestHandler) -> None:
    # RFC 6455, 4.1: base64 of 16 bytes. Tornado answers ValueError with 400.
    if len(b64decode(handler.request.headers["Sec-WebSocket-Key"], validate=True)) != 16:
        raise ValueError("Sec-WebSocket-Key is not base64 of 16 bytes")
