"""How far users have read: markers are kept on the node, and written behind once a second.

A larger marker wins, wherever it was made. What this node knows of a user's marker in a room is the present
one as long as the user has a session there; a lost hint is found when a smaller marker is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

from msgspec.structs import replace

from tornchat.errors import ChatError, Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.markers import PRESENT, Marker, ReadState
from tornchat.model import Entry
from tornchat.service.readstates import Key, ReadStates
from tornchat.service.session import Session
from tornchat.tasks import Tasks
from tornchat.wire import hints
from tornchat.wire.signals import Read

MOST_MARKERS = 1000
"""Markers in one call of `store_markers`, so that messages need not wait for long."""


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
        self._written: dict[Key, Marker] = {}
        """Those that are being written."""
        self._said: dict[tuple[str, str], tuple[str, int]] = {}
        """Room and sender -> epoch and `seq` of the last message of which the marker is not written yet."""
        self._seen: dict[Key, _Seen] = {}
        self._writing = asyncio.Lock()
        self._hurried = False
        self._states = ReadStates(hooks, tasks, self._settle_all)

    # --- sessions ---

    def ask(self, room: str, user_id: str) -> Awaitable[ReadState | None]:
        """Read a user's marker; None if that is not possible now. Many asked at once are read in one call."""
        return self._states.ask(Key(room, user_id))

    async def _settle_all(self, keys: Iterable[Key]) -> None:
        """Write before the markers of these users are read, if one of them waits."""
        if any(map(self._waits, keys)):
            await self.write()

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
        if self._waits(key) and not self._hurried:
            self._hurried = True
            self._tasks.start(self.write(), "markers")

    # --- moving ---

    def sent(self, room: str, epoch: str, entries: Sequence[Entry]) -> None:
        """Move the markers of the senders of these messages, in the order of the log.

        All messages come this way: what else is to be done is done by `write`.
        """
        if self.kept:
            for entry in entries:
                if entry.target is None:
                    self._said[room, entry.sender_id] = (epoch, entry.seq)

    def _move_said(self) -> set[Key]:
        """Move the markers of those who have said something since the last call; return whose they are."""
        said, self._said = self._said, {}
        for (room, user_id), (epoch, seq) in said.items():
            self._move_to(Key(room, user_id), epoch, seq)
        return {Key(*key) for key in said}

    def _move_to(self, key: Key, epoch: str, seq: int) -> None:
        """Have the marker written, with the generation that this node knows at this moment."""
        seen = self._seen.get(key)
        marker = Marker(key.user_id, key.room, epoch, seq, PRESENT if seen is None else seen.generation)
        self._keep(marker)
        self._take(marker)

    def _waits(self, key: Key) -> bool:
        return key in self._pending or key in self._said or key in self._written

    async def read(self, session: Session, asked: Read) -> None:
        """Move the marker of a session's user. Raises `ChatError`."""
        room = session.room
        if not self.kept:
            raise ChatError("unsupported", "The storage of this chat keeps no markers.", None, asked.id)
        if asked.epoch not in (None, room.info.epoch):
            raise ChatError("invalid_message", "The room has another log now.", None, asked.id)
        if asked.seq > room.seq:
            raise ChatError("invalid_message", f"The room's log ends at {room.seq}.", None, asked.id)
        key = _key(session)
        seen, (epoch, said) = self._seen.get(key), self._said.get(key, ("", 0))
        if asked.force:
            await self._force(session, asked)
        elif asked.seq > max(seen.seq if seen else 0, said if epoch == room.info.epoch else 0):
            self._move_to(key, room.info.epoch, asked.seq)
            self._told(self._pending[key], False)

    async def _force(self, session: Session, asked: Read) -> None:
        """Store a marker of the next generation at once. Raises `ChatError` (`unavailable`)."""
        key, epoch = _key(session), session.room.info.epoch
        state = (await self._states.read([key])).get(key)
        if state is None or state.epoch != epoch:
            raise ChatError("unavailable", "The marker can't be moved now.", None, asked.id)
        marker = Marker(key.user_id, key.room, epoch, asked.seq, state.generation + 1)
        self._pending.pop(key, None)
        self._said.pop(key, None)
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
        if generation > seen.generation and (said := self._said.pop((marker.room, marker.user_id), None)):
            self._move_to(Key(marker.room, marker.user_id), *said)  # it was said before that generation
        if (generation, marker.seq) > (seen.generation, seen.seq):
            seen.generation, seen.seq = generation, marker.seq

    # --- writing ---

    async def settle(self, user_id: str) -> None:
        """Write the user's markers that wait on this node. Never raises."""
        if any(whose == user_id for _, whose in (*self._pending, *self._said, *self._written)):
            await self.write()

    async def write(self) -> None:
        """Write the markers that have moved since the last call. Never raises.

        What can't be stored now is kept for the next call.
        """
        async with self._writing:
            self._hurried = False
            said = self._move_said()
            self._written, self._pending = self._pending, {}
            try:
                await self._write(list(self._written.values()), said)
            finally:
                self._written = {}

    async def _write(self, markers: Sequence[Marker], said: Collection[Key]) -> None:
        for start in range(0, len(markers), MOST_MARKERS):
            part = markers[start : start + MOST_MARKERS]
            try:
                stands = await self._hooks.store_markers(part)
            except Unavailable:
                for marker in markers[start:]:
                    self._keep(marker)
                return
            self._tell(part, said, stands)

    def _tell(self, stored: Sequence[Marker], said: Collection[Key], stands: Sequence[Marker]) -> None:
        """Tell the markers that have moved with a message; the others were told at once.

        What stands in storage in place of a smaller one is told, too: a hint was lost or is on its way.
        """
        smaller = {Key(marker.room, marker.user_id) for marker in stands}
        for marker in stored:
            key = Key(marker.room, marker.user_id)
            if key in said and key not in smaller:
                self._told(marker, True)
        for marker in stands:
            self._told(marker, False)

    def _keep(self, marker: Marker) -> None:
        """Have the marker written with the next call, unless a larger one will be."""
        key = Key(marker.room, marker.user_id)
        other = self._pending.get(key)
        self._pending[key] = marker if other is None else _larger(marker, other)


def _larger(marker: Marker, other: Marker) -> Marker:
    """Return the larger of two markers of a user; one of the present generation is of the other one's."""
    if marker.epoch != other.epoch:
        return marker
    if PRESENT in (marker.generation, other.generation):
        generation = max(marker.generation, other.generation)
        return replace(marker, seq=max(marker.seq, other.seq), generation=generation)
    return marker if marker.larger(other) else other


def _key(session: Session) -> Key:
    return Key(session.room.info.name, session.user.id)
