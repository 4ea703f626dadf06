"""Connections that come together are served a few per turn of the loop, with TLS as well."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest
from tornado.iostream import IOStream
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from tests.tls import Certificate, make_certificate
from tornchat.config.settings import Settings
from tornchat.metrics.counts import Counts
from tornchat.server.edge.doorstep import MOST_PER_TURN
from tornchat.server.edge.edge import Edge
from tornchat.server.edge.server import EdgeServer

CLIENTS = 100


@pytest.fixture
def files(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path)


class Turns:
    """Counts the turns of the running loop."""

    def __init__(self) -> None:
        self.now = 0
        self._loop = asyncio.get_running_loop()
        self._next()

    def _next(self) -> None:
        self.now += 1
        self._loop.call_soon(self._next)


@asynccontextmanager
async def opened(files: Certificate, **limits: float) -> AsyncIterator[tuple[EdgeServer, Edge, int]]:
    edge = Edge(Settings())
    edge.begin(Counts())
    server = EdgeServer(Application(), **limits)
    server.guard(edge)
    server.encrypt(files.server())
    listening = bind_sockets(0, "127.0.0.1", backlog=2 * CLIENTS)
    server.add_sockets(listening)
    try:
        yield server, edge, listening[0].getsockname()[1]
    finally:
        server.stop()
        await server.close_all_connections()


def hello(files: Certificate) -> bytes:
    """The first bytes of a TLS handshake."""
    to_server = ssl.MemoryBIO()
    client = files.client().wrap_bio(ssl.MemoryBIO(), to_server, server_hostname="127.0.0.1")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return to_server.read()


def test_tls_handshakes_that_come_together_begin_in_many_turns(
    files: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play() -> Counter[int]:
        async with opened(files) as (_, _, port):
            turns, begun, all_begun = Turns(), Counter[int](), asyncio.Event()
            wrap = ssl.SSLContext.wrap_socket

            def counted(context: ssl.SSLContext, sock: socket.socket, **options: bool) -> ssl.SSLSocket:
                begun[turns.now] += 1
                if begun.total() == CLIENTS:
                    all_begun.set()
                return wrap(context, sock, **options)

            monkeypatch.setattr(ssl.SSLContext, "wrap_socket", counted)
            first = hello(files)
            with ExitStack() as stack:
                for _ in range(CLIENTS):  # the loop does not turn meanwhile, so all are ready together
                    client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                    client.sendall(first)
                await asyncio.wait_for(all_begun.wait(), 10)
            return begun

    begun = asyncio.run(play())
    assert max(begun.values()) <= MOST_PER_TURN


def test_a_client_over_tls_is_served_and_counted_until_it_ends(files: Certificate) -> None:
    async def play() -> None:
        async with opened(files) as (_, edge, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=files.client())
            for _ in range(2):
                writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
                assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.1 404")
                await asyncio.wait_for(reader.readuntil(b"</html>"), 10)
            assert edge.connections == 1
            writer.write(b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
            await asyncio.wait_for(reader.read(), 10)
            writer.close()
            assert edge.connections == 0

    asyncio.run(play())


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\n\r\n"], ids=["nothing", "no TLS"])
def test_who_makes_no_tls_handshake_is_closed_and_no_longer_counted(files: Certificate, sent: bytes) -> None:
    async def play() -> None:
        none_is_left = asyncio.get_running_loop().create_future()
        async with opened(files, idle_connection_timeout=0.2) as (server, edge, port):
            forget = server._forget

            def forgotten(stream: IOStream) -> None:
                forget(stream)
                if stream.closed() and not edge.connections:
                    none_is_left.set_result(None)

            server._forget = forgotten
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            with suppress(ConnectionResetError):
                await asyncio.wait_for(reader.read(), 10)
            writer.close()
            await asyncio.wait_for(none_is_left, 10)

    asyncio.run(play())


class Counted(RequestHandler):
    """Counts the turns of the loop in which its requests begin."""

    def initialize(self, turns: Turns, begun: Counter[int]) -> None:
        begun[turns.now] += 1

    def get(self) -> None:
        self.write("served")


def test_later_requests_that_come_together_begin_in_many_turns(files: Certificate) -> None:
    """Otherwise, clients that keep their connections would all be served in one turn of the loop."""
    ask = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"

    async def play() -> Counter[int]:
        async with opened(files) as (server, _, port):
            server.encrypt(None)
            turns, begun = Turns(), Counter[int]()
            server.request_callback = Application([(r"/", Counted, {"turns": turns, "begun": begun})])
            loop = asyncio.get_running_loop()
            with ExitStack() as stack:
                clients = [
                    stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(CLIENTS)
                ]
                async with asyncio.timeout(20):
                    for client in clients:
                        client.setblocking(False)
                        client.send(ask)
                        await loop.sock_recv(client, 4096)
                    begun.clear()
                    for client in clients:  # the loop does not turn meanwhile, so all are ready together
                        client.send(ask)
                    for client in clients:
                        assert b"served" in await loop.sock_recv(client, 4096)
            return begun

    begun = asyncio.run(play())
    assert begun.total() == CLIENTS
    assert max(begun.values()) <= MOST_PER_TURN
