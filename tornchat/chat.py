"""The use cases: connect, join, say, leave. Read from the top, this is the life of a message.

A client *connects* and is a user. It *joins* a room: from one instant on, all before is its history and
all after is live. What it *says* becomes a draft, the draft is committed with others, the entry is
accepted by its room, and the room tells its members and the other nodes.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Sequence
from functools import partial
from itertools import count
from pathlib import Path

from tornchat.commit import Committer, Pending
from tornchat.config import Settings
from tornchat.counts import Counts
from tornchat.drafts import Drafts
from tornchat.errors import (
    POLICY_VIOLATION,
    ROOM_NOT_FOUND,
    TRY_AGAIN_LATER,
    UNAUTHORIZED,
    ChatError,
    Closed,
    Unavailable,
)
from tornchat.feed import Member, Outlet, send_all, slices_of
from tornchat.history import History
from tornchat.hooks import Hooks
from tornchat.limits import Rate, Strikes
from tornchat.looplag import LoopLag
from tornchat.messages import (
    Credentials,
    Draft,
    Entry,
    Position,
    PresenceChange,
    Refusal,
    Stored,
    StoreResult,
    User,
)
from tornchat.presence import Presence
from tornchat.pruning import Retention
from tornchat.publisher import Publisher
from tornchat.room import Room, RoomLimits
from tornchat.rooms import Rooms
from tornchat.tasks import Tasks
from tornchat.turn import Turn
from tornchat.wire import Dialect, Said, Welcome

TAIL_ENTRIES = (100, 1000)
"""A tail holds the history limit, but at least and at most so many entries."""
RETENTION_SECONDS = 60.0


LIMITS = frozenset({"message_too_long", "rate_limited"})
"""Error codes that tell of a limit of one's own."""

log = logging.getLogger("tornchat.chat")


class Session:
    """One connection's membership of one room."""

    __slots__ = ("id", "joined", "member", "rate", "room", "strikes", "user")

    def __init__(self, session_id: str, user: User, room: Room, member: Member, rate: Rate | None) -> None:
        self.id = session_id
        self.user = user
        self.room = room
        self.member = member
        self.rate = rate
        self.strikes = Strikes()
        self.joined = False
        """True once the history is sent: from then on the room writes to the member by itself."""


class Chat:
    """One node's chat. It is the `ChatHandle` of its plugins, too."""

    def __init__(self, settings: Settings, hooks: Hooks) -> None:
        """On the running loop."""
        self.node_id = secrets.token_hex(6)
        self._now = asyncio.get_running_loop().time
        self.data_dir: Path = settings.tornchat.data_dir
        self.draining = False
        self._settings = settings
        self._hooks = hooks
        self._name_pattern = re.compile(settings.rooms.name_pattern)
        self._drafts = Drafts(self.node_id, settings.limits.message_chars)
        self._sessions = count(1)
        self._tasks = Tasks()
        self._leaves = Tasks()
        limits = settings.limits
        tail = min(max(settings.rooms.history_limit, TAIL_ENTRIES[0]), TAIL_ENTRIES[1])
        room_limits = RoomLimits(tail, limits.send_buffer_bytes, settings.rooms.presence_limit)
        self.counts = Counts()
        self.lag = LoopLag()
        self.turn = Turn()
        self.rooms = Rooms(hooks, self._tasks, room_limits, self.turn.news, self.counts)
        self._history = History(hooks, settings.rooms.history_limit, limits.resume_messages)
        self._presence = Presence(hooks, hooks.tell)
        self.publisher = Publisher(hooks, self.node_id)
        self.committer = Committer(hooks, self._tasks, self._known_seq, self._stored)
        self._gated = hooks.provides("authorize") or hooks.provides("filter_message")

    # --- connect ---

    def opened(self, connection: str, remote_ip: str) -> None:
        """A WebSocket was opened; nobody is known yet."""
        self.counts.opened += 1
        self._hooks.tell("connection_opened", connection, remote_ip)

    def closed(self, connection: str, code: int | None, duration: float) -> None:
        """A WebSocket ended."""
        self.counts.close(code)
        self._hooks.tell("connection_closed", connection, code, duration)

    async def connect(self, credentials: Credentials) -> User:
        """Say who this is. Raises `Closed`: 4001 for a definite no, 1013 when it can't be told now."""
        try:
            user = await self._hooks.authenticate(credentials)
        except Unavailable:
            raise Closed(TRY_AGAIN_LATER, "authentication is not available", "unavailable") from None
        if user is None:
            raise Closed(UNAUTHORIZED, "unauthorized", "refused" if credentials.token else "no_token")
        if self._expired(user):
            raise Closed(UNAUTHORIZED, "unauthorized", "expired")
        return user

    def turned_away(self, refusal: Closed) -> None:
        """A client, or a call of the API, was refused before anything was done for it."""
        if refusal.cause:
            self.counts.auth_failures[refusal.cause] += 1

    @staticmethod
    def _expired(user: User) -> bool:
        return user.expires_at is not None and user.expires_at <= time.time()

    # --- join ---

    async def join(
        self, user: User, name: str, dialect: Dialect, outlet: Outlet, since: Position | None = None
    ) -> Session:
        """Make `user` a member of the room and send what it begins with; live events follow.

        Raises `Closed`: 4000 if the room is not there for this user, 1013 if that can't be told now;
        `ConnectionError` if the client went meanwhile.
        """
        try:
            room = await self._open(user, name)
            plan = await self._history.plan(room, since)
        except Unavailable:
            raise Closed(TRY_AGAIN_LATER, "not available now") from None
        if self.rooms.get(name) is not room:
            raise Closed(TRY_AGAIN_LATER, "the room has just changed")  # while its log was read
        # No await from here to the first write: the cursor, the user list and the history are of one instant.
        session = self._enter(user, room, dialect, outlet)
        try:
            tail = room.tail_after(plan.after)
            older = self._history.older(room, dialect.plain, plan, room.seq) if tail is None else None
            start = dialect.welcome(Welcome(name, user, room.info.epoch, room.seq, plan.recovered))
            users = dialect.users(room.roster.encoded(user.participant))
            first = start + users + session.member.feed.history(tail or 0)
            slices = slices_of(first)
            ready = outlet.send(next(slices))
            self.counts.sent_bytes += len(first)
            await self._presence.enter(name, user, session.id)
            await send_all(outlet, slices, ready)
            if older is not None:
                async for page in older:
                    self.counts.sent_bytes += len(page)
                    await send_all(outlet, slices_of(page), True)
        except Unavailable:
            self.leave(session)
            raise Closed(TRY_AGAIN_LATER, "the history is not available now") from None
        except BaseException:
            self.leave(session)
            raise
        session.joined = session.member.ready = True
        room.catch_up(session.member)
        return session

    async def _open(self, user: User, name: str) -> Room:
        """Raises `Closed` (4000), `Unavailable`."""
        if not self._name_pattern.fullmatch(name) or not await self._hooks.authorize(user, "join", name):
            raise Closed(ROOM_NOT_FOUND, "room not found")
        loaded = self.rooms.warm(name)
        if loaded is not None:
            return loaded
        info = await self._hooks.open_room(
            name, user, self._settings.rooms.auto_create, self._settings.limits.rooms_per_user
        )
        room = await self.rooms.load(info) if info is not None else None
        if room is None:
            raise Closed(ROOM_NOT_FOUND, "room not found")
        return room

    def _enter(self, user: User, room: Room, dialect: Dialect, outlet: Outlet) -> Session:
        session_id = f"{self.node_id}-{next(self._sessions)}"
        member = room.enter(user.participant, session_id, dialect, outlet)
        limits = self._settings.limits
        rate = Rate(limits.messages_per_second, limits.burst) if limits.messages_per_second else None
        return Session(session_id, user, room, member, rate)

    # --- say ---

    def say(self, session: Session, said: Said) -> Awaitable[None] | None:
        """Take what a client says; its echo, or an error frame, follows. What is awaited keeps its order.

        Raises `Closed` (4001) if the right to be here has ended.
        """
        if self._expired(session.user):
            raise Closed(UNAUTHORIZED, "token expired")
        try:
            draft = self._draft(session, said)
            if self._gated:
                return self._pass_gates(session, draft)
            self._submit(session, draft)
        except ChatError as error:
            self.refuse(session, error, said.client_id)
        return None

    def _draft(self, session: Session, said: Said) -> Draft:
        self._drafts.check(said.text)
        if session.rate is not None and (wait := session.rate.wait(self._now())):
            raise ChatError("rate_limited", "", round(wait, 3))
        return self._drafts.make(session.user, session.room.info.name, said)

    async def _pass_gates(self, session: Session, draft: Draft) -> None:
        """Ask the plugins that may refuse a message. They fail closed."""
        try:
            if not await self._hooks.authorize(session.user, "send", draft.room):
                raise ChatError("forbidden")
            filtered = await self._hooks.filter_message(draft, session.user)
            self._drafts.check(filtered.text)
            self._submit(session, filtered)
        except ChatError as error:
            self.refuse(session, error, draft.client_id)
        except Unavailable:
            self.refuse(session, ChatError("unavailable"), draft.client_id)

    def _submit(self, session: Session, draft: Draft) -> None:
        self.committer.submit(draft, partial(self._answer, session, draft.client_id))

    def _stored(self, batch: Sequence[Pending], results: Sequence[StoreResult]) -> None:
        """A store call has ended. Senders first: an ack waits in the room for its entry. Then the rooms."""
        fresh: dict[tuple[str, str], list[Entry]] = {}
        for pending, result in zip(batch, results, strict=True):
            pending.settle(result)
            if type(result) is Stored and not result.repeated:
                fresh.setdefault((pending.draft.room, result.epoch), []).append(result.entry)
        for (room, epoch), entries in fresh.items():
            self.rooms.accept(room, epoch, entries)
            self.publisher.publish(room, epoch, entries)
            self._hooks.messages_stored(room, entries)
            self.counts.stored += len(entries)
        self.turn.brings(batch[0].arrived)
        self.turn.end()

    def _answer(self, session: Session, client_id: str | None, result: StoreResult) -> None:
        if type(result) is Refusal:
            if result.code == "unconfirmed" and client_id is None:
                session.member.outlet.end(TRY_AGAIN_LATER, "unconfirmed")
            else:
                self.refuse(session, ChatError(result.code, result.reason), client_id)
        elif client_id is not None and type(result) is Stored:
            session.room.ack(session.member, client_id, result.entry.seq)

    def refuse(self, session: Session, error: ChatError, client_id: str | None = None) -> None:
        """Tell one sender why not. Who breaks the rules again and again is closed with 1008."""
        self.counts.refused[error.code] += 1
        if error.code in LIMITS and not session.strikes.standing:
            self._note_limit(session, error)
        dialect = session.member.feed.dialect
        session.room.aside(session.member, dialect.error(error, client_id))
        if error.blames_sender and session.strikes.add(self._now()):
            session.member.outlet.end(POLICY_VIOLATION, "too many refused messages")

    def _note_limit(self, session: Session, error: ChatError) -> None:
        """Log that a client has met a limit: the first time, since it may meet it a thousand times."""
        facts = {
            "event": "limit",
            "session": session.id,
            "user": session.user.id,
            "room": session.room.info.name,
            "limit": error.code,
        }
        log.info("user %(user)r in room %(room)r has met a limit: %(limit)s", facts, extra=facts)

    def drained(self, session: Session) -> None:
        """The session's socket takes more: let it catch up."""
        if session.joined and session.room.present(session.member):
            session.member.ready = True
            session.room.catch_up(session.member)

    # --- leave ---

    def leave(self, session: Session) -> bytes:
        """End the membership and give what was still due to the member. Idempotent."""
        if not session.room.present(session.member):
            return b""
        rest = session.room.rest(session.member) if session.joined else b""
        session.room.leave(session.member, self._now())
        work = self._presence.leave(session.room.info.name, session.user, session.id)
        self._leaves.start(work, f"leave {session.id}")
        return rest

    # --- what plugins call back (ChatHandle) ---

    def deliver(self, topic: str, payload: bytes) -> None:
        """See `ChatHandle`."""
        found = self.publisher.read(topic, payload)
        if found is not None:
            self.rooms.accept(found.room, found.epoch, found.entries)

    def may_have_missed(self) -> None:
        """See `ChatHandle`."""
        self.rooms.may_have_missed()

    def presence_changed(self, room: str, version: int, change: PresenceChange) -> None:
        """See `ChatHandle`."""
        self.rooms.presence_changed(room, version, change)

    # --- life ---

    async def start(self) -> None:
        """Start the plugins and the node's own work. Raises `SettingsError`."""
        keep_days = self._settings.history.keep_days
        retention = Retention(self._hooks, keep_days) if keep_days else None
        await self._hooks.startup(self)
        self._tasks.start(self.publisher.run(), "publish")
        self._tasks.start(self.lag.run(), "lag")
        self._tasks.every(0.25, self.committer.expire, "expire")
        self._tasks.every(1.0, self._presence.retry, "presence")
        self._tasks.every(3.0, self.rooms.check_positions, "positions")
        self._tasks.every(5.0, self.rooms.upkeep, "rooms")
        if retention is not None:
            self._tasks.every(RETENTION_SECONDS, retention.prune, "retention")

    async def finish_commits(self, seconds: float) -> None:
        """Wait until every draft that came by now has its outcome, at most `seconds`."""
        await self.committer.flush(seconds)

    async def close(self, seconds: float = 5.0) -> None:
        """End the node's work, for which it has `seconds`, and shut the plugins down.

        The connections are gone by now.
        """
        end = self._now() + seconds
        await self.committer.close(seconds)
        await self._leaves.finish(max(0.1, end - self._now()))
        await self._presence.close()
        await self._tasks.close()
        await self._hooks.close()
        await self._hooks.shutdown()

    def _known_seq(self, name: str) -> int | None:
        room = self.rooms.get(name)
        return room.seq if room is not None else None
