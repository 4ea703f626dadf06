"""The HTTP server of `tornchat serve`: it counts connections, and refuses those that are too many."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from functools import partial
from typing import Any

import tornado.platform.asyncio  # noqa: F401 (otherwise imported at the first connection)
from tornado.http1connection import HTTP1ConnectionParameters
from tornado.httpserver import HTTPServer
from tornado.httputil import (
    HTTPConnection,
    HTTPMessageDelegate,
)
from tornado.iostream import IOStream, SSLIOStream

from tornchat.rates import network_of
from tornchat.server.edge.acceptor import Acceptor, peer_of, refuse
from tornchat.server.edge.doorstep import MOST_PER_TURN, Doorstep
from tornchat.server.edge.edge import Edge
from tornchat.server.edge.gates import FewHeaders, OnlyProbes
from tornchat.tasks import Turns

SPARE = 8
"""Connections beyond the limit that are read from, for the probes' sake; more are refused unread."""
SPARE_OF_AN_ADDRESS = 2
"""How many of them one address may have: else it would hold all, and a live server would look dead."""
SPARE_SECONDS = 2.0
"""How long one of them may take to send its request."""
HEADER_BYTES = 65536
SILENT_SECONDS = 60.0
"""How long a client may send nothing, if the server sets no other limit."""


class EdgeServer(HTTPServer):
    """Tornado's server with the limits of `edge`. Set up with `guard`, then `add_sockets`."""

    _edge: Edge
    _acceptor: Acceptor | None = None
    _limited = True
    _context: ssl.SSLContext | None = None

    def guard(self, edge: Edge, limited: bool = True) -> None:
        """Use the limits of `edge`. Without `limited`, connections are neither counted nor refused."""
        self._edge = edge
        self._limited = limited
        self._spare: dict[IOStream, str] = {}
        """Connections beyond the limit -> the address, which for IPv6 is the /64 network."""
        self._served: set[IOStream] = set()
        """Connections that have sent a request."""
        self._turns = Turns(MOST_PER_TURN)

    def encrypt(self, context: ssl.SSLContext | None) -> None:
        """Use TLS with `context` for the connections accepted from now on; None: no TLS."""
        self._context = context

    def add_sockets(self, sockets: Iterable[socket.socket]) -> None:
        """Accept connections on these listening sockets. Once."""
        self._doorstep = Doorstep()
        self._acceptor = Acceptor(sockets, self._admit, self._edge)

    def stop(self) -> None:
        if self._acceptor is not None:
            self._acceptor.close()
            self._doorstep.close()
        super().stop()

    def _admit(self, connection: socket.socket, peer: str) -> None:
        edge = self._edge
        if not self._limited:
            self._handle(connection)
        elif not edge.admits(peer):
            refuse(connection, 429)
        elif not edge.is_full:
            self._handle(connection)
        else:
            edge.offenders.note("connections", "this server", "more connections are refused with 503")
            if self._may_spare(peer):
                self._handle(connection, spare=True)
            else:
                refuse(connection, 503)

    def _may_spare(self, peer: str) -> bool:
        own = sum(network == network_of(peer) for network in self._spare.values())
        return len(self._spare) < SPARE and own < SPARE_OF_AN_ADDRESS

    def _handle(self, connection: socket.socket, spare: bool = False) -> None:
        try:
            address = connection.getpeername()
            stream = IOStream(connection)
        except OSError:  # the client has gone
            connection.close()
            return
        self._count(stream, peer_of(address), spare)
        given = _brief() if spare else self.conn_params
        serve = partial(self._serve, stream, address, given)
        if self._context is not None:
            serve = partial(self._serve_encrypted, stream, self._context, address, given)
        seconds = given.header_timeout or SILENT_SECONDS
        self._doorstep.wait(stream, seconds, serve, partial(self._turn_out, stream))

    def _count(self, stream: IOStream, peer: str, spare: bool) -> None:
        if spare:
            self._spare[stream] = network_of(peer)
        if self._limited:
            self._edge.opened(stream, peer)

    def _turn_out(self, stream: IOStream) -> None:
        stream.close()
        self._forget(stream)

    def _serve_encrypted(
        self, waiting: IOStream, context: ssl.SSLContext, address: Any, given: HTTP1ConnectionParameters
    ) -> None:
        """Serve a connection over TLS. The handshake is made while the request is read.

        The stream is encrypted only now, since a stream with TLS reads from its beginning: connections whose
        handshakes begin together would all be served in one turn of the loop.
        """
        spare = waiting in self._spare
        self._forget(waiting)
        try:
            plain = waiting.socket
            secure = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
            stream = SSLIOStream(secure)
        except (OSError, ValueError):  # the client has gone
            waiting.close()
            return
        self._count(stream, peer_of(address), spare)
        self._serve(stream, address, given)

    def _serve(self, stream: IOStream, address: Any, given: HTTP1ConnectionParameters) -> None:
        """Serve a connection. Any: a UNIX socket's address is no tuple."""
        self._edge.readers.watch(stream)
        usual, self.conn_params = self.conn_params, given
        try:
            self.handle_stream(stream, address)
        finally:
            self.conn_params = usual

    def start_request(self, server_conn: Any, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        """Return what is told of a request's parts. Any: Tornado's own type of connection."""
        delegate, stream = super().start_request(server_conn, request_conn), server_conn.stream
        if stream in self._spare:
            delegate = OnlyProbes(delegate, request_conn)
        turns = self._turns if stream in self._served else None  # the first request has had its turn
        self._served.add(stream)
        return FewHeaders(delegate, request_conn, turns)

    def on_close(self, server_conn: Any) -> None:
        super().on_close(server_conn)
        self._forget(server_conn.stream)

    def _forget(self, stream: IOStream) -> None:
        self._edge.readers.forget(stream)
        self._spare.pop(stream, None)
        self._served.discard(stream)
        self._edge.closed(stream)


def _brief() -> HTTP1ConnectionParameters:
    return HTTP1ConnectionParameters(
        no_keep_alive=True,
        max_header_size=HEADER_BYTES,
        max_body_size=HEADER_BYTES,
        header_timeout=SPARE_SECONDS,
        body_timeout=SPARE_SECONDS,
    )
