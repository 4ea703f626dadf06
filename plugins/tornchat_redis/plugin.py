"""The plugin class, with the hooks for broadcast and presence and their background tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal, NamedTuple

from tornchat import ChatHandle, Fault, Participant, Roster, SettingsError, Unavailable, hookimpl
from tornchat_redis.bus import Bus
from tornchat_redis.connections import RedisConnections
from tornchat_redis.lease import Lease
from tornchat_redis.names import Names
from tornchat_redis.pipe import Pipe
from tornchat_redis.presence import RedisPresence
from tornchat_redis.probe import faults
from tornchat_redis.rooms import PresenceScripts
from tornchat_redis.settings import RedisSettings
from tornchat_redis.subscriber import Subscriber
from tornchat_redis.tasks import Endless

START_SECONDS = 5.0


class _Open(NamedTuple):
    """The objects that exist from `startup` to `shutdown`."""

    pipe: Pipe
    bus: Bus
    presence: RedisPresence
    lease: Lease
    rooms: PresenceScripts
    tasks: Endless


class RedisPlugin:
    """The plugin `redis`, for several nodes. A node has one connection for commands and one to subscribe."""

    Settings = RedisSettings

    def __init__(self, settings: RedisSettings) -> None:
        self._settings = settings
        self._connections = RedisConnections(settings)
        self._open: _Open | None = None

    @hookimpl
    async def startup(self, chat: ChatHandle) -> None:
        """Connect and acquire a lease. Raises `SettingsError` if the server is not available at once."""
        for fault in await faults(self._connections):
            raise SettingsError(fault.what, fault.cure)
        opened = self._open = self._wire(chat)
        opened.tasks.start(opened.pipe.run)
        opened.tasks.start(opened.bus.subscriber.run)
        try:
            async with asyncio.timeout(START_SECONDS):
                await opened.bus.open()
                await opened.lease.renew()
        except Unavailable as error:
            raise SettingsError(f"{error}.", "Check the rights of the user that [redis] url names.") from None
        except TimeoutError:
            what = f"Redis can't be listened to: {opened.bus.subscriber.failure}."
            raise SettingsError(what, "Check the rights of the user that [redis] url names.") from None
        opened.tasks.start(opened.bus.beat)
        opened.tasks.start(opened.lease.run)

    def _wire(self, chat: ChatHandle) -> _Open:
        settings, ttl = self._settings, self._settings.presence_ttl
        names = Names(settings.prefix, chat.node_id, sharded=settings.sharded)
        pipe = Pipe(self._connections)
        rooms = PresenceScripts(names, pipe, ttl)
        presence = RedisPresence(chat, rooms, lambda: lease.holds and pipe.is_up)
        lease = Lease(rooms, ttl, presence.enter_all, chat.may_have_missed)
        pipe.on_down, pipe.on_up = lease.doubt, lease.look
        subscriber = Subscriber(self._connections, names, settings.socket_timeout)
        bus = Bus(chat, names, pipe, subscriber, presence.heard, lease.doubt)
        return _Open(pipe, bus, presence, lease, rooms, Endless())

    @hookimpl
    async def shutdown(self) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            try:
                if opened.pipe.is_up:
                    await opened.rooms.resign()
            except Unavailable:
                pass  # the lease expires
            await opened.tasks.close()

    @hookimpl
    async def check(self) -> Sequence[Fault]:
        return await faults(self._connections)

    @hookimpl
    def health(self) -> dict[str, str]:
        if self._open is None:
            return {"broadcast": "not open", "presence": "not open"}
        pipe, bus, lease = self._open.pipe, self._open.bus, self._open.lease
        sends = "ok" if pipe.is_up else f"redis is down: {pipe.failure}"
        hears = "ok" if bus.subscriber.is_up else f"not listening: {bus.subscriber.failure}"
        holds = "ok" if lease.holds else "this node's lease was lost"
        return {"broadcast": sends if sends != "ok" else hears, "presence": sends if sends != "ok" else holds}

    @hookimpl
    def broadcast_scope(self) -> Literal["process", "cluster"]:
        return "cluster"

    @hookimpl
    async def subscribe(self, topic: str) -> None:
        await self._opened().bus.subscribe(topic)

    @hookimpl
    async def unsubscribe(self, topic: str) -> None:
        await self._opened().bus.unsubscribe(topic)

    @hookimpl
    def publish(self, topic: str, payload: bytes) -> None:
        self._opened().bus.publish(topic, payload)

    @hookimpl
    async def join_presence(self, room: str, user: Participant, session: str) -> bool:
        return await self._opened().presence.join(room, user, session)

    @hookimpl
    async def leave_presence(self, room: str, user: Participant, session: str) -> bool:
        return await self._opened().presence.leave(room, user, session)

    @hookimpl
    async def read_presence(self, room: str) -> Roster:
        return await self._opened().presence.read(room)

    def _opened(self) -> _Open:
        if self._open is None:
            raise Unavailable("Redis is not connected.")
        return self._open
