"""Enforcement of moderation on every node: closes the sessions of removed users and of deleted rooms.

Storage holds the state; a control message only prompts nodes to read it again. Nodes also read it every
`EVERY` seconds, so that lost messages have no lasting effect. Bans, kicks, disconnects and revocations are
sanctions; the users in a private room are compared with its members. Slow mode, titles, topics and kinds are
read with the sanctions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import islice
from types import MappingProxyType

from tornchat.cluster.broadcast import Broadcast
from tornchat.cluster.control import TOPIC, Control, ControlKind, ControlMessage
from tornchat.cluster.sanctions import Sanctions, binds
from tornchat.cluster.slowmodes import SlowModes
from tornchat.cluster.strangers import Strangers
from tornchat.cluster.userevents import TOPIC as USERS
from tornchat.errors import REMOVED, UNAUTHORIZED, Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.model import ADMIN, SITE, Sanction, User
from tornchat.rooms.descriptions import Descriptions
from tornchat.rooms.member import Member
from tornchat.rooms.registry import Registry
from tornchat.rooms.room import Room
from tornchat.service.removals import Removals
from tornchat.service.visitors import Visitors
from tornchat.tasks import Tasks

EVERY = 3.0
"""Interval in seconds at which the sanctions of all loaded rooms are read, in one call."""
MOST_ANNOUNCED = 50
REASONS: Mapping[str, str] = MappingProxyType(
    {"ban": "banned", "kick": "removed", "disconnect": "disconnected", "revoke": "token revoked"}
)


class Enforcement:
    """Carries out control messages on this node. Call `upkeep` every `EVERY` seconds."""

    def __init__(
        self,
        hooks: Hooks,
        rooms: Registry,
        sanctions: Sanctions,
        slow_modes: SlowModes,
        descriptions: Descriptions,
        removals: Removals,
        publisher: Broadcast,
        orders: Control,
        strangers: Strangers,
        tasks: Tasks,
        visitors: Visitors,
        heard: Callable[[Iterable[str]], None],
        doubt: Callable[[str], None],
    ) -> None:
        """`visitors` are the connections that what concerns the whole site ends, too.

        `heard` is called with the rooms in which another node has stored something, and `doubt` with a room
        that may have become private.
        """
        self._doubt = doubt
        self._visitors = visitors
        self._hooks = hooks
        self._rooms = rooms
        self._sanctions = sanctions
        self._slow_modes = slow_modes
        self._descriptions = descriptions
        self._removals = removals
        self._publisher = publisher
        self._orders = orders
        self._strangers = strangers
        self._tasks = tasks
        self._heard = heard
        self._now = asyncio.get_running_loop().time
        self._to_subscribe = {TOPIC, USERS}

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
        if order is None:
            return
        if self._orders.is_own(order):
            self._strangers.echoed()
            return
        if self._strangers.heard(order.node):
            self.say_hello()  # so that a node that has just begun knows this one at once
        if order.kind == "news":
            self._heard((order.room,))
        elif order.kind != "hello":
            self._tasks.start(self._carry_out(order), f"order {order.kind}")

    def say_hello(self) -> None:
        """Tell the other nodes that this one belongs to them. See `Strangers`."""
        self._publisher.send(TOPIC, self._orders.write(self._orders.make("hello")))

    def announce(self, rooms: Iterable[str]) -> None:
        """Tell the other nodes that there are new entries in these rooms. Not all of them need to hear it."""
        for room in islice(rooms, MOST_ANNOUNCED):
            self._publisher.send(TOPIC, self._orders.write(self._orders.make("news", room)))

    async def _carry_out(self, order: ControlMessage) -> None:
        if order.kind == "sanctions":
            self._doubt(order.room)
            rooms = [order.room] if order.room == SITE or self._rooms.get(order.room) else []
            await self._read(rooms)
            await self._read_slow_modes(rooms)
            await self._read_descriptions(rooms)
        elif order.kind == "room":
            await self._rooms.compare([order.room])
        else:
            self._remove(order)

    # --- sanctions ---

    def _remove(self, order: ControlMessage) -> None:
        """Close sessions for an order that is not a sanction in storage."""
        room = SITE if order.kind == "disconnect" else order.room
        reason = "removed" if order.kind == "kick" else "disconnected"
        self._removals.note(room, order.user_id, self._now())
        for user, end in self._present(room):
            if user.id == order.user_id:
                end(REMOVED, reason)

    async def _read(self, rooms: Sequence[str]) -> None:
        try:
            self._enforce(await self._sanctions.read(rooms))
        except Unavailable:
            pass  # `upkeep` tries again

    async def _read_slow_modes(self, rooms: Sequence[str]) -> None:
        try:
            await self._slow_modes.read(rooms)
        except Unavailable:
            pass  # `upkeep` tries again

    async def _read_descriptions(self, rooms: Sequence[str]) -> None:
        """Read what these rooms say of themselves, then look who may be in those that are private."""
        try:
            await self._descriptions.read(rooms)
        except Unavailable:
            pass  # `upkeep` tries again
        try:
            await self._check_members(rooms)
        except Unavailable:
            pass  # the next look finds them

    def _enforce(self, sanctions: Iterable[Sanction]) -> None:
        """Close the sessions that these sanctions end, in one walk through the members of each room."""
        by_room: dict[str, dict[str, list[Sanction]]] = {}
        for sanction in sanctions:
            by_room.setdefault(sanction.room, {}).setdefault(sanction.user_id, []).append(sanction)
            if sanction.kind in ("kick", "disconnect"):  # the others are looked at when somebody enters
                self._removals.note(sanction.room, sanction.user_id, self._now())
        for room, by_user in by_room.items():
            for user, end in self._present(room):
                for sanction in by_user.get(user.id, ()):
                    if binds(sanction, user):
                        code = UNAUTHORIZED if sanction.kind == "revoke" else REMOVED
                        end(code, REASONS[sanction.kind])

    def _present(self, room: str) -> Iterable[tuple[User, Callable[[int, str], None]]]:
        """Return who is in the room, or on the whole site, each with what ends the connection or session."""
        here = self._rooms.get(room)
        rooms = self._rooms.loaded() if room == SITE else [here] if here else []
        visitors = list(self._visitors) if room == SITE else []  # first: this ends all their sessions
        members = [member for one in rooms for member in one.members()]
        return [(one.user, one.end) for one in visitors] + [(one.user, one.outlet.end) for one in members]

    # --- members of private rooms ---

    async def _check_members(self, rooms: Collection[str]) -> None:
        """Close the sessions of those who are not, or not any more, members of a private room."""
        found_here = [room for name in rooms if (room := self._rooms.get(name)) is not None]
        private = [room for room in found_here if room.info.private and room.population]
        present = {room.info.name: found for room in private if (found := _accountable(room))}
        if not present:
            return
        ids = {name: list({member.user.id for member in found}) for name, found in present.items()}
        admitted = await self._hooks.read_admitted(ids)
        await self._rooms.compare(
            [name for name in ids if not admitted.get(name)]
        )  # deleted ones end with 4000
        for name, members in present.items():
            stay = set(admitted.get(name, ()))
            for member in members:
                if member.user.id not in stay:
                    member.outlet.end(REMOVED, "removed")

    # --- time ---

    async def upkeep(self) -> None:
        """Read the sanctions of the loaded rooms, and subscribe to what is not subscribed to yet."""
        await self.subscribe()
        self._removals.forget(self._now())
        loaded = {room.info.name for room in self._rooms.loaded()}
        self._sanctions.forget(set(self._sanctions.known()) - loaded - {SITE})
        self._slow_modes.forget_all_but(loaded)
        await self._read(list({SITE, *self._sanctions.known()}))
        await self._read_slow_modes(list(loaded))
        await self._read_descriptions(list(loaded))

    def may_have_missed(self) -> None:
        """Read the sanctions again, since control messages may have been lost."""
        self._tasks.start(self.upkeep(), "sanctions")

    async def subscribe(self) -> None:
        """Subscribe to what concerns all rooms. Never raises; `upkeep` retries after a failure."""
        try:
            for topic in sorted(self._to_subscribe):
                await self._hooks.subscribe(topic)
                self._to_subscribe.discard(topic)
        except Unavailable:
            pass


def _accountable(room: Room) -> list[Member]:
    """Those who are here because they are members: an admin needs no membership."""
    return [member for member in room.members() if ADMIN not in member.user.roles]
