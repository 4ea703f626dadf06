"""Rooms, as storage and lists tell of them."""

from __future__ import annotations

import hashlib
from typing import Literal, TypeAlias

import msgspec

RoomKind: TypeAlias = Literal["open", "private", "direct"]
"""An open room is visible to everybody, a private one to its owner and members, a direct one to its users."""
PRIVATE_ROOM = "private:"
"""In place of a private room in log lines that name a user."""


def logged_room(name: str, epoch: str, private: bool) -> str:
    """Return the name of a public room, and for a private room a digest that tells nobody its name.

    The digest is the same on all nodes as long as the room has this epoch, which is random and keeps the
    name from being guessed.
    """
    if not private:
        return name
    return "private:" + hashlib.blake2b(f"{epoch} {name}".encode(), digest_size=6).hexdigest()


class RoomDescription(msgspec.Struct, frozen=True):
    """What a room says of itself: a title, a topic, and whether it is private. Empty texts: none."""

    title: str = ""
    topic: str = ""
    private: bool = False


class _Named:
    """What follows from a room's name, epoch and kind."""

    __slots__ = ()
    name: str
    epoch: str
    private: bool
    direct: bool

    @property
    def kind(self) -> RoomKind:
        """Who may see the room."""
        return "direct" if self.direct else "private" if self.private else "open"

    @property
    def logged(self) -> str:
        """The room as the log shows it. See `logged_room`."""
        return logged_room(self.name, self.epoch, self.private)

    @property
    def logged_with_user(self) -> str:
        """The room as a log line shows it that names a user: private rooms can't be told apart.

        Else the lines would show who is in which private room.
        """
        return PRIVATE_ROOM if self.private else self.name


class RoomInfo(_Named, msgspec.Struct, frozen=True):
    """A room as recorded in storage. With slow mode, users wait `slow_seconds` between messages; 0: off.

    `title` and `topic` are shown in place of and beside the name; "" if there is none. A `direct` room is
    private, has no owner, and is the only one of the users whom it was made for.
    """

    name: str
    epoch: str
    private: bool = False
    owner: str | None = None
    slow_seconds: int = 0
    title: str = ""
    topic: str = ""
    direct: bool = False


class RoomSummary(_Named, msgspec.Struct, frozen=True):
    """A room in a list of rooms. `seq` is the head of its log, the other fields are those of `RoomInfo`."""

    name: str
    epoch: str
    private: bool
    owner: str | None
    seq: int
    slow_seconds: int = 0
    title: str = ""
    topic: str = ""
    direct: bool = False


class RoomPage(msgspec.Struct, frozen=True):
    """A page of the list of rooms, sorted by name. `next` is the name to continue after; None at the end."""

    rooms: tuple[RoomSummary, ...]
    next: str | None = None
