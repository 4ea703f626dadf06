"""The connections that are not in a room by themselves: those for many rooms, which may have joined none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from tornchat.model import User


class Visitor(Protocol):
    """A connection for many rooms."""

    @property
    def user(self) -> User:
        """Who it is by the present token."""

    def end(self, code: int, reason: str) -> None:
        """Close the connection with this code. Idempotent."""


class Visitors:
    """The open connections for many rooms, for what concerns a user on the whole site."""

    def __init__(self) -> None:
        self._open: set[Visitor] = set()

    def add(self, visitor: Visitor) -> None:
        """Add a connection that is authenticated."""
        self._open.add(visitor)

    def discard(self, visitor: Visitor) -> None:
        """Remove a connection that has ended. Idempotent."""
        self._open.discard(visitor)

    def __iter__(self) -> Iterator[Visitor]:
        """Iterate over a copy, so that connections may be ended meanwhile."""
        return iter(list(self._open))
