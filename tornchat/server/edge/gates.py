"""Gates that requests pass before they are served by the server of our own."""

from __future__ import annotations

import abc
from collections.abc import Awaitable

from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    RequestStartLine,
    ResponseStartLine,
)

from tornchat.server.edge.edge import FULL_RETRY_SECONDS
from tornchat.server.edge.headers import SECURITY_HEADERS
from tornchat.tasks import Turns

PROBES = ("/healthz", "/readyz", "/metrics")
"""Paths that are answered on spare connections: a full server is alive, and says that it is full."""
MOST_HEADERS = 200


class Gate(HTTPMessageDelegate, abc.ABC):
    """Passes on the requests that it admits, and answers all others by itself."""

    def __init__(self, delegate: HTTPMessageDelegate, connection: HTTPConnection) -> None:
        self._delegate: HTTPMessageDelegate | None = delegate
        self._connection = connection

    @abc.abstractmethod
    def _admits(self, path: str, headers: HTTPHeaders) -> bool:
        """Return whether the request is passed on."""

    @abc.abstractmethod
    def _refuse(self) -> None:
        """Answer the request, and close the connection."""

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        path = getattr(start_line, "path", "").partition("?")[0]
        if self._delegate is not None and self._admits(path, headers):
            return self._delegate.headers_received(start_line, headers)
        self._delegate = None
        self._refuse()
        return None

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return self._delegate.data_received(chunk) if self._delegate is not None else None

    def finish(self) -> None:
        if self._delegate is not None:
            self._delegate.finish()

    def on_connection_close(self) -> None:
        if self._delegate is not None:
            self._delegate.on_connection_close()

    def _answer(self, status: int, phrase: str, body: bytes, **more: str) -> None:
        given = {
            **SECURITY_HEADERS,
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Length": str(len(body)),
            "Connection": "close",
            **more,
        }
        line = ResponseStartLine("HTTP/1.1", status, phrase)
        self._connection.write_headers(line, HTTPHeaders(given), body)
        self._connection.finish()


class OnlyProbes(Gate):
    """Admits the requests of probes only."""

    def _admits(self, path: str, headers: HTTPHeaders) -> bool:
        return path.endswith(PROBES)

    def _refuse(self) -> None:
        body = b"Too many connections. See [limits] connections.\n"
        self._answer(503, "Service Unavailable", body, **{"Retry-After": str(FULL_RETRY_SECONDS)})


class FewHeaders(Gate):
    """Refuses requests with very many headers, each of which takes time; others wait for their turn."""

    def __init__(
        self, delegate: HTTPMessageDelegate, connection: HTTPConnection, turns: Turns | None
    ) -> None:
        """`turns` lets a few requests begin per turn of the loop; None: this one need not wait."""
        super().__init__(delegate, connection)
        self._turns = turns

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        if self._turns is None:
            return super().headers_received(start_line, headers)
        return self._in_turn(self._turns, start_line, headers)

    async def _in_turn(
        self, turns: Turns, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> None:
        await turns.wait()
        begun = super().headers_received(start_line, headers)
        if begun is not None:
            await begun

    def _admits(self, path: str, headers: HTTPHeaders) -> bool:
        return sum(1 for _ in headers.get_all()) <= MOST_HEADERS

    def _refuse(self) -> None:
        self._answer(431, "Request Header Fields Too Large", b"Too many headers.\n")
