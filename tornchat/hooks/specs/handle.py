"""What a plugin may call in return."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from tornchat.model import PresenceChange


class ChatHandle(Protocol):
    """What a plugin is given at `startup`. Call it on the event loop only, never from a thread."""

    node_id: str
    data_dir: Path

    def deliver(self, topic: str, payload: bytes) -> None:
        """Hand over what another node published on `topic`. Repeats and one's own echo do no harm."""

    def may_have_missed(self) -> None:
        """Say that the bus may have lost something: positions are compared with the log, and repaired."""

    def presence_changed(self, room: str, version: int, change: PresenceChange) -> None:
        """Say that the roster of `room` is now at `version`, because of `change`."""
