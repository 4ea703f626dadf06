"""Durable consumers: the log of every room is handed to them from their cursors, whatever dies meanwhile.

    hold -> find what is unread -> read -> take -> move the cursor

Nothing that is handed over is kept in memory: the entries are read from the log behind the cursor, so that
the state of a consumer is its cursors and nothing else.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from time import monotonic

from tornchat.errors import SettingsError, Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.hooks.consumer import Batch, Consumer, refuse_misfit
from tornchat.hooks.words import one_line
from tornchat.log.cursors import Cursors
from tornchat.log.roomqueue import RoomQueue
from tornchat.model import ConsumerClaim, CursorMove, Unread
from tornchat.tasks import Tasks

LEASE_SECONDS = 10.0
RENEW_SECONDS = 3.0
SPARE_SECONDS = 1.0
"""How long before its end a lease that could not be renewed is given up."""
MOST_ENTRIES = 200
"""Entries of a batch."""
MOST_ROOMS = 50
"""Rooms that are read in one call."""
MOST_FOUND = 1000
REST_SECONDS = 0.04
"""Pause between two reads, so that a message costs a small part of a read when there are many."""
SCAN_SECONDS = 5.0
"""Interval at which storage is asked for unread entries of which this node was not told."""
RETRY_SECONDS = 1.0
LAST_SECONDS = 3.0
"""How long `close` waits for batches that are being taken."""
MOST_ERROR_CHARS = 300


class Consumers:
    """The consumers of the plugins of one node, and those of them that the node holds."""

    def __init__(self, hooks: Hooks, node_id: str, announce: Callable[[Collection[str]], None]) -> None:
        """`announce` tells the other nodes which rooms have new entries. Raises `SettingsError`."""
        self._hooks = hooks
        self._node_id = node_id
        self._announce = announce
        self._declared = declared_consumers(hooks)
        self._held: dict[str, RoomQueue] = {}
        self._takes = Tasks()
        self._tasks = Tasks()
        self._cursors = Cursors(hooks, node_id)
        self._wake = asyncio.Event()
        self._told: set[str] = set()
        self._closing = False
        self.taken: Counter[str] = Counter()
        """Consumer -> number of entries that it took on this node."""
        self.failures: Counter[str] = Counter()
        """Consumer -> number of batches that it did not take."""

    def held(self) -> Sequence[RoomQueue]:
        """Return the consumers that this node holds."""
        return list(self._held.values())

    def start(self) -> None:
        """Begin to hold consumers and to hand entries over. `startup` of the plugins has succeeded."""
        if self._declared:
            self._tasks.start(self._hold_on(), "consumer leases")
            self._tasks.start(self._cursors.run(), "consumer cursors")
            self._tasks.start(self._deliver(), "consumers")
            self._tasks.every(SCAN_SECONDS, self._scan, "consumer scan")

    async def close(self) -> None:
        """Let batches that are being taken end, within a few seconds, and end the leases."""
        self._closing = True
        if not self._declared:
            return
        await self._takes.finish(LAST_SECONDS)
        await self._tasks.close()
        held, self._held = self._held, {}
        try:
            if held:
                await self._hooks.hold_consumers(self._node_id, self._claims(held), 0.0)
        except Unavailable:
            pass  # the leases end by themselves

    # --- news ---

    def stored(self, room: str) -> None:
        """Note that this node has stored entries of the room."""
        if self._declared:
            self._told.add(room)
            self.heard((room,))

    def heard(self, rooms: Iterable[str]) -> None:
        """Note that there are new entries in the rooms."""
        for queue in self._held.values():
            for room in rooms:
                queue.add(room)
        self._wake.set()

    async def _scan(self) -> None:
        """Find all rooms with entries of which this node was not told. Raises `Unavailable`."""
        if not self._held:
            return
        names, after = list(self._held), None
        while found := await self._hooks.find_unread(names, after, MOST_FOUND):
            self.heard(found)
            after = found[-1]
            if len(found) < MOST_FOUND:
                return

    # --- leases ---

    def _claims(self, names: Iterable[str]) -> list[ConsumerClaim]:
        given = [self._declared[name][1] for name in names]
        return [ConsumerClaim(one.name, one.start == "beginning", one.named_rooms) for one in given]

    async def _hold_on(self) -> None:
        while True:
            try:
                await self._hold()
                await asyncio.sleep(RENEW_SECONDS)
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)

    async def _hold(self) -> None:
        began = monotonic()
        held = set(
            await self._hooks.hold_consumers(self._node_id, self._claims(self._declared), LEASE_SECONDS)
        )
        for name in list(self._held):
            if name not in held:
                self._drop(name)
        fresh = [name for name in self._declared if name in held and name not in self._held]
        for name in fresh:
            self._held[name] = RoomQueue(*self._declared[name])
        for name, queue in self._held.items():
            queue.held_until = began + LEASE_SECONDS - SPARE_SECONDS
            seconds = queue.held_until - monotonic()
            asyncio.get_running_loop().call_later(max(0.0, seconds), self._give_up, name, queue)
        if fresh:
            await self._scan()

    def _give_up(self, name: str, queue: RoomQueue) -> None:
        """Drop a consumer whose lease was not renewed in time: another node may hold it soon."""
        if self._held.get(name) is queue and monotonic() >= queue.held_until - 0.1:
            self._drop(name)

    def _drop(self, name: str) -> None:
        del self._held[name]
        self._takes.cancel(name)

    # --- read, take, move ---

    async def _deliver(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                if self._told:
                    told, self._told = self._told, set()
                    self._announce(told)
                await self._read()
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)
                self._wake.set()
            await asyncio.sleep(REST_SECONDS)

    async def _read(self) -> None:
        """Read what the consumers may take now, in one call, and let them take it. Raises `Unavailable`."""
        wanted: dict[str, dict[str, float]] = {}
        for name, queue in self._held.items():
            for room in queue.ready():
                if room in wanted or len(wanted) < MOST_ROOMS:
                    wanted.setdefault(room, {})[name] = 0.0
        if not wanted or self._closing:
            return
        for room, names in wanted.items():
            for name in names:
                names[name] = self._held[name].looked(room)
        try:
            found = await self._hooks.read_unread(
                {room: list(names) for room, names in wanted.items()}, MOST_ENTRIES
            )
        except Unavailable:
            self._again(wanted)
            raise
        for unread in found:
            for name, seq in unread.positions.items():
                if name in self._held and not self._closing:
                    queue = self._held[name]
                    queue.begin(unread.room, wanted[unread.room][name])
                    self._takes.start(self._take(queue, unread, seq), name)
        if any(queue.ready() for queue in self._held.values()):
            self._wake.set()

    def _again(self, wanted: dict[str, dict[str, float]]) -> None:
        for room, names in wanted.items():
            for name in names:
                if name in self._held:
                    self._held[name].add(room)

    async def _take(self, queue: RoomQueue, unread: Unread, seq: int) -> None:
        """Hand the entries behind `seq` to the consumer, then move its cursor."""
        name, page, room = queue.consumer.name, unread.page, unread.room
        entries = [entry for entry in page.entries if entry.seq > seq]
        wanted = tuple(entry for entry in entries if queue.consumer.wants(entry))
        last, error = entries[-1].seq, ""
        if wanted:
            try:
                await self._hooks.take(
                    queue.plugin, queue.consumer, Batch(room, page.epoch, unread.private, wanted)
                )
                self.taken[name] += len(wanted)
            except Unavailable as failure:
                self.failures[name] += 1
                last, error = seq, one_line(failure, MOST_ERROR_CHARS) or "failed"
        await self._cursors.move(CursorMove(name, room, page.epoch, seq, last, error))
        if error:
            asyncio.get_running_loop().call_later(queue.fail(room), self._rested, queue, room)
        else:
            queue.end(room, last < page.head_seq)
        self._wake.set()

    def _rested(self, queue: RoomQueue, room: str) -> None:
        queue.rested(room)
        self._wake.set()


def declared_consumers(hooks: Hooks) -> dict[str, tuple[str, Consumer]]:
    """Return name -> (plugin, consumer). Raises `SettingsError` for those that can't be served."""
    found: dict[str, tuple[str, Consumer]] = {}
    for plugin, consumers in hooks.consumers():
        if consumers is None:
            raise SettingsError(
                f"The plugin {plugin} failed to declare its consumers.", "The log says where."
            )
        for one in consumers:
            refuse_misfit(plugin, one)
            if one.name in found:
                raise SettingsError(
                    f"{found[one.name][0]} and {plugin} both declare a consumer {one.name!r}.",
                    "Its cursors are stored under its name; give one of them another.",
                )
            found[one.name] = (plugin, one)
    if found and not hooks.provides("hold_consumers"):
        raise SettingsError(
            f"The consumer {next(iter(found))!r} needs a plugin that stores cursors (hold_consumers).",
            "Add one that does, such as peewee, to [tornchat] plugins.",
        )
    return found
