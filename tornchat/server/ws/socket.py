"""The WebSocketHandler, which performs the handshake and then creates a `Connection`."""

from __future__ import annotations

import logging
from asyncio import Future
from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from tornado.web import HTTPError
from tornado.websocket import WebSocketHandler

from tornchat.offenders import place_of
from tornchat.server.edge.addresses import Client
from tornchat.server.edge.edge import FULL_RETRY_SECONDS
from tornchat.server.edge.headers import SECURITY_HEADERS
from tornchat.server.edge.tornado_private import unmask
from tornchat.server.ws import handshake
from tornchat.server.ws.connection import MOST_ORIGIN, Connection
from tornchat.server.ws.connections import Connections
from tornchat.server.ws.shared import SharedConnection
from tornchat.server.ws.upgrade import UpgradeProtocol
from tornchat.wire import V1_SUBPROTOCOL
from tornchat.wire.parser import FrameParser

REASONS: Mapping[int, str] = MappingProxyType({403: "origin", 429: "limit", 503: "limit"})
"""Status -> why there was no handshake, for the metrics; others are bad requests."""

OLD_HTTP = "If nginx is in between, it needs `proxy_http_version 1.1;`."
log = logging.getLogger("tornchat.connections")


class ChatSocket(WebSocketHandler):
    """Handler of the handshake at the URL of a room. It is released once the connection is open."""

    ws_connection: UpgradeProtocol | None

    def initialize(self, connections: Callable[[], Connections | None]) -> None:
        """`connections` returns the server's connections; None if the server has not started."""
        self._shared = connections()
        self._client: Client | None = None if self._shared is None else self._shared.edge.client(self.request)

    @property
    def _connections(self) -> Connections:
        assert self._shared is not None  # checked in `prepare`
        return self._shared

    # --- the handshake ---

    def prepare(self) -> None:
        """Refuse a foreign Origin. Tornado's own check can't be used, since it trusts `Sec-Fetch-Site`."""
        if self._shared is None:
            raise HTTPError(503)
        if self.request.version == "HTTP/1.0":
            self._refuse_old_http()
            return
        if not handshake.origin_allowed(self.request, self._connections.settings.server.allowed_origins):
            origin = self.request.headers.get("Origin", "")
            facts = {"event": "refused_origin", "origin": origin[:MOST_ORIGIN], "ip": self.request.remote_ip}
            if self._may_tell("refused_origin"):
                log.warning("refused origin %(origin)r from %(ip)s", facts, extra=facts)
            self.set_status(403)
            self.finish("This origin may not connect. See [server] allowed_origins.\n")
            return
        self._refuse_excess()

    def _refuse_old_http(self) -> None:
        """Answer 426: HTTP/1.0 has no upgrade, and a proxy that speaks it would drop the connection."""
        facts = {"event": "refused_http10", "ip": self.request.remote_ip}
        if self._may_tell("refused_http10"):
            log.warning("refused a WebSocket from %(ip)s over HTTP/1.0. " + OLD_HTTP, facts, extra=facts)
        self.set_status(HTTPStatus.UPGRADE_REQUIRED)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_header("Upgrade", "websocket")
        self.set_header("Connection", "Upgrade, close")
        self.finish(f"A WebSocket requires HTTP/1.1. {OLD_HTTP}\n")

    def _refuse_excess(self) -> None:
        """Answer 503 or 429 to what is over a limit, before anything is spent on it."""
        assert self._client is not None
        edge = self._connections.edge
        if edge.is_crowded():
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, FULL_RETRY_SECONDS)
        elif wait := edge.handshake_wait(self._client):
            self._refuse(HTTPStatus.TOO_MANY_REQUESTS, wait)

    def _refuse(self, status: HTTPStatus, retry_after: int) -> None:
        self.set_status(status)
        self.set_header("Retry-After", str(retry_after))
        self.set_header("Connection", "close")
        self.finish("Too many connections. See [limits].\n")

    def set_default_headers(self) -> None:
        self.clear_header("Server")

    def finish(self, chunk: str | bytes | dict[str, Any] | None = None) -> Future[None]:
        """Give every refusal the headers that all answers have; the answer 101 has none of them."""
        if self.get_status() != HTTPStatus.SWITCHING_PROTOCOLS:
            for name, value in SECURITY_HEADERS.items():
                self.set_header(name, value)
        return super().finish(chunk)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """One line, without a traceback and whatever the host's settings say."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"{status_code}: {self._reason}\n")

    def check_origin(self, origin: str) -> bool:
        return True  # checked in `prepare`

    def decode_argument(self, value: bytes, name: str | None = None) -> str:
        """Decode with replacement, so that a name that is not UTF-8 yields "room not found", not 400."""
        return value.decode("utf-8", "replace")

    def get_websocket_protocol(self) -> UpgradeProtocol | None:
        if self.request.headers.get("Sec-WebSocket-Version") != "13":
            return None
        return UpgradeProtocol(self, self._connections.settings.server.compression)

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return V1_SUBPROTOCOL if V1_SUBPROTOCOL in subprotocols else None

    def _log(self) -> None:
        """Count refused handshakes. Tornado's access log is suppressed: a URL may contain a token."""
        if self._shared is not None and self.get_status() >= HTTPStatus.BAD_REQUEST:
            self._shared.chat.counts.handshakes_refused[REASONS.get(self.get_status(), "bad_request")] += 1

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log an exception without the URL, which may contain a token."""
        if not isinstance(value, HTTPError):
            if self._shared is None or self._shared.edge.offenders.may_tell("failures", place_of(value)):
                log.error("a connection from %s failed", self.request.remote_ip, exc_info=(typ, value, tb))
        elif self._shared is not None and self._may_tell("refused_request"):
            log.info("refused a request from %s: %d", self.request.remote_ip, value.status_code)

    def _may_tell(self, subject: str) -> bool:
        """Return True if the log may have a line about this client: anybody can cause any number of them."""
        assert self._client is not None
        return self._connections.edge.offenders.may_tell(subject, self._client.offender)

    async def open(self, room: str) -> None:
        """Create the connection and start it."""
        protocol = self._let_go()
        shared = self._connections
        shared.edge.closed(protocol.stream)  # from here on it counts as a WebSocket
        try:
            line = protocol.take_over(shared.tasks)
        except ConnectionError:
            return
        bits = protocol.window_bits
        dialect = shared.dialect(handshake.asks_for_v1(self.request), bits)
        parser = FrameParser(shared.message_bytes, unmask, inflates=bits is not None)
        assert self._client is not None
        many = not room and handshake.asks_for_v1(self.request)
        form = SharedConnection if many else Connection
        login = shared.edge.login(self)
        await form(shared, line, parser, dialect, self._client).begin(self.request, room, login)

    def _let_go(self) -> UpgradeProtocol:
        """Detach the protocol and break reference cycles, so that the handler is freed without the GC."""
        protocol, self.ws_connection = self.ws_connection, None
        assert protocol is not None
        del self.ui  # the template namespace, which refers to this handler
        return protocol
