"""Joining and leaving a room. History and live messages join without a gap or a duplicate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count

from tornchat.cluster.presence import Presence
from tornchat.cluster.sanctions import Sanctions
from tornchat.cluster.slowmodes import SlowModes
from tornchat.config.settings import Settings
from tornchat.errors import REMOVED, ROOM_NOT_FOUND, TRY_AGAIN_LATER, Closed, Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.markers import ReadState
from tornchat.metrics.counts import Counts
from tornchat.model import SITE, Position, RoomInfo, User
from tornchat.rooms.history import History, Plan
from tornchat.rooms.member import Outlet, send_all, slices_of
from tornchat.rooms.registry import Registry
from tornchat.rooms.room import Room
from tornchat.service.access import Access
from tornchat.service.markers import Markers
from tornchat.service.pace import Pace
from tornchat.service.removals import Removals
from tornchat.service.session import Session
from tornchat.tasks import Tasks
from tornchat.wire import Dialect, Welcome


class Joining:
    """Creates and ends sessions."""

    def __init__(
        self,
        settings: Settings,
        hooks: Hooks,
        rooms: Registry,
        access: Access,
        sanctions: Sanctions,
        slow_modes: SlowModes,
        removals: Removals,
        pace: Pace,
        markers: Markers,
        counts: Counts,
        node_id: str,
    ) -> None:
        self._settings = settings
        self._hooks = hooks
        self._rooms = rooms
        self._access = access
        self._sanctions = sanctions
        self._slow_modes = slow_modes
        self._removals = removals
        self._pace = pace
        self._markers = markers
        self._counts = counts
        self._node_id = node_id
        self._now: Callable[[], float] = asyncio.get_running_loop().time
        self._history = History(hooks, settings.rooms.history_limit, settings.limits.resume_messages)
        self._presence = Presence(hooks, hooks.user_joined, hooks.user_left)
        self._firsts: dict[str, asyncio.Event] = {}
        self._numbers = count(1)
        self._leaves = Tasks()

    async def join(
        self, user: User, name: str, dialect: Dialect, outlet: Outlet, since: Position | None = None
    ) -> Session:
        """Make `user` a member of the room and send the welcome, the user list and the history.

        Raises `Closed`: 4000 if the room is not visible to the user, 4003 if the user was removed meanwhile,
        1013 if a plugin fails or the user joins too often; and `ConnectionError` if the client has
        disconnected.
        """
        began = self._now()
        self._pace.join(user.id)
        try:
            room = await self._open(user, name)
            reading = self._markers.ask(name, user.id) if dialect.signals else None
            plan = await self._history.plan(room, since)
            marker = await reading if reading is not None else None
            await self._admit_again(user, room)
        except Unavailable:
            raise Closed(TRY_AGAIN_LATER, "not available now") from None
        self._look_again(user, room, began)
        # No await from here to the first write: the cursor, the user list and the history are of one instant.
        plan = self._history.still_there(room, plan)
        session = self._enter(user, room, dialect, outlet)
        if dialect.signals:
            self._markers.enter(session, marker)
        try:
            await self._begin(session, plan, marker, outlet)
        except Unavailable:
            self.leave(session)
            raise Closed(TRY_AGAIN_LATER, "the history is not available now") from None
        except BaseException:
            self.leave(session)
            raise
        session.joined = session.member.ready = True
        room.catch_up(session.member)
        return session

    def reload(self, settings: Settings) -> None:
        """Apply other limits to the next joins."""
        self._settings = settings
        self._history.resume_messages = settings.limits.resume_messages

    async def _open(self, user: User, name: str) -> Room:
        """Return the loaded room. Raises `Closed` (4000), `Unavailable`."""
        if not self._access.is_name(name) or not await self._hooks.authorize(user, "join", name):
            raise Closed(ROOM_NOT_FOUND, "room not found")
        loaded = self._rooms.warm(name)
        room = loaded if loaded is not None else await self._after_first(user, name)
        await self._sanctions.know(name)
        return room

    async def _admit_again(self, user: User, room: Room) -> None:
        """Check again whether a private room is visible to the user, after the other awaits.

        Raises `Closed` (4000), `Unavailable`.
        """
        if room.info.private and await self._hooks.open_room(room.info.name, user, False, 0, None) is None:
            raise Closed(ROOM_NOT_FOUND, "room not found")

    def _look_again(self, user: User, room: Room, began: float) -> None:
        """Check what may have changed since the loop time `began`. Raises `Closed`."""
        name = room.info.name
        if self._rooms.get(name) is not room:
            raise Closed(TRY_AGAIN_LATER, "the room has just changed")  # while its log was read
        if self._sanctions.bans(name, user):
            raise Closed(ROOM_NOT_FOUND, "room not found")
        since = self._removals.since
        removed = since(began, name, user.id) or since(began, SITE, user.id)
        if removed or self._sanctions.on_site(user) is not None:
            raise Closed(REMOVED, "removed")

    async def _after_first(self, user: User, name: str) -> Room:
        """Load a room, after waiting for another caller that is already loading it.

        Concurrent joins of a room that is not loaded thus cost storage one call. If the room is still not
        available to every user afterwards, each caller loads it for its own user. Raises `Closed` (4000),
        `Unavailable`.
        """
        first = self._firsts.get(name)
        if first is not None:
            await first.wait()  # bounded by the deadlines of its hooks
            return self._rooms.warm(name) or await self._load(user, name)
        first = self._firsts[name] = asyncio.Event()
        try:
            return await self._load(user, name)
        finally:
            del self._firsts[name]
            first.set()

    async def _load(self, user: User, name: str) -> Room:
        info = await self._open_or_create(user, name)
        room = await self._rooms.load(info) if info is not None else None
        if room is None:
            raise Closed(ROOM_NOT_FOUND, "room not found")
        if info is not None:
            self._slow_modes.learn(info)
        return room

    async def _open_or_create(self, user: User, name: str) -> RoomInfo | None:
        """Open the room, or create it if the user may. Raises `Closed` (1013) above the rate of new rooms."""
        limit, owner = self._settings.limits.rooms_per_user, self._access.owner_of_new(user, name)
        info = await self._hooks.open_room(name, user, False, limit, owner)
        create = info is None and self._settings.rooms.auto_create
        if create and await self._access.may_create(user, name):
            self._pace.create_by_joining(user)
            info = await self._hooks.open_room(name, user, True, limit, owner)
        return info

    def _enter(self, user: User, room: Room, dialect: Dialect, outlet: Outlet) -> Session:
        session_id = f"{self._node_id}-{next(self._numbers)}"
        member = room.enter(user.participant, session_id, dialect, outlet, user)
        return Session(session_id, user, room, member)

    async def _begin(self, session: Session, plan: Plan, marker: ReadState | None, outlet: Outlet) -> None:
        """Send the welcome, the user list and the history. Raises `Unavailable`, `ConnectionError`."""
        user, room, dialect = session.user, session.room, session.member.stream.dialect
        history = self._history.at_once(room, session.member.stream, plan)
        older = self._history.older(room, dialect.plain, plan, room.seq) if history is None else None
        known = (room.info.name, user, room.info.epoch, room.seq, plan.recovered)
        start = dialect.welcome(Welcome(*known, *_read(room, marker)))
        users = dialect.users(room.roster.encoded(session.member.participant, dialect.marks_guests))
        first = start + users + (history or b"")
        slices = slices_of(first)
        ready = outlet.send(next(slices))
        self._counts.sent_bytes += len(first)
        await self._presence.enter(room.info.name, user, session.id)
        await send_all(outlet, slices, ready)
        if older is not None:
            async for page in older:
                self._counts.sent_bytes += len(page)
                await send_all(outlet, slices_of(page), True)

    def leave(self, session: Session) -> bytes:
        """End the membership and return the frames that are still to be sent. Idempotent."""
        if not session.room.present(session.member):
            return b""
        self._markers.leave(session)
        rest = session.room.rest(session.member) if session.joined else b""
        session.room.leave(session.member, self._now())
        work = self._presence.leave(session.room.info.name, session.user, session.id)
        self._leaves.start(work, f"leave {session.id}")
        return rest

    async def retry(self) -> None:
        """Repeat the presence calls that failed before. Never raises."""
        await self._presence.retry()

    async def close(self, seconds: float) -> None:
        """Wait at most `seconds` for the presence plugin to process all leaves; drop the remaining ones."""
        await self._leaves.finish(seconds)
        await self._presence.close()


def _read(room: Room, marker: ReadState | None) -> tuple[int | None, int | None]:
    """Return how far the user has read and how many messages are unread; None if that is not known now."""
    if marker is None or marker.epoch != room.info.epoch:
        return None, None
    return marker.seq, max(0, room.number - marker.number)
