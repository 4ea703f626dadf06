"""The connections that are not in a room by themselves: those for many rooms, which may have joined none."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Protocol

from tornchat.model import User


class Visitor(Protocol):
    """A connection for many rooms."""

    @property
    def user(self) -> User:
        """Who it is by the present token. The id is always the same."""

    def is_in(self, room: str) -> bool:
        """Return whether it has a session in the room."""

    def hint(self, frame: bytes) -> bool:
        """Send the frame; return False if the client is too slow for hints now."""

    def end(self, code: int, reason: str) -> None:
        """Close the connection with this code. Idempotent."""


class Visitors:
    """The open connections for many rooms, for what concerns a user on the whole site."""

    def __init__(self) -> None:
        self._open: dict[str, set[Visitor]] = {}

    def add(self, visitor: Visitor) -> None:
        """Add a connection that is authenticated."""
        self._open.setdefault(visitor.user.id, set()).add(visitor)

    def discard(self, visitor: Visitor) -> None:
        """Remove a connection that has ended. Idempotent. It may never have been added."""
        mine = self._open.get(visitor.user.id, set())
        mine.discard(visitor)
        if not mine:
            self._open.pop(visitor.user.id, None)

    def of(self, user_id: str) -> Collection[Visitor]:
        """Return the user's connections. The answer must not be used across an await."""
        return self._open.get(user_id, ())

    def __iter__(self) -> Iterator[Visitor]:
        """Iterate over a copy, so that connections may be ended meanwhile."""
        return iter([visitor for mine in self._open.values() for visitor in mine])
