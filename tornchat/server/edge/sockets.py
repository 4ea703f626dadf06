"""How many WebSockets one user has open on this node, in all and in each room."""

from __future__ import annotations

import random
from collections import Counter

from tornchat.errors import TRY_AGAIN_LATER, Closed
from tornchat.offenders import Offenders

RETRY_SECONDS = (5.0, 30.0)
"""Bounds of the wait that a refused client is told; random, so that they don't come back together."""


class UserSockets:
    """Counts open WebSockets by user, and by user and room."""

    def __init__(self, per_user: int, per_room: int, offenders: Offenders) -> None:
        self.limit(per_user, per_room)
        self._offenders = offenders
        self._users: Counter[str] = Counter()
        self._rooms: Counter[tuple[str, str]] = Counter()

    def limit(self, per_user: int, per_room: int) -> None:
        """Set the limits; 0 means no limit. Open sockets stay open."""
        self._per_user = per_user
        self._per_room = per_room

    def __len__(self) -> int:
        return len(self._users) + len(self._rooms)

    def take(self, user: str, room: str) -> None:
        """Count a socket in; `give` must follow. Raises `Closed` (1013) if it would be one too many."""
        if self._per_user and self._users.get(user, 0) >= self._per_user:
            self._refuse(user, "sockets_per_user")
        if self._per_room and self._rooms.get((user, room), 0) >= self._per_room:
            self._refuse(user, "sockets_per_room")
        self._users[user] += 1
        self._rooms[user, room] += 1

    def give(self, user: str, room: str) -> None:
        """Count a socket out."""
        self._users[user] -= 1
        self._rooms[user, room] -= 1
        if not self._users[user]:
            del self._users[user]
        if not self._rooms[user, room]:
            del self._rooms[user, room]

    def _refuse(self, user: str, limit: str) -> None:
        self._offenders.note(limit, f"user {user!r}", "more sockets are closed with 1013")
        wait = random.uniform(*RETRY_SECONDS)  # noqa: S311 (no secret)
        raise Closed(TRY_AGAIN_LATER, f"retry_after={wait:.1f}")
