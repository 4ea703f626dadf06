"""The interface of the chat that plugins may call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from tornchat.model import PresenceChange


class ChatHandle(Protocol):
    """The handle passed to a plugin at `startup`. It must be used on the event loop, never from a thread."""

    node_id: str
    data_dir: Path

    def deliver(self, topic: str, payload: bytes) -> None:
        """Deliver a payload published on `topic`. Repeated payloads and this node's own are ignored."""

    def may_have_missed(self) -> None:
        """Report that payloads may have been lost: rooms are compared with the log, and gaps are repaired."""

    def presence_changed(self, room: str, version: int, change: PresenceChange) -> None:
        """Report that `change` has brought the roster of `room` to `version`."""
