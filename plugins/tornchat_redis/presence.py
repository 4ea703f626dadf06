"""Presence in Redis: the sessions of this node, and the rosters of all nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tornchat import ChatHandle, Participant, PresenceChange, Roster, Unavailable
from tornchat_redis.rooms import PresenceScripts
from tornchat_redis.slices import in_slices

VERSION = 1


class _Told(msgspec.Struct, frozen=True, array_like=True):
    """A change of a roster, as published by a script. Received payloads are untrusted and are validated."""

    version: Annotated[int, Meta(ge=VERSION, le=VERSION)]
    room: str
    number: Annotated[int, Meta(ge=0)]
    kind: Literal["join", "leave"]
    participant: str


class _Sessions:
    """This node's sessions in a room, and the highest version of its roster seen so far (`floor`)."""

    __slots__ = ("floor", "users")

    def __init__(self) -> None:
        self.users: dict[str, Participant] = {}
        self.floor = 0


class RedisPresence:
    """Presence of this node's sessions in Redis.

    It keeps a copy of the sessions, so that they can be entered again after a failure. Calls raise
    `Unavailable` until `ready` returns True, that is, until Redis contains this node's sessions.
    """

    def __init__(self, chat: ChatHandle, rooms: PresenceScripts, ready: Callable[[], bool]) -> None:
        self._chat = chat
        self._rooms = rooms
        self._ready = ready
        self._own: dict[str, _Sessions] = {}
        self._joining: dict[tuple[str, str], bool] = {}
        """(Room, session) being entered -> whether a script reported it as the first one of its user."""
        self._leaving: dict[tuple[str, str], bool] = {}
        """(Room, session) being ended -> whether a script reported it as the last one of its user."""
        self._decode = msgspec.msgpack.Decoder(_Told).decode
        self._participant = msgspec.json.Decoder(Participant).decode
        self.ignored = 0
        """Number of malformed changes received."""

    async def join(self, room: str, user: Participant, session: str) -> bool:
        """Implements the hook `join_presence`.

        Raises `Unavailable`; the session is then entered with all others when Redis is available again.
        """
        own = self._own.setdefault(room, _Sessions())
        own.users[session] = user
        self._joining.setdefault((room, session), False)
        self._refuse_if_away()
        first, _ = await self._rooms.enter(room, own.floor, {session: user}, all_of_them=False)
        return self._joining.pop((room, session), False) or session in first

    async def leave(self, room: str, user: Participant, session: str) -> bool:
        """Implements the hook `leave_presence`. Raises `Unavailable`."""
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
        """Implements the hook `read_presence`. Raises `Unavailable`."""
        self._refuse_if_away()
        own = self._own.get(room)
        roster = await self._rooms.read(room, own.floor if own is not None else 0)
        self._raise_floor(room, roster.version)
        return roster

    def heard(self, payload: bytes) -> None:
        """Pass a published change to the chat. Malformed payloads are ignored."""
        try:
            told = self._decode(payload)
            participant = self._participant(told.participant)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.ignored += 1
            return
        self._raise_floor(told.room, told.number)
        self._chat.presence_changed(told.room, told.number, PresenceChange(told.kind, participant))

    async def enter_all(self) -> None:
        """Make the sessions of this node in Redis equal to the copy kept here. Raises `Unavailable`."""
        stored = await self._rooms.of(self._chat.node_id)
        await in_slices({*stored, *self._own}, self._enter_room)

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
