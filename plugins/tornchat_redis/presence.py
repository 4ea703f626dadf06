"""Who is in which room: this node's sessions, and the rosters over all nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tornchat import ChatHandle, Participant, PresenceChange, Roster, Unavailable
from tornchat_redis.rooms import PresenceScripts

VERSION = 1


class _Told(msgspec.Struct, frozen=True, array_like=True):
    """A change of a roster as a script publishes it. It comes from outside and is not trusted."""

    version: Annotated[int, Meta(ge=VERSION, le=VERSION)]
    room: str
    number: Annotated[int, Meta(ge=0)]
    kind: Literal["join", "leave"]
    participant: str


class _Sessions:
    """What this node has in one room, and the highest version of its roster that it has seen."""

    __slots__ = ("floor", "users")

    def __init__(self) -> None:
        self.users: dict[str, Participant] = {}
        self.floor = 0


class RedisPresence:
    """Sessions are kept here as they ought to be in Redis, so that they can be entered again.

    Nothing is asked of Redis before `ready` says that the node's lease holds and its sessions are there.
    """

    def __init__(self, chat: ChatHandle, rooms: PresenceScripts, ready: Callable[[], bool]) -> None:
        self._chat = chat
        self._rooms = rooms
        self._ready = ready
        self._own: dict[str, _Sessions] = {}
        self._joining: dict[tuple[str, str], bool] = {}
        """Room and session that is being entered -> whether it was found to be its user's first one."""
        self._leaving: dict[tuple[str, str], bool] = {}
        """Room and session that is being ended -> whether it was found to be its user's last one."""
        self._decode = msgspec.msgpack.Decoder(_Told).decode
        self._participant = msgspec.json.Decoder(Participant).decode
        self.ignored = 0
        """Changes that came in damaged."""

    async def join(self, room: str, user: Participant, session: str) -> bool:
        """See the hook. Raises `Unavailable`; the session is entered with all others when Redis is back."""
        own = self._own.setdefault(room, _Sessions())
        own.users[session] = user
        self._joining.setdefault((room, session), False)
        self._refuse_if_away()
        first, _ = await self._rooms.enter(room, own.floor, {session: user}, all_of_them=False)
        return self._joining.pop((room, session), False) or session in first

    async def leave(self, room: str, user: Participant, session: str) -> bool:
        """See the hook. Raises `Unavailable`."""
        own = self._own.get(room)
        floor = own.floor if own is not None else 0
        if own is not None and own.users.get(session) == user:
            self._drop(room, own, session)
        self._joining.pop((room, session), None)
        self._leaving.setdefault((room, session), False)
        self._refuse_if_away()
        was_last = await self._rooms.leave(room, floor, user, session)
        return self._leaving.pop((room, session), False) or was_last

    async def read(self, room: str) -> Roster:
        """See the hook. Raises `Unavailable`."""
        self._refuse_if_away()
        own = self._own.get(room)
        roster = await self._rooms.read(room, own.floor if own is not None else 0)
        self._raise_floor(room, roster.version)
        return roster

    def heard(self, payload: bytes) -> None:
        """Pass on a change that a script published."""
        try:
            told = self._decode(payload)
            participant = self._participant(told.participant)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.ignored += 1
            return
        self._raise_floor(told.room, told.number)
        self._chat.presence_changed(told.room, told.number, PresenceChange(told.kind, participant))

    async def enter_all(self) -> None:
        """Make Redis have exactly this node's sessions. Raises `Unavailable`."""
        stored = await self._rooms.of(self._chat.node_id)
        names = {*stored, *self._own}
        await asyncio.gather(*(self._enter_room(name) for name in names))

    async def _enter_room(self, name: str) -> None:
        own = self._own.get(name) or _Sessions()
        first, last = await self._rooms.enter(name, own.floor, dict(own.users), all_of_them=True)
        for asked, found in ((self._joining, first), (self._leaving, last)):
            asked.update(dict.fromkeys({(name, session) for session in found} & asked.keys(), True))

    def _drop(self, room: str, own: _Sessions, session: str) -> None:
        del own.users[session]
        if not own.users:
            del self._own[room]

    def _raise_floor(self, room: str, version: int) -> None:
        own = self._own.get(room)
        if own is not None:
            own.floor = max(own.floor, version)

    def _refuse_if_away(self) -> None:
        if not self._ready():
            raise Unavailable("Redis is away, or this node has only just found it again.")
