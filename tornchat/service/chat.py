"""The chat of one node: construction and life cycle of the use cases.

A client connects and is authenticated, joins a room (`joining.py`), sends messages (`posting.py`) and leaves.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Collection, Mapping, Sequence
from pathlib import Path

from tornchat.cluster.broadcast import Broadcast
from tornchat.cluster.control import TOPIC, Control
from tornchat.cluster.foreign import Foreign
from tornchat.cluster.sanctions import Sanctions
from tornchat.cluster.slowmodes import SlowModes
from tornchat.cluster.strangers import HELLO_SECONDS, Strangers
from tornchat.cluster.userevents import TOPIC as USERS
from tornchat.cluster.userevents import Typing
from tornchat.config.settings import Settings
from tornchat.errors import (
    UNAUTHORIZED,
    ChatError,
    Closed,
    Unavailable,
)
from tornchat.hooks.calls import Hooks
from tornchat.log.consumers import Consumers
from tornchat.log.retention import Retention
from tornchat.markers import Marker
from tornchat.metrics.counts import Counts
from tornchat.metrics.looplag import LoopLag
from tornchat.model import (
    PLAIN,
    Entry,
    Mentions,
    Position,
    PresenceChange,
    Stored,
    User,
)
from tornchat.offenders import QUIET_SECONDS, Offenders
from tornchat.rooms.descriptions import Descriptions
from tornchat.rooms.flush import Flush
from tornchat.rooms.member import Outlet
from tornchat.rooms.registry import Registry
from tornchat.rooms.room import RoomLimits
from tornchat.service.access import Access
from tornchat.service.acting import Acting, Callers, UseCases
from tornchat.service.admission import Admission
from tornchat.service.audit import PRUNE_SECONDS, Audit
from tornchat.service.blocks import Blocks
from tornchat.service.closing import Closing
from tornchat.service.connecting import Connecting, expired
from tornchat.service.describing import Describing
from tornchat.service.direct import DirectRooms
from tornchat.service.directory import Directory
from tornchat.service.drafts import Drafts
from tornchat.service.enforcement import EVERY, Enforcement
from tornchat.service.finding import Finding
from tornchat.service.following import Following
from tornchat.service.inviting import Inviting
from tornchat.service.joining import Joining
from tornchat.service.markers import Markers
from tornchat.service.marking import Marks
from tornchat.service.mine import Mine
from tornchat.service.moderation import Moderation
from tornchat.service.pace import Pace
from tornchat.service.people import People
from tornchat.service.posting import Posting
from tornchat.service.quota import Quotas
from tornchat.service.reading import Reading
from tornchat.service.refusing import Refusing
from tornchat.service.removals import Removals
from tornchat.service.reports import Reports
from tornchat.service.saying import Data, said_more
from tornchat.service.searching import Searching
from tornchat.service.session import Session
from tornchat.service.signals import Signals
from tornchat.service.site import SiteModeration
from tornchat.service.userstream import UserStream
from tornchat.service.visitors import Visitors
from tornchat.service.watching import Watching
from tornchat.tasks import Tasks
from tornchat.wire import Dialect, Said, signals

TAIL_ENTRIES = (100, 1000)
"""Minimum and maximum length of a room's tail; within these bounds it is `[rooms] history_limit`."""
RETENTION_SECONDS = 60.0
COMPARE_SECONDS = 30.0
"""Interval at which watched rooms are compared with storage, in case that hints were lost."""


class Chat(Acting):
    """The chat of one node. It is also the `ChatHandle` that its plugins receive."""

    def __init__(
        self,
        settings: Settings,
        hooks: Hooks,
        callers: Callers | None = None,
    ) -> None:
        """Requires a running event loop. `callers` tells who makes requests; None if none are served."""
        self._callers = callers or _NobodyServed()
        self.node_id = secrets.token_hex(6)
        self._loop = asyncio.get_running_loop()
        self._now = self._loop.time
        self._closed = False
        self.data_dir: Path = settings.tornchat.data_dir
        self.exclusive = hooks.broadcast_scope() == "process"
        self.writes = True
        self.draining = False
        self._hooks = hooks
        self._tasks = Tasks()
        self._keep_days = settings.history.keep_days
        self._patience_days = settings.consumers.patience_days
        self.counts = Counts()
        self.lag = LoopLag()
        self.turn = Flush()
        self._drafts = Drafts(self.node_id, settings.limits.message_chars)
        self.strangers = Strangers(self.node_id, self.exclusive, self._now)
        self._offenders = offenders = Offenders(time.monotonic, self.counts.limits)
        self._foreign = foreign = Foreign(offenders)
        self.rooms = Registry(
            hooks,
            self._tasks,
            _room_limits(settings),
            self.turn,
            self.counts,
            self.strangers.read,
            foreign.known,
        )
        self._sanctions = Sanctions(hooks)
        slow_modes = SlowModes(hooks)
        self.publisher = Broadcast(hooks, self.node_id, foreign)
        removals = Removals()
        self.visitors = Visitors()
        self._pace = pace = Pace(settings.limits, settings.guest, offenders)
        self.consumers = Consumers(hooks, self.node_id, self._announce)
        self._enforcement = Enforcement(
            hooks,
            self.rooms,
            self._sanctions,
            slow_modes,
            Descriptions(hooks, self.rooms),
            removals,
            self.publisher,
            Control(self.node_id),
            self.strangers,
            self._tasks,
            self.visitors,
            self.consumers.heard,
            self._doubt,
        )
        self.audit = Audit(hooks, self.node_id, settings.audit.keep_days)
        access = Access(hooks, self.rooms, self._sanctions, settings.rooms)
        self.people = People(hooks, self.rooms)
        self.connecting = Connecting(hooks, Admission(self._sanctions), self.people, self.counts)
        self.refusing = Refusing(self.counts)
        self.markers = Markers(hooks, self._tasks, self._marker_moved)
        self._joining = Joining(
            settings,
            hooks,
            self.rooms,
            access,
            self._sanctions,
            slow_modes,
            removals,
            pace,
            self.markers,
            self.counts,
            self.node_id,
        )
        self.blocks = Blocks(hooks, pace)
        self.watching = Watching(hooks, access, self.publisher, self.node_id, lambda: not self.exclusive)
        self.user_stream = UserStream(
            *(access, self.blocks, self.visitors, self.watching, self.publisher, self._tasks, self.node_id),
            self._marker_heard,
            self._typing_heard,
        )
        self._signals = Signals(self.rooms, self._sanctions, settings.rooms, self.user_stream.typing)
        tells = self.user_stream
        self.directory = Directory(
            *(hooks, access, self._enforcement, self.audit, pace, self.blocks, tells, settings.limits)
        )
        self.describing = Describing(hooks, access, self._enforcement, self.audit, tells)
        self.finding = Finding(hooks, self.blocks, settings.users.directory)
        self.direct = DirectRooms(hooks, access, self.audit, self.people, self.blocks, pace, tells)
        self.inviting = Inviting(hooks, access, self.audit, tells, settings.limits)
        self.reading = Reading(hooks, access)
        self.searching = Searching(hooks, access, self.markers)
        self.marks = Marks(hooks, access)
        self._access = access
        self._following = Following(hooks, self.rooms, self.exclusive)
        self.mine = Mine(hooks, access, self.markers)
        self.reports = Reports(hooks, access, self.audit, pace)
        self.posting = Posting(
            hooks,
            self._tasks,
            access,
            self._sanctions,
            self.rooms,
            self.publisher,
            self.turn,
            self._drafts,
            Quotas(settings.limits, offenders),
            slow_modes,
            self.counts,
            self.audit,
            settings.messages.edit_seconds,
            self.refusing.refuse,
            self._stored,
        )
        self.committer = self.posting.committer
        self._closing = Closing(hooks, self.posting, settings.messages.open_seconds)
        self.moderation = Moderation(
            hooks,
            access,
            self.people,
            self._enforcement,
            self.audit,
            self.posting,
            settings.limits.sanctions_per_room,
        )
        self.site = SiteModeration(hooks, self.people, self._enforcement, self.audit)

    def reload(self, settings: Settings) -> None:
        """Apply the limits in `settings`, also to users who are here. Nothing is interrupted."""
        limits = settings.limits
        self._drafts.message_chars = limits.message_chars
        self.directory.limits = self.inviting.limits = limits
        self.moderation.sanctions_per_room = limits.sanctions_per_room
        self.rooms.reload(_room_limits(settings))
        self._pace.reload(limits, settings.guest)
        self._joining.reload(settings)
        self.posting.quotas.reload(limits)

    # --- join ---

    async def join(
        self, user: User, name: str, dialect: Dialect, outlet: Outlet, since: Position | None = None
    ) -> Session:
        """Make `user` a member of the room. See `Joining.join`."""
        return await self._joining.join(user, name, dialect, outlet, since)

    # --- say ---

    async def say(
        self,
        room: str,
        text: str,
        *,
        sender: User,
        id: str | None = None,  # noqa: A002 (the name of v1's field)
        thread: int | None = None,
        reply_to: int | None = None,
        mentions: Sequence[str] | Mentions = (),
        meta: Mapping[str, object] | None = None,
        kind: str = PLAIN,
        data: Data | None = None,
        trusted: bool = True,
    ) -> Stored:
        """See `ChatHandle`."""
        try:
            said = Said(text, id, kind, more=said_more(reply_to, thread, mentions, meta, kind, data))
            return await self.posting.say_as(sender, room, said, trusted)
        except ChatError as error:
            self.refusing.note(error.code, error.text, "code", id, sender.id, room)
            raise

    def signal(self, session: Session, payload: bytes) -> Awaitable[None] | None:
        """Carry out a frame about the session's user; None if it is none.

        The session gets an error frame if the frame is refused. Raises `Closed` (4001) if the user's token
        has expired.
        """
        try:
            asked = signals.read(payload)
        except ChatError as error:
            self.refusing.refuse(session, error)
            return _nothing()
        if asked is None:
            return None
        if expired(session.user):
            raise Closed(UNAUTHORIZED, "token expired")
        return self._signal(session, asked, len(payload))

    async def _signal(self, session: Session, asked: signals.Signal, size: int) -> None:
        await self.posting.pace(session.user, size)
        try:
            if not session.room.present(session.member):
                return
            if isinstance(asked, signals.Typing):
                self._signals.typing(session, asked)
            else:
                await self.markers.read(session, asked)
        except ChatError as error:
            self.refusing.refuse(session, error, asked.id)

    # --- leave ---

    def leave(self, session: Session) -> bytes:
        """End the membership and return the frames that are still to be sent. Idempotent."""
        return self._joining.leave(session)

    # --- what plugins call back (ChatHandle) ---

    def deliver(self, topic: str, payload: bytes) -> None:
        """See `ChatHandle`."""
        if topic == TOPIC:
            if not self.watching.take(payload):
                self._enforcement.take(payload)
            return
        if topic == USERS:
            self.user_stream.take(payload)
            return
        found = self.publisher.read(topic, payload)
        if found is not None:
            self.strangers.heard(found.node)
            self.rooms.accept(found.room, found.epoch, found.entries)
            self._following.heard(found.room)

    def _stored(self, room: str, epoch: str, entries: Sequence[Entry]) -> None:
        self.consumers.stored(room)
        self._following.heard(room)
        self.watching.committed(room, epoch, *self.rooms.head(room, epoch, entries[-1].seq))
        self.markers.sent(room, epoch, entries)
        for entry in entries:
            if entry.more is not None:
                self.user_stream.mentioned(room, entry)

    def _marker_moved(self, marker: Marker, said: bool) -> None:
        self.user_stream.read_moved(marker, said)

    def _marker_heard(self, marker: Marker, said: bool) -> None:
        self.markers.heard(marker, said)
        self._signals.read(marker)

    def _typing_heard(self, event: Typing) -> None:
        self._signals.heard(event)

    def _use_cases(self) -> UseCases:
        if self._closed:
            raise Unavailable("the chat does not run")
        return UseCases(
            self._access,
            self.reading,
            self.directory,
            self.describing,
            self.moderation,
            self._following,
            self.posting,
            self._callers,
            self._loop,
        )

    def _doubt(self, room: str) -> None:
        self.watching.doubt(room)

    def _announce(self, rooms: Collection[str]) -> None:
        self._enforcement.announce(rooms)

    def may_have_missed(self) -> None:
        """See `ChatHandle`."""
        self.strangers.may_have_missed()
        self.rooms.may_have_missed()
        self._tasks.start(self.watching.compare(), "watched rooms")
        self._enforcement.may_have_missed()

    def presence_changed(self, room: str, version: int, change: PresenceChange) -> None:
        """See `ChatHandle`."""
        if self._foreign.knows(change.participant):
            self.rooms.presence_changed(room, version, change)

    # --- life ---

    async def start(self) -> None:
        """Start the plugins and the background tasks. Raises `SettingsError`."""
        retention = Retention(self._hooks, self._keep_days, self._patience_days) if self._keep_days else None
        await self._hooks.startup(self)
        try:
            await self._run(retention)
        except BaseException:  # a start that fails or is cancelled must leave nothing running
            await self.close()
            raise

    async def _run(self, retention: Retention | None) -> None:
        self._tasks.start(self.publisher.run(), "publish")
        self._tasks.start(self.lag.run(), "lag")
        await self._enforcement.subscribe()
        self._enforcement.say_hello()
        self._tasks.every(HELLO_SECONDS, self._enforcement.say_hello, "hello")
        self._tasks.every(0.25, self.committer.expire, "expire")
        self._tasks.every(1.0, self.watching.tell, "news")
        self._tasks.every(1.0, self.markers.write, "markers")
        self._tasks.every(1.0, self._signals.tell, "signals")
        self._tasks.every(COMPARE_SECONDS, self.watching.compare, "watched rooms")
        self.consumers.start()
        self._tasks.every(1.0, self._joining.retry, "presence")
        self._tasks.every(0.25, self.people.write, "people")
        self._tasks.every(QUIET_SECONDS, self._offenders.sum_up, "left out")
        self._tasks.every(3.0, self.rooms.check_positions, "positions")
        self._tasks.every(EVERY, self._enforcement.upkeep, "sanctions")
        self._tasks.every(5.0, self.rooms.upkeep, "rooms")
        self._tasks.every(10.0, self.posting.upkeep, "posting")
        if self._closing.active:
            self._tasks.every(self._closing.pause, self._closing.close_silent, "open messages")
        self._tasks.every(3.0, self.audit.write, "audit")
        self._tasks.every(PRUNE_SECONDS, self.audit.prune, "audit retention")
        if retention is not None:
            self._tasks.every(RETENTION_SECONDS, retention.prune, "retention")

    async def finish_commits(self, seconds: float) -> None:
        """Wait until every draft submitted so far has its outcome, at most `seconds`."""
        await self.committer.flush(seconds)

    async def close(self, seconds: float = 5.0) -> None:
        """Finish pending work within `seconds`, stop the background tasks and shut the plugins down.

        All connections must have been closed before.
        """
        end = self._now() + seconds
        self._closed = True
        self._following.close()
        await self.committer.close(seconds)
        await self.consumers.close()
        await self.audit.write()
        await self.markers.write()
        await self._joining.close(max(0.1, end - self._now()))
        await self._tasks.close()
        await self._hooks.close()
        await self._hooks.shutdown()


async def _nothing() -> None:
    """Return what is awaited if nothing is left to be done."""


class _NobodyServed:
    """The `Callers` of a chat without a server."""

    async def identify(self, asked: object) -> User | None:
        raise Unavailable("this process serves no requests")

    async def login_failed(self, asked: object) -> None:
        raise Unavailable("this process serves no requests")


def _room_limits(settings: Settings) -> RoomLimits:
    tail = min(max(settings.rooms.history_limit, TAIL_ENTRIES[0]), TAIL_ENTRIES[1])
    return RoomLimits(tail, settings.limits.send_buffer_bytes, settings.rooms.presence_limit)
