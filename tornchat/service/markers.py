"""How far users have read: markers are kept on the node, and written behind once a second.

A larger marker wins, wherever it was made. What this node knows of a user's marker in a room is the present
one as long as the user has a session there; a lost hint is found when a smaller marker is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from tornchat.errors import ChatError, Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.markers import PRESENT, Marker, ReadState
from tornchat.model import Entry
from tornchat.service.session import Session
from tornchat.tasks import Tasks
from tornchat.wire import hints
from tornchat.wire.signals import Read

MOST_MARKERS = 1000
"""Markers in one call of `store_markers`, so that messages need not wait for long."""


class Key(NamedTuple):
    """Whose marker, in which room."""

    room: str
    user_id: str


class _Seen:
    """The marker of a user in a room in which it has sessions on this node."""

    __slots__ = ("generation", "seq", "sessions")

    def __init__(self) -> None:
        self.generation = PRESENT
        self.seq = 0
        self.sessions: list[Session] = []


class Markers:
    """The markers of the users on this node. `write` must be called once a second."""

    def __init__(self, hooks: Hooks, tasks: Tasks, told: Callable[[Marker, bool], None]) -> None:
        """`told` passes a marker that has moved to the user's connections on all nodes.

        Its second argument tells whether it has moved with a message.
        """
        self._hooks = hooks
        self._tasks = tasks
        self._told = told
        self.kept = hooks.provides("store_markers")
        """Whether the storage keeps markers; if not, there are none."""
        self._pending: dict[Key, Marker] = {}
        self._untold: set[Key] = set()
        self._seen: dict[Key, _Seen] = {}
        self._writing = asyncio.Lock()
        self._hurried = False
        self._asked: dict[Key, asyncio.Future[ReadState | None]] = {}

    # --- sessions ---

    def ask(self, room: str, user_id: str) -> asyncio.Future[ReadState | None]:
        """Read a user's marker; None if that is not possible now. Many asked at once are read in one call."""
        key = Key(room, user_id)
        if key not in self._asked:
            if not self._asked:
                self._tasks.start(self._read_asked(), "markers")
            self._asked[key] = asyncio.get_running_loop().create_future()
        return self._asked[key]

    async def _read_asked(self) -> None:
        asked, found = self._asked, dict[Key, ReadState]()
        try:
            await asyncio.sleep(0)  # for others who ask in this iteration of the event loop
            self._asked = {}
            if self.kept:
                found = await self._read(asked)
        finally:
            for key, future in asked.items():
                if not future.done():
                    future.set_result(found.get(key))

    async def _read(self, keys: Iterable[Key]) -> dict[Key, ReadState]:
        """Read the markers of these users, with those that this node has not written yet."""
        wanted: dict[str, list[str]] = {}
        for key in keys:
            wanted.setdefault(key.room, []).append(key.user_id)
        try:
            if not self._pending.keys().isdisjoint(keys):
                await self.write()
            states = await self._hooks.read_markers(wanted)
        except Unavailable:
            return {}
        return {Key(state.room, state.user_id): state for state in states}

    def enter(self, session: Session, state: ReadState | None) -> None:
        """Note a session of a client that may tell how far it has read, and its user's marker."""
        seen = self._seen.setdefault(_key(session), _Seen())
        seen.sessions.append(session)
        if state is not None:
            self._take(Marker(state.user_id, state.room, state.epoch, state.seq, state.generation))

    def leave(self, session: Session) -> None:
        """Forget the session, and write its user's marker soon. Idempotent."""
        key = _key(session)
        seen = self._seen.get(key)
        if seen is not None and session in seen.sessions:
            seen.sessions.remove(session)
            if not seen.sessions:
                del self._seen[key]
        if key in self._pending and not self._hurried:
            self._hurried = True
            self._tasks.start(self.write(), "markers")

    # --- moving ---

    def sent(self, room: str, epoch: str, entries: Sequence[Entry]) -> None:
        """Move the markers of the senders of these messages, in the order of the log."""
        if not self.kept:
            return
        latest = {entry.sender_id: entry.seq for entry in entries if entry.target is None}
        for user_id, seq in latest.items():
            key, generation = Key(room, user_id), PRESENT
            if (seen := self._seen.get(key)) is not None:
                seen.seq, generation = max(seen.seq, seq), seen.generation
            self._pending[key] = Marker(user_id, room, epoch, seq, generation)
            self._untold.add(key)

    async def read(self, session: Session, asked: Read) -> None:
        """Move the marker of a session's user. Raises `ChatError`."""
        room = session.room
        if not self.kept:
            raise ChatError("unsupported", "The storage of this chat keeps no markers.", None, asked.id)
        if asked.epoch not in (None, room.info.epoch):
            raise ChatError("invalid_message", "The room has another log now.", None, asked.id)
        if asked.seq > room.seq:
            raise ChatError("invalid_message", f"The room's log ends at {room.seq}.", None, asked.id)
        seen = self._seen.get(_key(session))
        if asked.force:
            await self._force(session, asked)
        elif seen is None or asked.seq > seen.seq:
            generation = PRESENT if seen is None else seen.generation
            marker = Marker(session.user.id, room.info.name, room.info.epoch, asked.seq, generation)
            self._pending[_key(session)] = marker
            self._take(marker)
            self._told(marker, False)

    async def _force(self, session: Session, asked: Read) -> None:
        """Store a marker of the next generation at once. Raises `ChatError` (`unavailable`)."""
        key, epoch = _key(session), session.room.info.epoch
        state = (await self._read([key])).get(key)
        if state is None or state.epoch != epoch:
            raise ChatError("unavailable", "The marker can't be moved now.", None, asked.id)
        marker = Marker(key.user_id, key.room, epoch, asked.seq, state.generation + 1)
        self._pending.pop(key, None)
        try:
            larger = await self._hooks.store_markers([marker])
        except Unavailable:
            raise ChatError("unavailable", "The marker can't be moved now.", None, asked.id) from None
        for stands in larger or [marker]:
            self._take(stands)
            self._told(stands, False)

    def heard(self, marker: Marker, said: bool) -> None:
        """Take a marker that has moved, here or on another node, and tell the user's sessions in the room.

        If it has moved with a message (`said`), they are not told, since they are sent the message.
        """
        self._take(marker)
        seen = self._seen.get(Key(marker.room, marker.user_id))
        if said or seen is None or marker.seq != seen.seq:  # or it is a smaller one that came late
            return
        frame = hints.framed(hints.ReadMoved(marker.room, marker.seq))
        for session in list(seen.sessions):
            member = session.member
            if session.joined and member.ready and session.room.info.epoch == marker.epoch:
                session.room.aside(member, frame)

    def _take(self, marker: Marker) -> None:
        """Note the marker if it is larger than what this node knows."""
        seen = self._seen.get(Key(marker.room, marker.user_id))
        if seen is None or seen.sessions[0].room.info.epoch != marker.epoch:
            return
        generation = seen.generation if marker.generation == PRESENT else marker.generation
        if (generation, marker.seq) > (seen.generation, seen.seq):
            seen.generation, seen.seq = generation, marker.seq

    # --- writing ---

    async def settle(self, user_id: str) -> None:
        """Write the user's markers that wait on this node. Never raises."""
        if any(key.user_id == user_id for key in self._pending):
            await self.write()

    async def write(self) -> None:
        """Write the markers that have moved since the last call. Never raises.

        What can't be stored now is kept for the next call.
        """
        async with self._writing:
            self._hurried = False
            pending, self._pending = self._pending, {}
            markers = list(pending.values())
            for start in range(0, len(markers), MOST_MARKERS):
                part = markers[start : start + MOST_MARKERS]
                try:
                    self._correct(await self._hooks.store_markers(part))
                except Unavailable:
                    self._keep(markers[start:])
                    return
                self._tell(part)

    def _tell(self, stored: Sequence[Marker]) -> None:
        """Tell the markers that have moved with a message; the others were told at once."""
        for marker in stored:
            key = Key(marker.room, marker.user_id)
            if key in self._untold:
                self._untold.discard(key)
                self._told(marker, True)

    def _correct(self, stands: Sequence[Marker]) -> None:
        """Tell what stands in storage in place of smaller markers: a hint was lost or is on its way."""
        for marker in stands:
            self._untold.discard(Key(marker.room, marker.user_id))
            self._told(marker, False)

    def _keep(self, markers: Sequence[Marker]) -> None:
        for marker in markers:
            key = Key(marker.room, marker.user_id)
            later = self._pending.get(key)
            if later is None or marker.larger(later):
                self._pending[key] = marker


def _key(session: Session) -> Key:
    return Key(session.room.info.name, session.user.id)
