"""Enforcement of moderation on every node: closes the sessions of removed users and of deleted rooms.

Storage holds the state; a control message only prompts nodes to read it again. Nodes also read it every
`EVERY` seconds, so that lost messages have no lasting effect. A kick and a disconnect have no stored state:
a node that misses the message does not carry them out.
"""

from __future__ import annotations

from collections.abc import Iterable

from tornchat.cluster.broadcast import Broadcast
from tornchat.cluster.control import TOPIC, Control, ControlKind, ControlMessage
from tornchat.cluster.sanctions import Sanctions
from tornchat.errors import REMOVED, Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.model import Sanction
from tornchat.rooms.registry import Registry
from tornchat.rooms.room import Room
from tornchat.tasks import Tasks

EVERY = 3.0
"""Interval in seconds at which the sanctions of all loaded rooms are read, in one call."""


class Enforcement:
    """Carries out control messages on this node. Call `upkeep` every `EVERY` seconds."""

    def __init__(
        self,
        hooks: Hooks,
        rooms: Registry,
        sanctions: Sanctions,
        publisher: Broadcast,
        orders: Control,
        tasks: Tasks,
    ) -> None:
        self._hooks = hooks
        self._rooms = rooms
        self._sanctions = sanctions
        self._publisher = publisher
        self._orders = orders
        self._tasks = tasks
        self._subscribed = False

    async def order(self, kind: ControlKind, room: str = "", user_id: str = "") -> None:
        """Carry out an order on this node and send it to the other nodes. Never raises.

        `kind` "sanctions" and "room" concern `room`, "disconnect" concerns `user_id`, "kick" both.
        Sanctions that can't be read now are read by `upkeep`.
        """
        order = self._orders.make(kind, room, user_id)
        self._publisher.send(TOPIC, self._orders.write(order))
        await self._carry_out(order)

    def take(self, payload: bytes) -> None:
        """Carry out a control message from another node. Malformed payloads are ignored."""
        order = self._orders.read(payload)
        if order is not None:
            self._tasks.start(self._carry_out(order), f"order {order.kind}")

    async def _carry_out(self, order: ControlMessage) -> None:
        if order.kind == "sanctions":
            await self._read([order.room] if self._rooms.get(order.room) else [])
        elif order.kind == "room":
            await self._rooms.compare([order.room])
        else:
            self._remove(order)

    def _remove(self, order: ControlMessage) -> None:
        here = self._rooms.get(order.room)
        rooms = self._rooms.loaded() if order.kind == "disconnect" else [here] if here else []
        reason = "removed" if order.kind == "kick" else "disconnected"
        for room in rooms:
            _close(room, [order.user_id], reason)

    async def _read(self, rooms: list[str]) -> None:
        try:
            self._ban(await self._sanctions.read(rooms))
        except Unavailable:
            pass  # `upkeep` tries again

    def _ban(self, bans: Iterable[Sanction]) -> None:
        for ban in bans:
            room = self._rooms.get(ban.room)
            if room is not None:
                _close(room, [ban.user_id], "banned")

    async def upkeep(self) -> None:
        """Read the sanctions of the loaded rooms, and subscribe to control messages if not yet done."""
        if not self._subscribed:
            await self.subscribe()
        loaded = {room.info.name for room in self._rooms.loaded()}
        self._sanctions.forget(set(self._sanctions.known()) - loaded)
        await self._read(self._sanctions.known())

    def may_have_missed(self) -> None:
        """Read the sanctions again, since control messages may have been lost."""
        self._tasks.start(self.upkeep(), "sanctions")

    async def subscribe(self) -> None:
        """Subscribe to control messages. Never raises; `upkeep` retries after a failure."""
        try:
            await self._hooks.subscribe(TOPIC)
            self._subscribed = True
        except Unavailable:
            pass


def _close(room: Room, users: Iterable[str], reason: str) -> None:
    gone = frozenset(users)
    for member in room.members():
        if member.participant.id in gone:
            member.outlet.end(REMOVED, reason)
