"""A client's connection, from the upgrade to its end. It connects `Frames` with `Chat`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any

from tornado.httputil import HTTPServerRequest

from tornchat.errors import GOING_AWAY, REMOVED, TRY_AGAIN_LATER, UNAUTHORIZED, ChatError, Closed
from tornchat.model import Credentials, User
from tornchat.rooms.room import TOO_SLOW
from tornchat.server.edge.addresses import Client
from tornchat.server.edge.hostlogin import Login
from tornchat.server.ws import handshake
from tornchat.server.ws.connections import Connections
from tornchat.server.ws.frames import Frames
from tornchat.server.ws.heartbeat import Heartbeat
from tornchat.server.ws.upgrade import Line
from tornchat.service.session import Session
from tornchat.wire import Dialect, Said
from tornchat.wire.framing import ping_frame
from tornchat.wire.parser import FrameParser
from tornchat.wire.rooms import Auth, authenticated, read_auth

log = logging.getLogger("tornchat.connections")

STALL_SECONDS = 10.0
"""Seconds after which a client that reads none of its pending data is disconnected."""
SIGN_SECONDS = 3.0
"""Interval in seconds of the pongs to a client whose next message waits, so that no pings are read."""
MOST_ORIGIN = 200
"""Maximum number of characters of an Origin header in the log."""
ABORT_SECONDS = 0.9
"""Seconds that a client that is too slow has to read its close frame."""
RENEWAL_CODES: Mapping[int, str] = MappingProxyType({TRY_AGAIN_LATER: "unavailable", REMOVED: "forbidden"})
"""Why a new token was not accepted -> error code; a token that is not valid is `unauthorized`."""


class Connection:
    """A connection with one session, in the room named by its URL.

    It is also the frame receiver of its `Frames`, the outlet of its member and the target of its heartbeat.
    """

    __slots__ = (
        "_client",
        "_code",
        "_dialect",
        "_ended",
        "_frames",
        "_heartbeat",
        "_reason",
        "_session",
        "_shared",
        "_sign",
        "_taken",
        "_watched",
        "drained",
        "id",
        "opened_at",
        "remote_ip",
        "send",
    )

    def __init__(
        self, shared: Connections, line: Line, parser: FrameParser, dialect: Dialect, client: Client
    ) -> None:
        self._shared = shared
        self._client = client
        self._taken: tuple[str, str] | None = None  # the user and room it is counted for
        self._dialect = dialect
        self._frames: Frames | None = Frames(self, line.inbox, line.outbox, parser, shared.tasks)
        self._session: Session | None = None
        self._heartbeat: Heartbeat | None = None
        self._sign: asyncio.TimerHandle | None = None
        self._code: int | None = None
        self._reason = ""
        self._ended = False
        self._watched = False
        self.opened_at = asyncio.get_running_loop().time()
        self.send: Callable[[bytes], bool] = line.outbox.write
        self.drained: Callable[[], Coroutine[Any, Any, None]] = line.outbox.drained
        self.id = shared.opened(self, client)
        self.remote_ip = client.address

    @property
    def sessions(self) -> list[Session]:
        """The sessions, without those that are still joining or have left."""
        return [] if self._ended or self._session is None else [self._session]

    def limit(self, max_message_bytes: int) -> None:
        """Set another maximum length of a received message."""
        if self._frames is not None:
            self._frames.limit(max_message_bytes)

    # --- the beginning ---

    async def begin(self, request: HTTPServerRequest, room: str, login: Login | None = None) -> None:
        """Authenticate the client and join the room. No frame is read before both have succeeded.

        `login` asks the host's application who connects.
        """
        try:
            self._shared.chat.connecting.opened(self.id, self.remote_ip)
            await self._enter(request, room, login)
        except Closed as refusal:
            await self._turn_away(refusal)
        except ConnectionError:
            pass  # the client has disconnected, or the connection was closed
        except BaseException:
            self.abort()
            raise
        if self._frames is not None:
            self._frames.start()

    async def _turn_away(self, refusal: Closed) -> None:
        """Log and count a refusal, and close with it: late, after many failed logins of one address."""
        self._shared.chat.connecting.turned_away(refusal)
        if refusal.cause:
            log.log(
                self._level("auth_failure", refusal.cause),
                "connection %s from %s: refused: %s",
                *(self.id, self.remote_ip, refusal.cause),
                extra=self._facts("auth_failure", cause=refusal.cause),
            )
        if refusal.code == UNAUTHORIZED:
            await self._shared.edge.logins.delay(self._client.network)
        self.end(refusal.code, refusal.reason)

    def _level(self, subject: str, cause: str = "") -> int:
        """Return the level of a line that clients who are nobody's user can cause: info once a minute."""
        told = self._shared.edge.offenders.may_tell(subject, f"{self._client.offender} {cause}")
        return logging.INFO if told else logging.DEBUG

    async def _authenticate(self, request: HTTPServerRequest, room: str, login: Login | None) -> User:
        """Return who the client is, and watch over the token. Raises `Closed`, `ConnectionError`."""
        shared = self._shared
        if shared.draining:
            raise Closed(GOING_AWAY, "retry_after=1.0")
        offered = handshake.credentials(request, room, shared.settings.server.allow_query_token)
        user = await shared.chat.connecting.connect(offered, login)
        if self._frames is None:
            raise ConnectionResetError("closed while its token was checked")
        shared.edge.sockets.take(user.id, room)
        self._taken = (user.id, room)
        self._watch_over(user)  # pongs are not read yet, but the token may expire
        return user

    async def _enter(self, request: HTTPServerRequest, room: str, login: Login | None) -> None:
        shared = self._shared
        user = await self._authenticate(request, room, login)
        since = handshake.asked_position(request)
        session = await shared.chat.join(user, room, self._dialect, self, since)
        origin = (request.headers.get("Origin") or "")[:MOST_ORIGIN]
        logged = session.room.info.logged_with_user
        log.info(
            "connection %s: user %r from %s entered room %r",
            *(self.id, user.id, self.remote_ip, logged),
            extra=self._facts(
                "connect", user=user.id, room=logged, origin=origin, dialect=self._dialect.name
            ),
        )
        if self._ended:  # ended while the history was sent
            shared.chat.leave(session)
            return
        self._session = session
        self._reads_answers()

    def _reads_answers(self) -> None:
        if self._heartbeat is not None:
            self._heartbeat.answers = True

    def _watch_over(self, user: User) -> None:
        shared = self._shared
        server = shared.settings.server
        heartbeat = Heartbeat(self, shared.wheel, user.expires_at, server.ping_interval, server.ping_timeout)
        self._heartbeat = heartbeat
        heartbeat.start(self.opened_at)

    # --- frames (FrameReceiver) ---

    def on_text(self, payload: bytes) -> Awaitable[None] | None:
        session = self._session
        if session is None or self._ended:
            return None
        if self._heartbeat is not None:
            self._heartbeat.heard = True
        try:
            said = self._dialect.decode(payload)
        except ChatError as error:
            self._count(payload)
            return self._take_other(session, payload, error)
        if said is None:
            self._answer_ping()
            return None
        self._count(payload)
        return self._say(session, said, len(payload))

    def _count(self, payload: bytes) -> None:
        counts = self._shared.chat.counts
        counts.received += 1
        counts.received_bytes += len(payload)

    def _answer_ping(self) -> None:
        if self._frames is not None:
            self._frames.answer(self._dialect.pong)

    def _say(self, session: Session, said: Said, size: int) -> Awaitable[None] | None:
        try:
            waiting = self._shared.chat.posting.say(session, said, size)
            return None if waiting is None else self._paused(waiting)
        except Closed as refusal:
            self.end(refusal.code, refusal.reason)
            return None

    def _take_other(self, session: Session, payload: bytes, error: ChatError) -> Awaitable[None] | None:
        """Carry out what is no message and changes none, which only v1 has, or refuse it with `error`."""
        if error.code == "invalid_message" and self._dialect.signals:
            if (asked := read_auth(payload)) is not None:
                return self._paused(self._renew(session, asked, len(payload)))
            try:
                if (waiting := self._shared.chat.signal(session, payload)) is not None:
                    return self._paused(waiting)
            except Closed as refusal:
                self.end(refusal.code, refusal.reason)
                return None
        self._shared.chat.refusing.refuse(session, error)
        return None

    async def _renew(self, session: Session, asked: Auth, size: int) -> None:
        """Replace the token. The answer keeps its place among the frames of the room."""
        chat = self._shared.chat
        try:
            user = await self._renewed(session.user, asked, size)
        except ChatError as error:
            chat.refusing.refuse(session, error, asked.id)
            return
        if user is not None:
            session.renew(user)
            session.room.aside(session.member, authenticated(asked.id, user))

    async def _renewed(self, user: User, asked: Auth, size: int) -> User | None:
        """Return the user with the token of this request; None if the connection has ended meanwhile.

        Raises `ChatError`.
        """
        shared = self._shared
        await shared.chat.posting.pace(user, size)
        offered = Credentials("", self.remote_ip, asked.token, "frame")
        try:
            renewed = await shared.chat.connecting.connect(offered)
        except Closed as refusal:
            shared.chat.connecting.turned_away(refusal)
            if refusal.code == UNAUTHORIZED:
                await shared.edge.logins.delay(self._client.network)
            raise ChatError(RENEWAL_CODES.get(refusal.code, "unauthorized")) from None
        if renewed.id != user.id:
            raise ChatError("forbidden", "This is the token of another user.")
        if self._heartbeat is None or self._ended:
            return None
        self._heartbeat.renew(renewed.expires_at, asyncio.get_running_loop().time())
        return renewed

    async def _paused(self, waiting: Awaitable[None]) -> None:
        """Await what the next frame waits for. Nothing is read meanwhile, neither pings nor answers to them.

        Without a sign of life the client would take the path for dead, and come back with the same message.
        """
        if self._heartbeat is not None:
            self._heartbeat.paused = True
        self._sign_later()
        try:
            await waiting
        finally:
            if self._sign is not None:
                self._sign.cancel()
            if self._heartbeat is not None:
                self._heartbeat.paused, self._heartbeat.heard = False, True

    def _sign_later(self) -> None:
        if self._dialect.pong:
            self._sign = asyncio.get_running_loop().call_later(SIGN_SECONDS, self._give_sign)

    def _give_sign(self) -> None:
        if self._frames is not None and not self._frames.closing:
            self._frames.answer(self._dialect.pong)
            self._sign_later()

    def on_pong(self, payload: bytes) -> None:
        if self._heartbeat is not None:
            self._heartbeat.heard = True

    def on_fault(self, code: int, reason: str) -> None:
        log.log(
            logging.INFO if self._taken else self._level("fault"),
            "connection %s: %d %s",
            *(self.id, code, reason),
            extra=self._facts("fault", code=code, reason=reason),
        )
        self._code, self._reason = code, reason
        self._leave()

    def on_goodbye(self) -> None:
        self._leave()

    def on_drained(self) -> None:
        if self._session is not None:
            self._session.drained()

    def on_hangup(self) -> None:
        self._shared.departures.put(self.abort)

    def on_failure(self, error: BaseException) -> None:
        log.error("connection %s failed", self.id, exc_info=error, extra=self._facts("failure"))

    # --- the way out (Outlet) ---

    def end(self, code: int, reason: str) -> None:
        """Send the pending frames and a close frame with this code. Idempotent."""
        if self._ended or self._frames is None:
            return
        self._leave()
        self._code, self._reason = code, reason
        if reason == TOO_SLOW:
            self._shared.chat.counts.slow += 1
            log.warning("connection %s: too slow, disconnected", self.id, extra=self._facts("slow"))
        self._frames.close(code, reason)
        if code == TRY_AGAIN_LATER and self._frames.outbox.busy:
            asyncio.get_running_loop().call_later(ABORT_SECONDS, self.abort)

    def abort(self) -> None:
        """Close the connection at once, without a close frame. Idempotent."""
        if self._frames is not None:
            self._frames.abort()

    def _leave(self) -> None:
        self._ended = True
        if self._heartbeat is not None:
            self._heartbeat.stop()
        if self._session is not None:
            rest = self._shared.chat.leave(self._session)
            if rest:
                self.send(rest)

    # --- time (Watched) ---

    def ping(self) -> None:
        """Send a ping to the client."""
        self.send(ping_frame())

    def expire(self) -> None:
        """Close with 4001, because the token has expired."""
        self.end(UNAUTHORIZED, "token expired")

    def vanish(self) -> None:
        """Abort the connection, because the client has not answered a ping."""
        log.info("connection %s: no answer to a ping", self.id, extra=self._facts("vanished"))
        self._leave()
        self.abort()

    def on_busy(self) -> None:
        if not self._watched:
            self._watched = True
            now = asyncio.get_running_loop().time()
            self._shared.wheel.at(now + 1.0, self._check_progress)

    def _check_progress(self, now: float) -> None:
        self._watched = False
        outbox = self._frames.outbox if self._frames is not None else None
        if outbox is None or outbox.closed or not outbox.busy:
            return
        if outbox.stalled(now) > STALL_SECONDS:
            self.end(TRY_AGAIN_LATER, TOO_SLOW)
            self.abort()
        else:
            self.on_busy()

    # --- the end ---

    def on_end(self, code: int | None) -> None:
        self._leave()
        facts = self._about_sessions()
        self._frames = self._session = None  # breaks reference cycles, so that memory is freed at once
        self._shared.closed(self, self._client)
        level = logging.INFO if self._taken else self._level("close")
        if self._taken is not None:
            self._shared.edge.sockets.give(*self._taken)
            self._taken = None
        code = self._code or code
        duration = asyncio.get_running_loop().time() - self.opened_at
        self._shared.chat.connecting.closed(self.id, code, duration)
        facts |= self._facts("close", code=code, reason=self._reason, duration=round(duration, 3))
        log.log(level, "connection %s closed: code %s after %.1f s", self.id, code, duration, extra=facts)

    def _about_sessions(self) -> dict[str, object]:
        """Return what the log says about whose connection it was."""
        session = self._session
        return (
            {}
            if session is None
            else {
                "user": session.user.id,
                "room": session.room.info.logged_with_user,
            }
        )

    def _facts(self, event: str, **more: object) -> dict[str, object]:
        """Return the fields of a structured log line."""
        return {"event": event, "connection": self.id, "ip": self.remote_ip, **more}
