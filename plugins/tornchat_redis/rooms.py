"""Execution of the presence scripts for this node."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from tornchat import Participant, Roster
from tornchat_redis import scripts
from tornchat_redis.names import Names
from tornchat_redis.pipe import Pipe

_encode = msgspec.json.encode
QUIET_SECONDS = 60.0

logger = logging.getLogger("tornchat.redis")


class PresenceScripts:
    """Runs the presence scripts. Every method raises `Unavailable`.

    `on_strange` is called if the origin in Redis differs from the one known to this node.
    """

    def __init__(self, names: Names, pipe: Pipe, ttl: float) -> None:
        self._names = names
        self._pipe = pipe
        self._ttl = int(ttl * 1000)
        self._decode = msgspec.json.Decoder(Participant).decode
        self.on_strange: Callable[[], None] = lambda: None
        self._origin = ""
        self.ignored = 0
        """Number of users in rosters that could not be read."""
        self._quiet_until = 0.0

    async def enter(
        self, room: str, floor: int, sessions: Mapping[str, Participant], *, all_of_them: bool
    ) -> tuple[set[str], set[str]]:
        """Enter sessions of this node. With `all_of_them`, its other sessions in the room are ended.

        Returns the entered sessions that were the first ones of their users on any node, and the ended
        sessions that were the last ones.
        """
        extent = "all" if all_of_them else "some"
        words = [word for session, user in sessions.items() for word in (session, user.id, _encode(user))]
        first, last = await self._run(scripts.ENTER, room, floor, extent, *words)
        return {session.decode() for session in first}, {session.decode() for session in last}

    async def leave(self, room: str, floor: int, user: Participant, session: str) -> bool:
        """End a session; return True if it was the last one of the user."""
        [last] = await self._run(scripts.LEAVE, room, floor, session, user.id)
        return bool(last)

    async def read(self, room: str, floor: int) -> Roster:
        """Return the roster, which is marked incomplete during a rebuild."""
        version, whole, users = await self._run(scripts.READ, room, floor)
        return Roster(int(version), tuple(self._known(users)), complete=bool(whole))

    def _known(self, users: Iterable[bytes]) -> Iterator[Participant]:
        """Yield the users of a roster. What is none is left out, and logged once a minute."""
        for user in users:
            try:
                yield self._decode(user)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                self._note_junk()

    def _note_junk(self) -> None:
        self.ignored += 1
        now = time.monotonic()
        if now >= self._quiet_until:
            self._quiet_until = now + QUIET_SECONDS
            logger.warning("Redis has users in rosters that can't be read; they are not shown.")

    async def reap(self, node: str, room: str) -> None:
        """End the sessions of a dead node in the room."""
        await self._run(scripts.REAP, room, 0, node, self._names.node, of=node)

    async def forget(self, node: str) -> None:
        """Remove the lease of a dead node that has no sessions left."""
        names = self._names
        keys = (names.origin, names.rebuilding, names.leases, names.rooms(node))
        await self._eval(scripts.FORGET, keys, self._origin, self._ttl, node)

    async def of(self, node: str) -> list[str]:
        """Return the names of the rooms in which a node has sessions."""
        return [room.decode() for room in await self._pipe.call("SMEMBERS", self._names.rooms(node))]

    async def renew(self, fresh: str) -> tuple[bool, bool, list[str]]:
        """Renew the lease. `fresh` is the new origin if one is needed.

        Returns whether the lease was held until now, whether rosters are complete, and the dead nodes.
        """
        names = self._names
        keys = (names.origin, names.rebuilding, names.leases)
        found = await self._eval(scripts.RENEW, keys, self._origin, self._ttl, names.node, fresh)
        self._origin = found[0].decode()
        return bool(found[1]), not found[2], [node.decode() for node in found[3]]

    async def resign(self) -> None:
        """End the lease of this node. Remaining sessions are ended by other nodes."""
        keys = (self._names.leases, self._names.rooms(self._names.node))
        await self._eval(scripts.RESIGN, keys, self._names.node)

    async def _run(
        self, script: str, room: str, floor: int, *words: str | bytes, of: str | None = None
    ) -> list[Any]:
        """Run a script on a room; return its reply without the first item, the flag for a foreign origin."""
        names = self._names
        head = (self._origin, self._ttl, floor, room, names.presence, names.publish)
        answer: list[Any]
        strange, *answer = await self._eval(script, names.room(room, of or names.node), *head, *words)
        if strange:
            self.on_strange()
        return answer

    async def _eval(self, script: str, keys: Iterable[str], *words: str | bytes | int) -> Any:
        keys = tuple(keys)
        return await self._pipe.call("EVAL", script, len(keys), *keys, *words)
