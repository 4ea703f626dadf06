"""Watching: the heads of rooms are told once a second, without joining them or subscribing the node to them.

Nodes tell each other the heads of the rooms that they committed to. A head of another node is a hint to read
the room's head from storage, since anybody who can write to the broadcast could have sent it. A head is told
only to watchers who may see the room at that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set

from tornchat.cluster.broadcast import Broadcast
from tornchat.cluster.control import TOPIC
from tornchat.cluster.heads import Head, Heads
from tornchat.errors import Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.service.access import Access
from tornchat.service.visitors import Visitor
from tornchat.service.watchedroom import WatchedRoom
from tornchat.wire.rooms import news

MOST_POSITIONS = 1000
"""Rooms in one call of `latest_positions`."""


class Watching:
    """Who watches which room on this node. `tell` must be called once a second."""

    def __init__(
        self, hooks: Hooks, access: Access, publisher: Broadcast, node_id: str, stored: Callable[[], bool]
    ) -> None:
        """`stored` tells whether this node need publish its heads: whether there are other nodes."""
        self._hooks = hooks
        self._access = access
        self._publisher = publisher
        self._heads = Heads(node_id)
        self._publishes = stored
        self._committed: dict[str, Head] = {}
        self._rooms: dict[str, WatchedRoom] = {}
        self._sets: dict[Visitor, frozenset[str]] = {}
        self._late: dict[Visitor, set[str]] = {}
        """Rooms with news that watchers have not been told."""
        self._hinted: set[str] = set()
        """Watched rooms whose heads are to be read from storage, because another node told newer ones."""
        self._unsure: set[Visitor] = set()
        """Watchers about whom the plugins are asked again before they are told anything."""

    def __len__(self) -> int:
        return len(self._rooms)

    # --- what is watched ---

    async def watch(self, watcher: Visitor, names: Sequence[str]) -> None:
        """Replace the watcher's rooms by those of `names` that it may see. `tell_one` tells it their heads.

        Raises `Unavailable`; the set is empty then.
        """
        self.forget(watcher)
        visible = await self._access.watchable(watcher.user, names)
        self.forget(watcher)  # a set that was replaced meanwhile
        for name in visible:
            room = self._rooms.setdefault(name, WatchedRoom())
            room.watchers.add(watcher)
        self._sets[watcher] = frozenset(visible)
        self._late[watcher] = set(visible)
        for name, head in (await self._read_heads(list(visible))).items():
            if (watched := self._rooms.get(name)) is not None:
                watched.public = name in visible and visible[name]
                watched.head = head

    def forget(self, watcher: Visitor) -> None:
        """Drop the watcher's rooms. Idempotent."""
        for name in self._sets.pop(watcher, ()):
            self._drop(watcher, name)
        self._late.pop(watcher, None)
        self._unsure.discard(watcher)

    def _drop_all(self, watcher: Visitor, names: Set[str]) -> None:
        for name in names:
            self._drop(watcher, name)
        if watcher in self._sets:
            self._sets[watcher] -= names

    def _drop(self, watcher: Visitor, name: str) -> None:
        room = self._rooms.get(name)
        if room is not None:
            room.watchers.discard(watcher)
            if not room.watchers:
                del self._rooms[name]
        if watcher in self._late:
            self._late[watcher].discard(name)

    async def _read_heads(self, names: Sequence[str]) -> dict[str, Head]:
        found: dict[str, Head] = {}
        for start in range(0, len(names), MOST_POSITIONS):
            heads = await self._hooks.latest_positions(names[start : start + MOST_POSITIONS])
            found |= {name: Head(head.epoch, head.seq, head.seq - head.acts) for name, head in heads.items()}
        return found

    def doubt(self, name: str) -> None:
        """Ask storage again who may see the room before news of it is told: it may have become private."""
        room = self._rooms.get(name)
        if room is not None:
            room.public = False
            room.doubts += 1

    # --- news ---

    def committed(self, room: str, epoch: str, seq: int, number: int | None) -> None:
        """Note that this node has stored entries up to `seq`; `number` of them are messages, if known."""
        self._committed[room] = Head(epoch, seq, number)

    def take(self, payload: bytes) -> bool:
        """Take the heads of another node; return False if the payload is something else.

        The next `tell` reads those that are news from storage, in one call.
        """
        heads = self._heads.read(payload)
        if heads is None:
            return False
        known = heads.keys() & self._rooms.keys()
        self._hinted.update(name for name in known if heads[name].newer(self._rooms[name].head))
        return True

    def _note(self, heads: Mapping[str, Head]) -> None:
        for name in heads.keys() & self._rooms.keys():
            room, head = self._rooms[name], heads[name]
            if head.newer(room.head):
                if room.head is None or room.head.epoch != head.epoch:
                    self.doubt(name)
                room.head = head
                for watcher in room.watchers:
                    self._late.setdefault(watcher, set()).add(name)

    async def tell(self) -> None:
        """Publish what this node has committed to, and tell the watchers what is new. Raises nothing."""
        committed, self._committed = self._committed, {}
        if committed and self._publishes():
            for payload in self._heads.write(committed):
                self._publisher.send(TOPIC, payload)
        self._note(committed)
        if not self._hinted and not any(self._late.values()):
            return
        try:
            await self._read_hinted()
            await self._count()
            await self._drop_forbidden()
            sure = await self._drop_hidden()
        except Unavailable:
            return  # told when it is known who may see it, and how many messages there are
        for watcher in self._late.keys() - self._unsure:
            self.tell_one(watcher, sure)

    async def _read_hinted(self) -> None:
        hinted, self._hinted = self._hinted, set()
        try:
            self._note(await self._read_heads(list(hinted & self._rooms.keys())))
        except Unavailable:
            self._hinted |= hinted
            raise

    async def compare(self) -> None:
        """Compare the watched rooms with storage, since hints may have been lost. Raises nothing.

        Before more is told, storage and the plugins are asked again who may see the rooms.
        """
        for name in self._rooms:
            self.doubt(name)
        self._unsure.update(self._sets)
        try:
            self._note(await self._read_heads(list(self._rooms)))
        except Unavailable:
            pass  # the next comparison finds what is new

    async def _drop_forbidden(self) -> None:
        """Drop the rooms that the plugins do not let their watchers join any more, before these are told."""
        for watcher in [one for one, late in self._late.items() if late and one in self._unsure]:
            watched = self._sets.get(watcher, frozenset())
            try:
                allowed = await self._hooks.authorize_rooms(watcher.user, list(watched))
            except Unavailable:
                continue  # told when it is known
            self._unsure.discard(watcher)
            self._drop_all(watcher, watched - allowed)

    async def _drop_hidden(self) -> set[str]:
        """Drop the rooms with news that their watchers may not see any more: two calls for all of them.

        Return the rooms whose remaining watchers may see them.
        """
        names = set().union(*self._late.values())
        people = {name: self._rooms[name].watchers for name in names & self._rooms.keys()}
        doubts = {name: self._rooms[name].doubts for name in people}
        private = [name for name in people if not self._rooms[name].public]
        hidden, public = await self._access.hidden(people, private)
        sure = {name for name in people if name in self._rooms and self._rooms[name].doubts == doubts[name]}
        for name in public & sure:
            self._rooms[name].public = True
        for name, users in hidden.items():
            for watcher in self.watchers(name):
                if watcher.user.id in users:
                    self._drop_all(watcher, {name})
        return sure

    async def _count(self) -> None:
        """Read the heads whose number of messages nobody has told."""
        names = set().union(*self._late.values())
        unknown = [name for name in names & self._rooms.keys() if not self._is_counted(name)]
        for name, head in (await self._read_heads(unknown)).items():
            room = self._rooms.get(name)
            if room is not None and (room.head is None or not room.head.newer(head)):
                room.head = head

    def _is_counted(self, name: str) -> bool:
        room = self._rooms.get(name)
        return room is not None and room.head is not None and room.head.number is not None

    def watchers(self, name: str) -> Iterable[Visitor]:
        """Return the connections that watch the room."""
        return list(self._rooms[name].watchers) if name in self._rooms else []

    def tell_one(self, watcher: Visitor, among: Set[str] | None = None) -> None:
        """Tell the watcher the heads that it has not been told; of rooms in `among` only, if given.

        The watcher may see these rooms at this moment.
        """
        late = self._late.pop(watcher, set())
        told = {
            name: room.told(name)
            for name in late
            if (among is None or name in among) and (room := self._rooms.get(name)) is not None
        }
        heads = {name: head for name, head in told.items() if head}
        if heads and watcher.hint(news(list(heads.values()))):
            late -= heads.keys()  # of the others the number of messages is not known yet, or who may see them
        left = late & self._rooms.keys()
        if left:
            self._late[watcher] = left
