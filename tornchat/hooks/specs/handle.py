"""The interface of the chat that plugins may call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from tornchat.model import PresenceChange, Stored, User


class ChatHandle(Protocol):
    """The handle passed to a plugin at `startup`. It must be used on the event loop, never from a thread."""

    node_id: str
    data_dir: Path
    exclusive: bool
    """True for a server that is not part of a cluster: no other server may use its storage."""
    writes: bool
    """False for a command that only reads from storage: a plugin then changes nothing on its own account."""

    async def say(
        self,
        room: str,
        text: str,
        *,
        sender: User,
        id: str | None = None,  # noqa: A002 (the name of v1's field)
        trusted: bool = True,
    ) -> Stored:
        """Say `text` in `room` as `sender` and return the stored entry.

        It is the path of every message: filters are asked, the message is on disk when this returns, and
        members and other nodes are told. The same `id` with the same text returns the first entry
        (`repeated`). `trusted` skips `authorize`, rates, mutes, bans and membership, never a filter.

        Raises `ChatError`: `room_not_found`, `conflict`, `message_too_long`, `empty_message`,
        `unconfirmed` and others, and what a filter refuses with; `Unavailable` if a plugin can't answer.
        """

    def deliver(self, topic: str, payload: bytes) -> None:
        """Deliver a payload published on `topic`. Repeated payloads and this node's own are ignored."""

    def may_have_missed(self) -> None:
        """Report that payloads may have been lost: rooms are compared with the log, and gaps are repaired."""

    def presence_changed(self, room: str, version: int, change: PresenceChange) -> None:
        """Report that `change` has brought the roster of `room` to `version`."""
