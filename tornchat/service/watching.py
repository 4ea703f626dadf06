"""Watching: the heads of rooms are told once a second, without joining them or subscribing the node to them.

Nodes tell each other the heads of the rooms that they committed to. Such a head is a hint, and is told only
to watchers who may see the room at that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from tornchat.cluster.broadcast import Broadcast
from tornchat.cluster.control import TOPIC
from tornchat.cluster.heads import Head, Heads
from tornchat.errors import Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.service.access import Access
from tornchat.service.visitors import Visitor
from tornchat.wire.rooms import RoomHead, encoded_head, news

MOST_POSITIONS = 1000
"""Rooms in one call of `latest_positions`."""


class _Watched:
    """A room that somebody on this node watches."""

    __slots__ = ("_encoded", "_head", "doubts", "public", "watchers")

    def __init__(self) -> None:
        self.watchers: set[Visitor] = set()
        self._head: Head | None = None
        self._encoded = b""
        self.public = False
        """True if everybody may see the log with the epoch of `head`."""
        self.doubts = 0
        """How often it became doubtful whether everybody may."""

    @property
    def head(self) -> Head | None:
        """The newest head known; None before it was read."""
        return self._head

    @head.setter
    def head(self, head: Head) -> None:
        self._head, self._encoded = head, b""

    def told(self, name: str) -> bytes:
        """Return the head as all watchers are told it; empty as long as it or its number is not known."""
        head = self._head
        if not self._encoded and head is not None and head.number is not None:
            self._encoded = encoded_head(RoomHead(name, head.epoch, head.seq, head.number))
        return self._encoded


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
        self._rooms: dict[str, _Watched] = {}
        self._sets: dict[Visitor, frozenset[str]] = {}
        self._late: dict[Visitor, set[str]] = {}
        """Rooms with news that watchers have not been told."""

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
            room = self._rooms.setdefault(name, _Watched())
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
        """Take the heads of another node; return False if the payload is something else."""
        heads = self._heads.read(payload)
        if heads is None:
            return False
        self._note(heads)
        return True

    def _note(self, heads: Mapping[str, Head]) -> None:
        for name in heads.keys() & self._rooms.keys():
            room, head = self._rooms[name], heads[name]
            if head.newer(room.head):
                room.public = room.public and room.head is not None and room.head.epoch == head.epoch
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
        if not any(self._late.values()):
            return
        try:
            await self._drop_hidden()
            await self._count()
        except Unavailable:
            return  # told when it is known who may see it, and how many messages there are
        for watcher in list(self._late):
            self.tell_one(watcher)

    async def compare(self) -> None:
        """Compare the watched rooms with storage, since hints may have been lost. Raises nothing."""
        for name in self._rooms:
            self.doubt(name)
        try:
            self._note(await self._read_heads(list(self._rooms)))
        except Unavailable:
            pass  # the next comparison finds what is new

    async def _drop_hidden(self) -> None:
        """Drop the rooms with news that their watchers may not see any more: two calls for all of them."""
        names = set().union(*self._late.values())
        people = {name: self._rooms[name].watchers for name in names & self._rooms.keys()}
        private = {name: room.doubts for name in people if not (room := self._rooms[name]).public}
        hidden, public = await self._access.hidden(people, list(private))
        for name in public & self._rooms.keys():
            self._rooms[name].public = self._rooms[name].doubts == private[name]
        for name, users in hidden.items():
            for watcher in self.watchers(name):
                if watcher.user.id in users:
                    self._drop(watcher, name)
                    self._sets[watcher] -= {name}

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

    def tell_one(self, watcher: Visitor) -> None:
        """Tell the watcher the heads that it has not been told, whose rooms it may see at this moment."""
        names = self._late.pop(watcher, set())
        told = {name: room.told(name) for name in names if (room := self._rooms.get(name)) is not None}
        heads = list(filter(None, told.values()))
        if heads and not watcher.hint(news(heads)):
            self._late[watcher] = names
        elif len(heads) < len(told):  # of these the number of messages is not known yet
            self._late[watcher] = {name for name, head in told.items() if not head}
