"""A connection with a session in each room that its client joins, at `/ws/chat/`."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable

from tornado.httputil import HTTPServerRequest

from tornchat.errors import (
    GOING_AWAY,
    POLICY_VIOLATION,
    TRY_AGAIN_LATER,
    UNAUTHORIZED,
    ChatError,
    Closed,
    Unavailable,
)
from tornchat.model import User
from tornchat.rates import Strikes
from tornchat.rooms.member import SLICE_BYTES
from tornchat.rooms.room import TOO_SLOW
from tornchat.server.edge.addresses import Client
from tornchat.server.edge.hostlogin import Login
from tornchat.server.ws.connection import MOST_ORIGIN, Connection
from tornchat.server.ws.connections import Connections
from tornchat.server.ws.place import Place
from tornchat.server.ws.upgrade import Line
from tornchat.service.session import Session
from tornchat.wire import Dialect, rooms
from tornchat.wire.parser import FrameParser

log = logging.getLogger("tornchat.connections")

MOST_JOINS = 8
"""Joins of one connection that run at the same time."""
MOST_EARLY = 32
"""Frames for a room that wait until it is joined; more are refused with `busy`."""
MOST_EARLY_BYTES = 256 * 1024
"""Bytes of such frames for all rooms of a connection; more are refused with `busy`."""
ENDS_CONNECTION = frozenset({UNAUTHORIZED, GOING_AWAY, POLICY_VIOLATION, TRY_AGAIN_LATER})
"""Codes with which a session ends its connection: they concern the client or the server, not the room."""


class SharedConnection(Connection):
    """A connection for many rooms. Each room is a `Place`; their frames are gathered and written together.

    While the socket is full, no session is written to (`_behind`). When it has drained, each session in turn
    gets one slice, until the socket is full again or all are at the heads of their streams.
    """

    __slots__ = (
        "_behind",
        "_early_bytes",
        "_gathered",
        "_gathered_bytes",
        "_joining",
        "_next",
        "_places",
        "_strikes",
        "_to_join",
        "_user",
        "_write",
        "_write_all",
    )

    def __init__(
        self, shared: Connections, line: Line, parser: FrameParser, dialect: Dialect, client: Client
    ) -> None:
        super().__init__(shared, line, parser, dialect.plain, client)
        self._user: User | None = None
        self._places: dict[str, Place] = {}
        self._to_join: deque[Place] = deque()
        self._joining = 0
        self._early_bytes = 0
        self._next = 0
        self._strikes = Strikes()
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._behind = False
        self._write = line.outbox.write
        self._write_all = line.outbox.write_all

    @property
    def user(self) -> User:
        """Who the client is by the present token."""
        assert self._user is not None  # it is a visitor only once it is authenticated
        return self._user

    @property
    def sessions(self) -> list[Session]:
        """The sessions, without those that are still joining or have left."""
        return [place.session for place in self._places.values() if place.session is not None]

    # --- the beginning ---

    async def _enter(self, request: HTTPServerRequest, room: str, login: Login | None) -> None:
        self._user = user = await self._authenticate(request, room, login)
        origin = (request.headers.get("Origin") or "")[:MOST_ORIGIN]
        log.info(
            "connection %s: user %r from %s connected for many rooms",
            *(self.id, user.id, self.remote_ip),
            extra=self._facts("connect", user=user.id, origin=origin, dialect="rooms"),
        )
        self._shared.chat.visitors.add(self)
        self.put(rooms.hello(user))
        self._reads_answers()

    # --- frames from the client ---

    def on_text(self, payload: bytes) -> Awaitable[None] | None:
        if self._ended or self._user is None:
            return None
        if self._heartbeat is not None:
            self._heartbeat.heard = True
        try:
            waiting = self._pass_on(payload)
            return None if waiting is None else self._paused(waiting)
        except ChatError as error:
            self._refuse(error)
        except Closed as refusal:
            self.end(refusal.code, refusal.reason)
        return None

    def _pass_on(self, payload: bytes) -> Awaitable[None] | None:
        """Carry the frame out, or pass it to its room. Raises `ChatError`, `Closed`."""
        asked = rooms.read(payload)
        if asked is None:
            self._answer_ping()
            return None
        self._count(payload)
        if isinstance(asked, rooms.ForRoom):
            return self._to_room(asked, payload)
        return self._carry_out(asked, len(payload))

    def _to_room(self, asked: rooms.ForRoom, payload: bytes) -> Awaitable[None] | None:
        """Pass a frame to the session in its room, or keep it while the room is being joined."""
        place = self._places.get(asked.room)
        if place is None:
            return self._refuse_later(ChatError("not_joined", "", None, asked.id), asked.room, len(payload))
        if place.early is None:
            return self._said(place, payload)
        if len(place.early) >= MOST_EARLY or self._early_bytes + len(payload) > MOST_EARLY_BYTES:
            busy = ChatError("busy", "The room is still being joined.", 1.0, asked.id)
            return self._refuse_later(busy, asked.room, len(payload))
        place.early.append(payload)
        self._early_bytes += len(payload)
        return None

    def _said(self, place: Place, payload: bytes) -> Awaitable[None] | None:
        session, chat = place.session, self._shared.chat
        if session is None:
            return None
        try:
            said = self._dialect.decode(payload)
        except ChatError as error:
            waiting = chat.signal(session, payload) if error.code == "invalid_message" else None
            if waiting is None:
                chat.refusing.refuse(session, error)
            return waiting
        return None if said is None else chat.posting.say(session, said, len(payload))

    def _carry_out(self, asked: rooms.Request, size: int) -> Awaitable[None] | None:
        if isinstance(asked, rooms.Join):
            self._join(asked)
            return None
        if isinstance(asked, rooms.Leave):
            return self._leave_room(asked, size)
        if isinstance(asked, rooms.Auth):
            return self._renew_all(asked, size)
        return self._watch(asked, size)

    def _refuse(self, error: ChatError, room: str | None = None) -> None:
        """Send an error that no session has. Repeated violations close the connection with 1008."""
        chat = self._shared.chat
        who = (self.user.id, room or "")
        chat.refusing.note(error.code, error.text, "websocket", error.client_id or self.id, *who)
        self.put(rooms.refusal(error, None, room))
        if error.blames_sender and self._strikes.add(asyncio.get_running_loop().time()):
            self.end(POLICY_VIOLATION, "too many refused messages")

    async def _refuse_later(self, error: ChatError, room: str, size: int) -> None:
        """Refuse a frame, not faster than the user may send messages."""
        await self._shared.chat.posting.pace(self.user, size)
        self._refuse(error, room)

    async def _renew_all(self, asked: rooms.Auth, size: int) -> None:
        try:
            user = await self._renewed(self.user, asked, size)
        except ChatError as error:
            error.client_id = asked.id
            self._refuse(error)
            return
        if user is not None:
            self._user = user
            for session in self.sessions:
                session.renew(user)
            self.put(rooms.authenticated(asked.id, user))

    # --- rooms ---

    def _join(self, asked: rooms.Join) -> None:
        """Join a room in a task of its own, of which `MOST_JOINS` run. Raises `ChatError`."""
        if asked.room in self._places:
            raise ChatError("already_joined", "", None, asked.id)
        most = self._shared.settings.limits.rooms_per_connection
        if most and len(self._places) >= most:
            raise ChatError("room_limit", f"A connection may be in {most} rooms.", None, asked.id)
        place = Place(self, asked.room, self._shared.room_frames(asked.room), asked.position)
        self._places[asked.room] = place
        self._to_join.append(place)
        self._start_joins()

    def _start_joins(self) -> None:
        while self._to_join and self._joining < MOST_JOINS:
            place = self._to_join.popleft()
            if not place.ended:
                self._joining += 1
                self._shared.tasks.start(self._joins(place), f"join {self.id}")

    async def _joins(self, place: Place) -> None:
        try:
            await self._enter_room(place)
        except Closed as refusal:
            if refusal.code == UNAUTHORIZED:
                self.end(refusal.code, refusal.reason)
            elif not place.ended:
                self._close_place(place, refusal.code, refusal.reason)
                await self._shared.chat.posting.pace(self.user, 0)  # before the next join begins
        except ConnectionError:
            pass  # the session or the connection has ended meanwhile
        except Exception as error:
            self.on_failure(error)
            self.abort()
        finally:
            self._joining -= 1
            self._start_joins()

    async def _enter_room(self, place: Place) -> None:
        """Join, then pass on what the client has sent meanwhile. Raises `Closed`, `ConnectionError`."""
        chat, user = self._shared.chat, self.user
        self._shared.edge.sockets.enter(user.id, place.room)
        place.counted = True
        session = await chat.join(user, place.room, self._dialect, place, place.since)
        if place.ended:
            chat.leave(session)
            return
        place.session = session
        place.since = None
        session.strikes = self._strikes
        session.renew(self.user)  # the token may have been replaced meanwhile
        if self._behind:
            session.member.ready = False
        while place.early:
            payload = place.early.popleft()
            self._early_bytes -= len(payload)
            waiting = self._said(place, payload)
            if waiting is not None:
                await waiting
        place.early = None

    async def _leave_room(self, asked: rooms.Leave, size: int) -> None:
        await self._shared.chat.posting.pace(self.user, size)
        place = self._places.get(asked.room)
        if place is None:
            self._refuse(ChatError("not_joined", "", None, asked.id), asked.room)
            return
        self._vacate(place)
        self.put(rooms.done(asked.id, asked.room))

    async def _watch(self, asked: rooms.Watch, size: int) -> None:
        chat, most = self._shared.chat, self._shared.settings.limits.watched_rooms
        await chat.posting.pace(self.user, size)
        try:
            if most and len(asked.rooms) > most:
                raise ChatError("room_limit", f"A connection may watch {most} rooms.", None, asked.id)
            await chat.watching.watch(self, asked.rooms)
            self.put(rooms.done(asked.id))
            chat.watching.tell_one(self)
        except ChatError as error:
            self._refuse(error)
        except Unavailable:
            self._refuse(ChatError("unavailable", "The rooms can't be read now.", None, asked.id))
        if self._ended:
            chat.watching.forget(self)

    def is_in(self, room: str) -> bool:
        """See `Visitor`."""
        place = self._places.get(room)
        return place is not None and place.session is not None

    def hint(self, frame: bytes) -> bool:
        """See `Visitor`."""
        if self._behind or self._ended:
            return False
        self.put(frame)
        return True

    def end_place(self, place: Place, code: int, reason: str) -> None:
        """See `SharedLine`."""
        if code in ENDS_CONNECTION:
            self.end(code, reason)
        else:
            self._close_place(place, code, reason)

    def _close_place(self, place: Place, code: int, reason: str) -> None:
        self._vacate(place)
        self.put(rooms.closed(place.room, code, reason))

    def _vacate(self, place: Place) -> None:
        """End the session in a room and gather the rest of its frames. Idempotent."""
        if place.ended:
            return
        self._early_bytes -= sum(map(len, place.early or ()))
        place.vacate()
        del self._places[place.room]
        if place.session is not None and (rest := self._shared.chat.leave(place.session)):
            self.put(place.named(rest))
        if place.counted:
            self._shared.edge.sockets.leave(self.user.id, place.room)

    # --- the way out ---

    def put(self, data: bytes) -> bool:
        """See `SharedLine`."""
        if not self._gathered:
            self._shared.chat.turn.gathering.add(self)
        self._gathered.append(data)
        self._gathered_bytes += len(data)
        if self._behind or self._gathered_bytes >= SLICE_BYTES:
            self._fall_behind()
            return False
        return True

    async def writable(self) -> None:
        """See `SharedLine`."""
        self.write_gathered()
        await self.drained()

    def write_gathered(self) -> None:
        """See `Gatherer`."""
        gathered = self._gathered
        if gathered:
            self._gathered, self._gathered_bytes = [], 0
            if self._write_all(gathered) and self._behind:
                self._catch_up()

    def _fall_behind(self) -> None:
        if not self._behind:
            self._behind = True
            self._shared.chat.turn.gathering.behind.add(self)

    def on_busy(self) -> None:
        super().on_busy()
        self._fall_behind()
        for session in self.sessions:
            session.member.ready = False

    def on_drained(self) -> None:
        if self._gathered:
            self.write_gathered()
        elif self._behind:
            self._catch_up()

    def _catch_up(self) -> None:
        """Write a slice of each session in turn until the socket is full or nothing is left."""
        idle = 0
        while idle < len(self._places):
            data = self._next_slice()
            idle = 0 if data else idle + 1
            if data and not self._write(data):
                return
        self._behind = False
        self._shared.chat.turn.gathering.behind.discard(self)

    def _next_slice(self) -> bytes:
        places = list(self._places.values())
        self._next = (self._next + 1) % len(places)
        place = places[self._next]
        data = place.session.next_slice() if place.session is not None else b""
        self._shared.chat.counts.sent_bytes += len(data)
        return place.named(data) if data else b""

    def check_backlog(self) -> None:
        """See `Gatherer`."""
        limit = self._shared.settings.limits.send_buffer_bytes
        if limit and sum(map(_behind, self.sessions)) > limit:
            self.end(TRY_AGAIN_LATER, TOO_SLOW)

    # --- the end ---

    def _leave(self) -> None:
        self._ended = True
        if self._heartbeat is not None:
            self._heartbeat.stop()
        if self._user is not None:
            self._shared.chat.visitors.discard(self)
        self._shared.chat.watching.forget(self)
        self._shared.chat.turn.gathering.behind.discard(self)
        for place in list(self._places.values()):
            self._vacate(place)
        self._to_join.clear()
        gathered, self._gathered = self._gathered, []
        if gathered:
            self._write_all(gathered)

    def _about_sessions(self) -> dict[str, object]:
        return {} if self._user is None else {"user": self._user.id}


def _behind(session: Session) -> int:
    member = session.member
    return member.stream.end - member.cursor + member.aside_bytes
