"""The WebSocketHandler: bytes in, chat.py, bytes out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from tornado.web import HTTPError
from tornado.websocket import WebSocketHandler

from tornchat.chat import Session
from tornchat.errors import (
    GOING_AWAY,
    TRY_AGAIN_LATER,
    UNAUTHORIZED,
    ChatError,
    Closed,
)
from tornchat.framing import ping_frame
from tornchat.messages import User
from tornchat.server import handshake
from tornchat.server.connections import Connections
from tornchat.server.frames import FrameProtocol
from tornchat.server.heartbeat import Heartbeat
from tornchat.server.outbox import Outbox
from tornchat.wire import V1_SUBPROTOCOL, Dialect

log = logging.getLogger("tornchat.connections")

STALL_SECONDS = 10.0
"""A client that takes nothing for so long, while something waits for it, is cut off."""
ABORT_SECONDS = 0.9
"""How long a client that is too slow has to take its close frame."""


class ChatSocket(WebSocketHandler):
    """One connection, from the handshake to its end. It has one session, in the room of its URL."""

    ws_connection: FrameProtocol | None

    def initialize(self, connections: Callable[[], Connections | None]) -> None:
        """`connections` gives what this server's connections share; None while it is not started."""
        self._shared = connections()
        self._session: Session | None = None
        self._user: User | None = None
        self._outbox: Outbox | None = None
        self._id = ""
        self._opened_at = 0.0
        self._ended = False
        self._code: int | None = None
        self._heartbeat: Heartbeat | None = None
        self._watched = False

    @property
    def _connections(self) -> Connections:
        assert self._shared is not None  # `prepare` has seen to it
        return self._shared

    # --- the handshake ---

    def prepare(self) -> None:
        """Refuse a foreign Origin here: Tornado's own check believes `Sec-Fetch-Site`."""
        if self._shared is None:
            raise HTTPError(503)
        if not handshake.origin_allowed(self.request, self._connections.settings.server.allowed_origins):
            origin = self.request.headers.get("Origin")
            log.warning("refused origin %r from %s", origin, self.request.remote_ip)
            self.set_status(403)
            self.finish("This origin may not connect. See [server] allowed_origins.\n")

    def check_origin(self, origin: str) -> bool:
        return True  # decided in `prepare`

    def decode_argument(self, value: bytes, name: str | None = None) -> str:
        """A room that is not UTF-8 is a room that is not found, not a bad request."""
        return value.decode("utf-8", "replace")

    def get_websocket_protocol(self) -> FrameProtocol | None:
        if self.request.headers.get("Sec-WebSocket-Version") != "13":
            return None
        settings = self._connections.settings
        limit = settings.limits.frame_bytes or 1 << 31
        return FrameProtocol(self, limit, compression=settings.server.compression)

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return V1_SUBPROTOCOL if V1_SUBPROTOCOL in subprotocols else None

    def _log(self) -> None:
        """Tornado's access log shows the URL, which may hold a token; the connection has lines of its own."""

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Say what failed; Tornado's own line shows the URL."""
        if isinstance(value, HTTPError):
            log.info("refused a request from %s: %d", self.request.remote_ip, value.status_code)
        else:
            log.error("connection %s failed", self._id, exc_info=(typ, value, tb))

    # --- the beginning ---

    async def open(self, room: str) -> None:
        """Say who this is, enter the room; until then nothing is sent and no frame is read."""
        assert self.ws_connection is not None
        if self.ws_connection.stream.closed():
            return  # the client went before its handshake was answered
        self._opened_at = asyncio.get_running_loop().time()
        self._id = self._connections.opened(self)
        self._outbox = Outbox(self.ws_connection.stream, self._on_drained)
        self.ws_connection.stream.set_nodelay(True)
        self._connections.chat.opened(self._id, self.request.remote_ip or "")
        try:
            await self._begin(room)
        except Closed as refusal:
            self.end(refusal.code, refusal.reason)
        except ConnectionError:
            return
        except BaseException:
            self.on_connection_close()  # Tornado does not tell a handler of the end when its `open` fails
            raise

    async def _begin(self, room: str) -> None:
        shared = self._connections
        if shared.draining:
            raise Closed(GOING_AWAY, "retry_after=1.0")
        dialect = self._dialect()
        offered = handshake.credentials(self.request, room, shared.settings.server.allow_query_token)
        self._user = await shared.chat.connect(offered)
        since = handshake.asked_position(self.request)
        self._watch_over(self._user, 0.0)  # a ping's answer is not read yet, but the token may end
        session = await shared.chat.join(self._user, room, dialect, self, since)
        self._session = session
        user, address = self._user.id, self.request.remote_ip
        log.info("connection %s: user %r from %s entered room %r", self._id, user, address, room)
        if self._ended:  # while the history was sent
            shared.chat.leave(session)
            return
        self._watch_over(self._user, shared.settings.server.ping_interval)

    def _watch_over(self, user: User, ping_interval: float) -> None:
        if self._heartbeat is not None:
            self._heartbeat.stop()
        shared = self._connections
        timeout = shared.settings.server.ping_timeout
        self._heartbeat = Heartbeat(self, shared.wheel, user.expires_at, ping_interval, timeout)
        self._heartbeat.start(self._opened_at)

    def _dialect(self) -> Dialect:
        assert self.ws_connection is not None
        return self._connections.dialect(handshake.asks_for_v1(self.request), self.ws_connection.window_bits)

    # --- frames (FrameReceiver) ---

    def on_text(self, payload: bytes) -> Awaitable[None] | None:
        session = self._session
        if session is None or self._ended:
            return None
        if self._heartbeat is not None:
            self._heartbeat.heard = True
        chat = self._connections.chat
        try:
            return chat.say(session, session.member.feed.dialect.decode(payload))
        except ChatError as error:
            chat.refuse(session, error)
        except Closed as refusal:
            self.end(refusal.code, refusal.reason)
        return None

    def on_pong(self, data: bytes) -> None:
        if self._heartbeat is not None:
            self._heartbeat.heard = True

    def on_fault(self, code: int, reason: str) -> None:
        log.info("connection %s: %d %s", self._id, code, reason)
        self._code = code
        self._leave()

    def on_goodbye(self) -> None:
        self._leave()

    def send_frame(self, data: bytes) -> None:
        if self._outbox is not None:
            self._outbox.write(data)

    def can_send_control(self) -> bool:
        return self._outbox is not None and not self._outbox.busy

    async def drain(self) -> None:
        if self._outbox is not None:
            try:
                await self._outbox.drained()
            except ConnectionError:
                pass

    # --- the way out (Outlet) ---

    def send(self, data: bytes) -> bool:
        if self._outbox is None or self._ended:
            return False  # nothing may follow a close frame
        if self._outbox.write(data):
            return True
        self._watch()
        return False

    async def drained(self) -> None:
        assert self._outbox is not None
        await self._outbox.drained()

    def end(self, code: int, reason: str) -> None:
        """Close with this code, after all that is due. Idempotent."""
        if self._ended or self.ws_connection is None:
            return
        self._leave()
        self._code = code
        self.ws_connection.close(code, reason)
        if code == TRY_AGAIN_LATER and self._outbox is not None and self._outbox.busy:
            asyncio.get_running_loop().call_later(ABORT_SECONDS, self.abort)

    def abort(self) -> None:
        """Cut the connection off."""
        if self._outbox is not None:
            self._outbox.abort()

    def _leave(self) -> None:
        self._ended = True
        if self._heartbeat is not None:
            self._heartbeat.stop()
        if self._session is not None and self._outbox is not None:
            rest = self._connections.chat.leave(self._session)
            if rest:
                self._outbox.write(rest)

    def _on_drained(self) -> None:
        if self.ws_connection is not None:
            self.ws_connection.on_drained()
        if self._session is not None:
            self._connections.chat.drained(self._session)

    # --- time (Watched) ---

    def ping(self, data: str | bytes = b"") -> None:
        """The heartbeat wants to know whether the client is still there."""
        self.send_frame(ping_frame())

    def expire(self) -> None:
        """The right to be here has ended."""
        self.end(UNAUTHORIZED, "token expired")

    def vanish(self) -> None:
        """The client has not answered a ping."""
        log.info("connection %s: no answer to a ping", self._id)
        self._leave()
        self.abort()

    def _watch(self) -> None:
        if not self._watched:
            self._watched = True
            now = asyncio.get_running_loop().time()
            self._connections.wheel.at(now + 1.0, self._check_progress)

    def _check_progress(self, now: float) -> None:
        self._watched = False
        if self._outbox is None or not self._outbox.busy:
            return
        if self._outbox.stalled(now) > STALL_SECONDS:
            log.warning("connection %s: too slow, cut off", self._id)
            self.end(TRY_AGAIN_LATER, "too slow")
            self.abort()
        else:
            self._watch()

    # --- the end ---

    def on_close(self) -> None:
        if not self._id:
            return
        self._leave()
        self._connections.closed(self)
        code = self._code or self.close_code
        duration = asyncio.get_running_loop().time() - self._opened_at
        self._connections.chat.closed(self._id, code, duration)
        log.info("connection %s closed: code %s after %.1f s", self._id, code, duration)
