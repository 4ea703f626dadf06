"""The rooms loaded on this node: loaded on first use, compared with the log, unloaded when empty."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence, ValuesView
from weakref import WeakValueDictionary

from msgspec.structs import replace

from tornchat.errors import POSITION_LOST, ROOM_NOT_FOUND, PositionLost, Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.metrics.counts import Counts
from tornchat.model import Entry, Page, Position, PresenceChange, RoomInfo, Roster
from tornchat.rooms.recovery import OnRead, Recovery, Verdict
from tornchat.rooms.room import Flushes, Gap, Room, RoomLimits
from tornchat.tasks import Reruns, Tasks

log = logging.getLogger("tornchat.rooms")

EMPTY_SECONDS = 60.0
MOST_READS = 20
"""Histories, and rosters, that are read at the same time after payloads may have been lost."""
COMPARE_RETRY_SECONDS = 1.0


class _Lock(asyncio.Lock):
    """Serializes loading and unloading of one room.

    `failed_at` is the loop time (seconds) of the last failed load. Callers that were already waiting at that
    time fail as well, without another attempt.
    """

    failed_at = -1.0


class Registry:
    """Room name -> `Room`. Dispatches entries from storage and from the broadcast to their rooms."""

    def __init__(
        self,
        hooks: Hooks,
        tasks: Tasks,
        limits: RoomLimits,
        flush: Flushes,
        counts: Counts | None = None,
        on_read: OnRead = lambda entries: None,
        accept_roster: Callable[[Roster], Roster] = lambda roster: roster,
    ) -> None:
        """`on_read` is given the entries that were read from the log since no payload brought them.

        `accept_roster` returns the part of a roster that is shown to members.
        """
        self._accept_roster = accept_roster
        self._counts = counts or Counts()
        self._hooks = hooks
        self._tasks = tasks
        self._limits = limits
        self._flush = flush
        self._loaded: dict[str, Room] = {}
        self._early: dict[str, list[tuple[str, Sequence[Entry]]]] = {}
        self._locks: WeakValueDictionary[str, _Lock] = WeakValueDictionary()
        self._unsubscribed: set[str] = set()
        self._recovery = Recovery(hooks, on_read)
        self._recoveries = Reruns(tasks, self._recover, "repair", MOST_READS)
        self._rosters = Reruns(tasks, self._reread, "presence", MOST_READS)
        self._comparisons = Reruns(tasks, self._compare_all, "compare", 1)
        self.gaps = 0
        """Number of gaps found. A gap found several times before it is closed counts once."""
        self.lost = 0
        """Number of times a room's log was found to differ from the one its members had received."""
        self.missed = 0
        """Number of times the broadcast plugin reported that payloads may have been lost."""

    def reload(self, limits: RoomLimits) -> None:
        """Apply other limits, to the loaded rooms as well. A loaded room keeps the length of its tail."""
        self._limits = limits
        for room in self._loaded.values():
            room.limits = limits

    def get(self, name: str) -> Room | None:
        """Return the room if it is loaded, else None."""
        return self._loaded.get(name)

    def warm(self, name: str) -> Room | None:
        """Return the room if it is loaded and public, so that storage need not be asked; else None."""
        room = self._loaded.get(name)
        if room is None or room.info.private:
            return None
        room.empty_since = asyncio.get_running_loop().time()
        return room

    def head(self, name: str, epoch: str, seq: int) -> tuple[int, int | None]:
        """Return a `seq` not before this one, and the number of messages up to it; None if unknown."""
        room = self._loaded.get(name)
        if room is None or room.info.epoch != epoch or room.seq < seq:
            return seq, None
        return room.seq, room.number

    def __len__(self) -> int:
        return len(self._loaded)

    def loaded(self) -> ValuesView[Room]:
        """Return a view of the loaded rooms. It must not be used across an await."""
        return self._loaded.values()

    async def load(self, info: RoomInfo) -> Room | None:
        """Return the room, loading it if necessary; None if it no longer exists. Raises `Unavailable`."""
        asked, lock = asyncio.get_running_loop().time(), self._lock(info.name)
        async with lock:
            if lock.failed_at >= asked:
                raise Unavailable(f"room {info.name} could not be loaded")
            room = self._loaded.get(info.name)
            if room is not None and room.info.epoch != info.epoch:
                self.lose(room)
                room = None
            try:
                room = room or await self._load(info)
            except Unavailable:
                lock.failed_at = asyncio.get_running_loop().time()
                raise
            if room is not None:
                room.empty_since = asyncio.get_running_loop().time()
            return room

    def _lock(self, name: str) -> _Lock:
        """Return the lock that serializes loading and unloading of one room. It exists while in use."""
        lock = self._locks.get(name)
        if lock is None:
            lock = self._locks[name] = _Lock()
        return lock

    async def _load(self, info: RoomInfo) -> Room | None:
        early = self._early[info.name] = []
        try:
            await self._subscribe(info.name)
            # Read after subscribing: earlier entries are in the page, later ones arrive by broadcast.
            most = self._limits.tail_length
            page = await self._hooks.read_messages(info.name, None, None, None, None, most)
            if page is None:
                return None
            room = self._loaded[info.name] = self._room(info, page, len(page.entries) < most)
        finally:
            del self._early[info.name]
            if info.name not in self._loaded:
                self._tasks.start(self._unsubscribe(info.name), f"unsubscribe {info.logged}")
        for epoch, entries in early:
            self.accept(info.name, epoch, entries)
        await self.reread_presence(room)
        return room

    def _room(self, info: RoomInfo, page: Page, whole: bool) -> Room:
        room = Room(replace(info, epoch=page.epoch), self._limits, self._flush, self._counts)
        room.start(page.head_seq, page.entries, page.first_seq, whole, page.acts)
        return room

    async def _subscribe(self, name: str) -> None:
        try:
            await self._hooks.subscribe(f"room:{name}")
            self._unsubscribed.discard(name)
        except Unavailable:
            self._unsubscribed.add(name)  # the room works within this node; `upkeep` retries

    # --- what comes in ---

    def accept(self, name: str, epoch: str, entries: Sequence[Entry]) -> None:
        """Pass entries to their room if it is loaded. A gap before them starts a recovery.

        So does an epoch that is not the room's: only the log tells whether the room has a new one, since
        anybody on the bus may send a payload.
        """
        room = self._loaded.get(name)
        if room is None:
            if name in self._early:
                self._early[name].append((epoch, entries))
            return
        try:
            room.accept(epoch, entries)
        except Gap:
            self._found_gap(room)
        except PositionLost:
            self._recoveries.request(name)

    def presence_changed(self, name: str, version: int, change: PresenceChange) -> None:
        """Send the change to the room's members, or read the whole roster if a version was missed."""
        room = self._loaded.get(name)
        if room is None:
            return
        told = room.roster.apply(version, change)
        if told is None:
            self._rosters.request(name)
        else:
            room.tell_presence(told)

    async def _reread(self, name: str) -> None:
        if (room := self._loaded.get(name)) is not None:
            await self.reread_presence(room)

    async def reread_presence(self, room: Room) -> None:
        """Read the room's roster and send its members the changes since the roster last sent to them."""
        try:
            fresh = await self._hooks.read_presence(room.info.name)
        except Unavailable:
            return  # `upkeep` retries if no roster has been read yet
        room.tell_presence(room.roster.refresh(self._accept_roster(fresh)))

    def may_have_missed(self) -> None:
        """Compare all loaded rooms with their logs and rosters, because payloads may have been lost.

        One call reads all positions; only rooms that are behind read their log. Rosters of rooms without
        members are read by `upkeep`.
        """
        self.missed += 1
        self._comparisons.request("all rooms")
        for name, room in self._loaded.items():
            if room.population:
                self._rosters.request(name)
            else:
                room.roster.outdate()

    async def _compare_all(self, _: str) -> None:
        if not await self.compare(list(self._loaded)):
            await asyncio.sleep(COMPARE_RETRY_SECONDS)
            self._comparisons.request("all rooms")

    def _found_gap(self, room: Room) -> None:
        self.gaps += self._recoveries.request(room.info.name)

    async def _recover(self, name: str) -> None:
        room = self._loaded.get(name)
        if room is None:
            return
        verdict = await self._recovery.run(room)
        if verdict is Verdict.LOST:
            self.lose(room)
        elif verdict is Verdict.GONE:
            self.gone(room)
        elif verdict is Verdict.WENT_BACK:
            await self._went_back(room)

    @property
    def repaired(self) -> int:
        """Number of entries read from the log instead of received by broadcast."""
        return self._recovery.repaired

    def lose(self, room: Room) -> None:
        """Unload a room whose log is not the one its members received; they reconnect for a new history."""
        if self._loaded.get(room.info.name) is room:
            facts = {"event": "position_lost", "room": room.info.logged}
            log.warning("room %(room)s: position lost, its members are closed with 4010", facts, extra=facts)
            self.lost += 1
            self._drop(room, POSITION_LOST, "position lost")

    def gone(self, room: Room) -> None:
        """Unload a room that was deleted, and close its members' connections."""
        if self._loaded.get(room.info.name) is room:
            facts = {"event": "room_deleted", "room": room.info.logged}
            log.info("room %(room)s: deleted, its members are closed with 4000", facts, extra=facts)
            self._drop(room, ROOM_NOT_FOUND, "room not found")

    def _drop(self, room: Room, code: int, reason: str) -> None:
        del self._loaded[room.info.name]
        for member in room.members():
            member.outlet.end(code, reason)
        self._tasks.start(self._unsubscribe(room.info.name), f"unsubscribe {room.info.logged}")

    # --- upkeep ---

    async def check_positions(self) -> None:
        """Compare the rooms in use with their logs, which detects a lost last entry. Raises nothing."""
        await self.compare([name for name, room in self._loaded.items() if room.population])

    async def compare(self, names: Sequence[str]) -> bool:
        """Compare those of the named rooms that are loaded with their logs. Return False if that failed."""
        known = {name: self._loaded[name].seq for name in names if name in self._loaded}
        if not known:
            return True
        try:
            heads = await self._hooks.latest_positions(list(known))
        except Unavailable:
            return False
        for name, seq in known.items():
            if (room := self._loaded.get(name)) is not None:
                await self._check(room, seq, heads.get(name))
        return True

    async def _check(self, room: Room, seq: int, head: Position | None) -> None:
        """Act on the head of a room's log, read when the room was at `seq`; None: the room is gone."""
        if head is None:
            self.gone(room)
        elif head.epoch != room.info.epoch:
            self.lose(room)
        elif head.seq < seq:
            await self._went_back(room)
        else:
            room.prune(head.first_seq)
            if head.seq > room.seq:
                self._found_gap(room)

    async def _went_back(self, room: Room) -> None:
        """Renew the epoch of a room whose log lost entries that members have seen: their seqs are reused."""
        log.error("room %s: the log ends before %d; assigning a new epoch", room.info.logged, room.seq)
        try:
            await self._hooks.renew_epoch(room.info.name, room.info.epoch)
        except Unavailable:
            return  # the next check detects it again
        self.lose(room)

    async def upkeep(self) -> None:
        """Unload rooms empty for `EMPTY_SECONDS`; retry failed subscriptions and roster reads."""
        now = asyncio.get_running_loop().time()
        for name, room in list(self._loaded.items()):
            if self._loaded.get(name) is not room:
                continue  # unloaded while another room was processed
            if not room.population and now - room.empty_since > EMPTY_SECONDS:
                await self._unload(room)
            elif name in self._unsubscribed:
                await self._subscribe(name)
                if name not in self._unsubscribed:
                    self._recoveries.request(name)
            if room.roster.version < 0:
                await self.reread_presence(room)

    async def _unload(self, room: Room) -> None:
        del self._loaded[room.info.name]
        await self._unsubscribe(room.info.name)

    async def _unsubscribe(self, name: str) -> None:
        async with self._lock(name):
            if name in self._loaded:
                return
            self._unsubscribed.discard(name)
            try:
                await self._hooks.unsubscribe(f"room:{name}")
            except Unavailable:
                pass  # payloads that still arrive for this room are dropped
