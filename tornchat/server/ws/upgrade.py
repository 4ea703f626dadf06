"""From a Tornado handshake to a socket of our own: after the answer 101 Tornado has no part in a connection.

Hand `UpgradeProtocol` out from a handler's `get_websocket_protocol`, and call `take_over` in its `open`.
Tornado keeps a stream, a task, a request and a handler per connection and reads a frame in three awaited
steps; what is left of a connection here is a socket, its inbox and its outbox.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any, NamedTuple

from tornado.iostream import IOStream
from tornado.web import RequestHandler
from tornado.websocket import WebSocketHandler

from tornchat.server.ws.extensions import agree
from tornchat.server.ws.inbox import Inbox, SocketInbox, StreamInbox
from tornchat.server.ws.outbox import Outbox, SocketOutbox, StreamOutbox
from tornchat.server.ws.tornado_private import WebSocketParams, WebSocketProtocol13, bytes_read
from tornchat.tasks import Tasks


class Line(NamedTuple):
    """Both ways of one connection."""

    inbox: Inbox
    outbox: Outbox


class UpgradeProtocol(WebSocketProtocol13):
    """The server's side of the handshake (RFC 6455, 4.2), with `compression` if the client asks for it."""

    def __init__(self, handler: WebSocketHandler, compression: bool = False) -> None:
        super().__init__(handler, mask_outgoing=False, params=WebSocketParams())
        self.window_bits: int | None = None
        """The window agreed on for what this client is sent (RFC 7692); None: nothing is compressed."""
        self._compression = compression

    def take_over(self, tasks: Tasks) -> Line:
        """Give the connection's two ways; it is the caller's from now on. `tasks` owns what reads TLS.

        Raises `ConnectionError` if the client has gone already.
        """
        stream = self.stream
        if stream is None or stream.closed():
            raise ConnectionResetError("the client went before its handshake was answered")
        stream.set_nodelay(True)
        if type(stream) is not IOStream or stream.writing():
            return Line(StreamInbox(stream, tasks), StreamOutbox(stream))
        own, early = stream.socket.dup(), bytes_read(stream)
        stream.close()  # it lets go of its own descriptor; the connection lives on in the other one
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
        return []  # nothing that is asked for, however malformed, can fail a handshake; see `_agree`

    async def _receive_frame_loop(self) -> None:
        """Nothing is read here: `open` has taken the connection over."""

    def _abort(self) -> None:
        self.client_terminated = self.server_terminated = True
        if self.stream is not None:
            self.stream.close()


def _check_key(handler: RequestHandler) -> None:
    # RFC 6455, 4.1: base64 of 16 bytes. ValueError is answered by Tornado with 400.
    if len(b64decode(handler.request.headers["Sec-WebSocket-Key"], validate=True)) != 16:
        raise ValueError("Sec-WebSocket-Key is not base64 of 16 bytes")
