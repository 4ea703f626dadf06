"""The stream for each user: mentions, invitations and the like, told wherever the user is connected.

Events are gathered for `EVERY` seconds, published in one payload, and told to the connections for many rooms
on this node that they concern. They are hints: what is lost, or can't be checked now, is not told again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeAlias

from tornchat.cluster.broadcast import Broadcast
from tornchat.cluster.userevents import (
    MOST_USERS,
    TOPIC,
    Invited,
    Mentioned,
    ReadMoved,
    Removed,
    RoomChanged,
    Typing,
    UserEvent,
    UserEvents,
)
from tornchat.errors import Unavailable
from tornchat.markers import Marker
from tornchat.model import Entry, Participant, RoomKind
from tornchat.service.access import Access
from tornchat.service.blocks import Blocks
from tornchat.service.visitors import Visitor, Visitors
from tornchat.service.watching import Watching
from tornchat.tasks import Tasks
from tornchat.wire import RoomChanged as RoomChangedFrame
from tornchat.wire import hints

EVERY = 0.1
"""Seconds for which events are gathered."""
Told: TypeAlias = Mentioned | Invited | Removed | RoomChanged
"""The events that are told to those who may join the room."""
MOST_WAITING = 10_000
"""Events that wait to be told; more are dropped."""
MOST_TEXT = 500
"""Characters of a message that a mention shows."""


class UserStream:
    """Tells users on all nodes what concerns them. Methods without an answer raise nothing."""

    def __init__(
        self,
        access: Access,
        blocks: Blocks,
        visitors: Visitors,
        watching: Watching,
        publisher: Broadcast,
        tasks: Tasks,
        node_id: str,
        read_moved: Callable[[Marker, bool], None],
        typing: Callable[[Typing], None],
    ) -> None:
        """`tasks` owns the task that tells what was gathered.

        `read_moved` is called with each marker that has moved, on this node or another one, and whether that
        was with a message; `typing` with each user of another node who is typing.
        """
        self._typing = typing
        self._read_moved = read_moved
        self._access = access
        self._blocks = blocks
        self._visitors = visitors
        self._watching = watching
        self._publisher = publisher
        self._tasks = tasks
        self._codec = UserEvents(node_id)
        self._own: list[UserEvent] = []
        self._moved: dict[tuple[str, str], ReadMoved] = {}
        self._heard: list[UserEvent] = []
        self._telling = False

    # --- what is told ---

    def mentioned(self, room: str, entry: Entry) -> None:
        """Tell whom this message mentions, except its sender and whoever blocks its sender."""
        mentions = entry.more.mentions if entry.more is not None else None
        if mentions is not None:
            text = entry.text[:MOST_TEXT]
            who = (entry.sender_id, entry.sender_username)
            self._add(Mentioned(room, entry.seq, *who, text, mentions.users, mentions.room))

    def invited(self, room: str, user_ids: Sequence[str]) -> None:
        """Tell these users that they were let into the room. Only those who may join it then are told."""
        for start in range(0, len(user_ids), MOST_USERS):
            self._add(Invited(room, tuple(user_ids[start : start + MOST_USERS])))

    def removed(self, room: str, user_ids: Sequence[str]) -> None:
        """Tell these users that they were removed from the room, of which they knew."""
        for start in range(0, len(user_ids), MOST_USERS):
            self._add(Removed(room, tuple(user_ids[start : start + MOST_USERS])))

    def room_changed(self, room: str, title: str, topic: str, kind: RoomKind) -> None:
        """Tell the connections that watch the room what it says of itself now. Its members are told by it."""
        self._add(RoomChanged(room, title, topic, kind))

    def read_moved(self, marker: Marker, said: bool) -> None:
        """Tell the user's devices that the marker has moved; of several moves, only the last one.

        `said`: with a message, which the user's sessions in the room are sent anyway.
        """
        if len(self._moved) < MOST_WAITING:
            fields = (marker.user_id, marker.room, marker.epoch, marker.seq, marker.generation)
            self._moved[marker.user_id, marker.room] = ReadMoved(*fields, said)
            self._begin()

    def typing(self, event: Typing) -> None:
        """Tell the other nodes that a user is typing."""
        self._add(event)

    def take(self, payload: bytes) -> None:
        """Take the events of another node."""
        self._heard += self._codec.read(payload)[: MOST_WAITING - len(self._heard)]
        self._begin()

    def _add(self, event: UserEvent) -> None:
        if len(self._own) < MOST_WAITING:
            self._own.append(event)
            self._begin()

    # --- telling ---

    def _begin(self) -> None:
        if not self._telling:
            self._telling = True
            self._tasks.start(self._tell_all(), "user stream")

    async def _tell_all(self) -> None:
        try:
            while self._own or self._moved or self._heard:
                await asyncio.sleep(EVERY)
                await self._tell_gathered()
        finally:
            self._telling = False

    async def _tell_gathered(self) -> None:
        own, self._own = [*self._own, *self._moved.values()], []
        self._moved = {}
        heard, self._heard = self._heard, []
        for payload in self._codec.write(own):
            self._publisher.send(TOPIC, payload)
        told = (*own, *heard)
        for event in told:
            if isinstance(event, ReadMoved):
                self._tell_moved(event)
        for event in heard:
            if isinstance(event, Typing):
                self._typing(event)
        others = (event for event in told if not isinstance(event, ReadMoved | Typing))
        concerned = [(event, found) for event in others if (found := self._concerned(event))]
        if not concerned:
            return
        try:
            await self._tell(concerned)
        except Unavailable:
            pass  # nobody is told what may not be for them

    def _tell_moved(self, event: ReadMoved) -> None:
        """Tell the user's sessions in the room, and the connections that are not in it."""
        marker = Marker(event.user_id, event.room, event.epoch, event.seq, event.generation)
        self._read_moved(marker, event.said)
        frame = hints.framed(hints.ReadMoved(event.room, event.seq))
        for visitor in list(self._visitors.of(event.user_id)):
            if not visitor.is_in(event.room):
                visitor.hint(frame)

    def _concerned(self, event: Told) -> set[Visitor]:
        """Return the connections that an event is for, whether or not they may see the room."""
        found: set[Visitor] = set()
        if not isinstance(event, RoomChanged):
            found.update(*(self._visitors.of(user_id) for user_id in event.users))
        if isinstance(event, RoomChanged):  # who is in the room is told by the room
            found.update(one for one in self._watching.watchers(event.room) if not one.is_in(event.room))
        elif isinstance(event, Mentioned) and event.everybody:
            found |= {one for one in self._visitors if one.is_in(event.room)}
            found.update(self._watching.watchers(event.room))
        return found

    async def _tell(self, concerned: Sequence[tuple[Told, Collection[Visitor]]]) -> None:
        """Tell the connections whose users may join the room at this moment. Raises `Unavailable`."""
        people: dict[str, set[Visitor]] = {}
        for event, found in concerned:
            if not isinstance(event, Removed):
                people.setdefault(event.room, set()).update(found)
        blockers = await self._blockers(concerned)
        admitted = await self._access.admitted(people)  # last: somebody may have been removed meanwhile
        for event, found in concerned:
            frame = hints.framed(_hint(event))
            not_told = blockers.get(event.sender_id, frozenset()) if isinstance(event, Mentioned) else ()
            for visitor in found:
                who = visitor.user.id
                if who not in not_told and (isinstance(event, Removed) or who in admitted[event.room]):
                    visitor.hint(frame)

    async def _blockers(
        self, concerned: Iterable[tuple[Told, Iterable[Visitor]]]
    ) -> dict[str, frozenset[str]]:
        """Return the ids of those who are told of no mention by a sender: the sender, and who blocks it."""
        others: dict[str, set[str]] = {}
        for event, found in concerned:
            if isinstance(event, Mentioned):
                others.setdefault(event.sender_id, set()).update(visitor.user.id for visitor in found)
        return {
            sender: await self._blocks.blockers(sender, sorted(among - {sender})) | {sender}
            for sender, among in others.items()
        }


def _hint(event: Told) -> hints.Hint:
    if isinstance(event, Mentioned):
        sender = Participant(event.sender_id, event.sender_username)
        return hints.Mention(event.room, event.seq, sender, event.text)
    if isinstance(event, Invited):
        return hints.Invited(event.room)
    if isinstance(event, Removed):
        return hints.Removed(event.room)
    return RoomChangedFrame(event.room, event.title, event.topic, event.kind)
