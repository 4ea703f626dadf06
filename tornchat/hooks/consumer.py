"""What a plugin declares to be handed every entry of the logs, whatever dies meanwhile."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, TypeAlias

import msgspec

from tornchat.errors import SettingsError
from tornchat.hooks.words import is_encodable
from tornchat.model import Entry

TAKE_SECONDS = 30.0
MOST_NAME = 256


class Batch(msgspec.Struct, frozen=True):
    """Entries of one room, in the order of its log; a consumer has taken all before them."""

    room: str
    epoch: str
    private: bool
    entries: tuple[Entry, ...]

    def key(self, entry: Entry) -> str:
        """Return the idempotency key of an entry: the same whenever it is handed over, and no other's."""
        return f"{self.epoch}:{entry.seq}"


Take: TypeAlias = Callable[[Batch], Awaitable[None] | None]


class Consumer(msgspec.Struct, frozen=True):
    """A durable reader of the logs, with a cursor per room in storage under `name`.

    `take` receives every entry at least once, in the order of the room's log, on one node at a time. When it
    returns, the cursor moves; when it raises, or does not return within `deadline` seconds, it receives the
    same entries again later. It is called for several rooms at the same time, and never twice for one.

    `rooms` are names of rooms, or "*" for all. `kinds` are kinds of entries, or "*" for all; entries of other
    kinds are passed over. A consumer whose name is new begins with what is said from `start` on: "now", or
    "beginning" for the oldest stored entries. Whoever changes the name begins anew.
    """

    name: str
    take: Take
    rooms: Sequence[str] = "*"
    kinds: Sequence[str] = "*"
    start: Literal["now", "beginning"] = "now"
    deadline: float = TAKE_SECONDS

    @property
    def named_rooms(self) -> tuple[str, ...] | None:
        """The rooms; None for all."""
        return None if self.rooms == "*" else tuple(self.rooms)

    def wants(self, entry: Entry) -> bool:
        """Return whether `take` receives the entry."""
        return self.kinds == "*" or entry.kind in self.kinds


def refuse_misfit(plugin: str, given: Consumer) -> None:
    """Raise `SettingsError` if a consumer has values that it can't have."""
    words = _misfit(given)
    if words:
        raise SettingsError(
            f"The plugin {plugin} declares a consumer with {words}.", "Report it to its author."
        )


def _misfit(given: Consumer) -> str:
    name = given.name
    if not isinstance(name, str) or not name or len(name) > MOST_NAME or not is_encodable(name):
        return "a name that is no text of 1 to 256 characters"
    if not callable(given.take):
        return f"the name {name!r} whose take can't be called"
    for words in (given.rooms, given.kinds):
        if isinstance(words, str) and words != "*":
            return f'the name {name!r} and the text {words!r} where a sequence or "*" is wanted'
    if given.start not in ("now", "beginning"):
        return f"the name {name!r} and the start {given.start!r}; it is now or beginning"
    deadline = given.deadline
    if not isinstance(deadline, (int, float)) or not math.isfinite(deadline) or deadline <= 0:
        return f"the name {name!r} and the deadline {deadline!r}; it is a number of seconds above 0"
    return ""
