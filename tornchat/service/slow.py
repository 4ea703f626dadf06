"""Slow mode: in some rooms, users who do not moderate wait between their messages.

Storage tells when a user last sent a message, whatever node it came from. A node also remembers the messages
that it has just passed on, which storage may not know yet.
"""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

from msgspec.structs import replace

from tornchat.cluster.slowmodes import SlowModes
from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.model import Draft, Refusal, RoomInfo, Stored, StoreResult, User
from tornchat.rooms.registry import Registry
from tornchat.service import rights
from tornchat.service.access import Access

MOST_SECONDS = 6 * 3600
"""Longest wait between two messages, in seconds."""
MOST_REPEATED = 64
"""Latest messages of a user that are compared with one that comes too early: it may be a repeat."""
REMEMBERED_SECONDS = 60.0
"""Longer than the plugins and the storage take with a message; after that storage knows of it."""


class _Sent(NamedTuple):
    """A message passed on. `at` is loop time in seconds."""

    at: float
    draft_id: str
    client_id: str | None


class SlowMode:
    """Refuses messages that come too early with `slow_mode`. A refused message changes nothing."""

    def __init__(self, hooks: Hooks, access: Access, rooms: Registry, modes: SlowModes) -> None:
        self._hooks = hooks
        self._access = access
        self._rooms = rooms
        self._modes = modes
        self._now = asyncio.get_running_loop().time
        self._sent: dict[tuple[str, str], _Sent] = {}
        """(room, user id) -> the last message passed on."""

    async def binds(self, user: User, room: RoomInfo, draft: Draft) -> bool:
        """Return whether `take` is to be called for the draft: the user waits in this room.

        False also for a repeat of a stored message, which storage will answer. Raises `ChatError`
        (`slow_mode`) if storage says that it comes too early, and `Unavailable`.
        """
        seconds = self._seconds(room)
        if not seconds or await self._is_exempt(user, room):
            return False
        now = time.time()
        after = int((now - seconds) * 1000)
        latest = await self._hooks.read_latest_messages(room.name, user.id, after, MOST_REPEATED)
        if draft.client_id is not None and any(entry.client_id == draft.client_id for entry in latest):
            return False
        if latest:
            self._refuse(draft, latest[0].sent_at / 1000 + seconds - now, seconds)
        return True

    def _seconds(self, room: RoomInfo) -> int:
        """Return the seconds of slow mode; `room` is as stored, unless it is loaded here."""
        if self._rooms.get(room.name) is None:
            return room.slow_seconds if self._hooks.provides("read_latest_messages") else 0
        return self._modes.seconds.get(room.name, 0)

    async def _is_exempt(self, user: User, room: RoomInfo) -> bool:
        if rights.may(rights.standings(user), "ignore slow mode"):
            return True
        role = await self._access.role_in(room, user.id)
        return rights.may(rights.standings(user, role), "ignore slow mode")

    def take(self, draft: Draft, room: RoomInfo) -> Draft:
        """Note that the draft is passed on now, if none was since the user may send. Raises `ChatError`.

        Returns the draft for storage, which compares it with what other nodes have passed on. A repeat of the
        message that was passed on last is not noted; storage answers it like the first one.
        """
        key, now, seconds = (draft.room, draft.sender_id), self._now(), self._seconds(room)
        spaced = replace(draft, spaced_ms=seconds * 1000)
        sent = self._sent.get(key)
        if sent is not None and now - sent.at < seconds:
            if draft.client_id is not None and draft.client_id == sent.client_id:
                return spaced
            self._refuse(draft, sent.at + seconds - now, seconds)
        self._sent[key] = _Sent(now, draft.draft_id, draft.client_id)
        return spaced

    def settle(self, draft: Draft, result: StoreResult) -> None:
        """Forget a draft that was taken and is not a new message after all."""
        if isinstance(result, Stored) and not result.repeated:
            return
        key = (draft.room, draft.sender_id)
        sent = self._sent.get(key)
        if sent is not None and sent.draft_id == draft.draft_id:
            del self._sent[key]

    def fail(self, draft: Draft, error: ChatError) -> None:
        """Forget a draft that was taken and was refused with this error."""
        self.settle(draft, Refusal(error.code))

    def _refuse(self, draft: Draft, wait: float, seconds: int) -> None:
        wait = min(max(wait, 0.001), float(seconds))  # clocks of nodes differ
        raise ChatError("slow_mode", "", round(wait, 3), draft.client_id)

    def upkeep(self) -> None:
        """Forget what storage knows by now."""
        old = self._now() - REMEMBERED_SECONDS
        self._sent = {key: sent for key, sent in self._sent.items() if sent.at > old}
