"""Carries out on this node what was decided on any: who is removed goes, and a deleted room is let go.

The state is in storage. What is told over the bus is a hint to read it again, and so is time: what the bus
has lost is found out within `EVERY` seconds. A kick and a disconnect have no state and are told once.
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
"""Seconds between two readings of the sanctions of the rooms in use, all in one call."""


class Enforcement:
    """One node's part in it. `upkeep` is to be called every `EVERY` seconds."""

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
        """Do it here and tell the other nodes. Raises nothing: what could not be read is read again."""
        order = self._orders.make(kind, room, user_id)
        self._publisher.send(TOPIC, self._orders.write(order))
        await self._carry_out(order)

    def take(self, payload: bytes) -> None:
        """Do what another node says, if it makes sense."""
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
            pass  # `upkeep` reads them again

    def _ban(self, bans: Iterable[Sanction]) -> None:
        for ban in bans:
            room = self._rooms.get(ban.room)
            if room is not None:
                _close(room, [ban.user_id], "banned")

    async def upkeep(self) -> None:
        """Read again what may have been missed, and subscribe to what the nodes tell each other."""
        if not self._subscribed:
            await self.subscribe()
        loaded = {room.info.name for room in self._rooms.loaded()}
        self._sanctions.forget(set(self._sanctions.known()) - loaded)
        await self._read(self._sanctions.known())

    def may_have_missed(self) -> None:
        """The bus may have lost something."""
        self._tasks.start(self.upkeep(), "sanctions")

    async def subscribe(self) -> None:
        """Listen to the other nodes, if there may be any. Tried again by `upkeep`. Raises nothing."""
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
