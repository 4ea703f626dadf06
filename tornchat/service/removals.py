"""Which users were removed a moment ago: somebody who is still entering then is not let in."""

from __future__ import annotations

KEPT_SECONDS = 120.0
"""Longer than a join can take, whose hooks have deadlines."""


class Removals:
    """(room, user id) -> when the user was last removed on this node, in loop time. `SITE` is every room."""

    def __init__(self) -> None:
        self._moments: dict[tuple[str, str], float] = {}

    def note(self, room: str, user_id: str, now: float) -> None:
        """Note that the user was removed from the room now."""
        self._moments[room, user_id] = now

    def since(self, moment: float, room: str, user_id: str) -> bool:
        """Return whether the user was removed from the room at `moment` or later."""
        return self._moments.get((room, user_id), -1.0) >= moment

    def forget(self, now: float) -> None:
        """Drop what is older than `KEPT_SECONDS`."""
        self._moments = {key: at for key, at in self._moments.items() if now - at < KEPT_SECONDS}
