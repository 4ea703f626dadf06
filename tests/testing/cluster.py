"""A right plugin of broadcast and presence for several nodes, in memory: the wrong ones are made of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from tornchat import ChatHandle, Participant, PresenceChange, Roster, hookimpl

LEASE = 0.1


@dataclass
class Hall:
    """A room: session -> its node and user."""

    version: int = 0
    sessions: dict[str, tuple[str, Participant]] = field(default_factory=dict)

    def users(self) -> dict[str, Participant]:
        return {user.id: user for _, user in self.sessions.values()}


class Server:
    """What the nodes share."""

    def __init__(self) -> None:
        self.rooms: dict[str, Hall] = {}
        self.nodes: dict[str, MemoryCluster] = {}
        self.leases: dict[str, float] = {}

    def tell(self, tell: Callable[[MemoryCluster], None]) -> None:
        for node in self.nodes.values():
            if node.hears:
                tell(node)


class MemoryCluster:
    """A node that has a lease, and ends the sessions of nodes whose leases have ended."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.hears = True
        self.chat: ChatHandle | None = None
        self._topics: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []

    @hookimpl
    async def startup(self, chat: ChatHandle) -> None:
        self.chat = chat
        self.server.nodes[chat.node_id] = self
        self._tasks.append(asyncio.create_task(self._keep()))

    @hookimpl
    async def shutdown(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)

    async def _keep(self) -> None:
        while True:
            self.renew()
            await asyncio.sleep(LEASE / 4)

    def renew(self) -> None:
        now, leases = asyncio.get_running_loop().time(), self.server.leases
        leases[self.id] = now + LEASE
        for node in [name for name, ends in leases.items() if ends < now]:
            self.end(node)
            del leases[node]

    def end(self, node: str) -> None:
        """End the sessions of a dead node."""
        for name, hall in self.server.rooms.items():
            for session, (of, user) in list(hall.sessions.items()):
                if of == node:
                    self.drop(name, hall, session, user)

    @property
    def id(self) -> str:
        assert self.chat is not None
        return self.chat.node_id

    async def lose(self) -> None:
        """Be cut off for a moment."""
        self.hears = False
        await asyncio.sleep(0)
        self.hears = True
        self.found_again()

    def found_again(self) -> None:
        assert self.chat is not None
        self.chat.may_have_missed()

    # --- broadcast ---

    @hookimpl
    def broadcast_scope(self) -> Literal["process", "cluster"]:
        return "cluster"

    @hookimpl
    def subscribe(self, topic: str) -> None:
        self._topics.add(topic)

    @hookimpl
    def unsubscribe(self, topic: str) -> None:
        self._topics.discard(topic)

    @hookimpl
    def publish(self, topic: str, payload: bytes) -> None:
        self.server.tell(lambda node: node.heard(topic, payload))

    def heard(self, topic: str, payload: bytes) -> None:
        if topic in self._topics and self.chat is not None:
            self.chat.deliver(topic, payload)

    # --- presence ---

    @hookimpl
    async def join_presence(self, room: str, user: Participant, session: str) -> bool:
        hall = self.server.rooms.setdefault(room, Hall())
        first = user.id not in hall.users()
        hall.sessions[session] = (self.id, user)
        if first:
            self.changed(room, hall, PresenceChange("join", user))
        return first

    @hookimpl
    async def leave_presence(self, room: str, user: Participant, session: str) -> bool:
        hall = self.server.rooms.get(room, Hall())
        if hall.sessions.get(session, ("", None))[1] != user:
            return False
        return self.drop(room, hall, session, user)

    def drop(self, room: str, hall: Hall, session: str, user: Participant) -> bool:
        del hall.sessions[session]
        last = user.id not in hall.users()
        if last:
            self.changed(room, hall, PresenceChange("leave", user))
        return last

    @hookimpl
    async def read_presence(self, room: str) -> Roster:
        hall = self.server.rooms.setdefault(room, Hall())
        return Roster(hall.version, tuple(hall.users().values()))

    def changed(self, room: str, hall: Hall, change: PresenceChange) -> None:
        hall.version += 1
        version = hall.version
        self.server.tell(lambda node: node.told(room, version, change))

    def told(self, room: str, version: int, change: PresenceChange) -> None:
        assert self.chat is not None
        self.chat.presence_changed(room, version, change)
