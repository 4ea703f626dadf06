"""Things to write a plugin's tests with: a chat that records what it is told, and a maker of drafts."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable
from pathlib import Path

from tornchat import Draft, PresenceChange, User

PATIENCE = 5.0
"""Seconds that something may take which is expected to happen."""


class RecordingChat:
    """A `ChatHandle` that remembers what the plugin calls. Make it in the event loop's thread."""

    def __init__(self, data_dir: Path) -> None:
        self.node_id = secrets.token_hex(6)
        self.data_dir = data_dir
        self.delivered: list[tuple[str, bytes]] = []
        """What `deliver` was called with: (topic, payload)."""
        self.changes: list[tuple[str, int, PresenceChange]] = []
        """What `presence_changed` was called with: (room, version, change)."""
        self.missed = 0
        """How often `may_have_missed` was called."""
        self.foreign_calls: list[str] = []
        """The methods that were called from another thread, which no plugin may do."""
        self._thread = threading.get_ident()
        self._news = asyncio.Event()

    def deliver(self, topic: str, payload: bytes) -> None:
        """Remember what came on `topic`."""
        self._note("deliver")
        self.delivered.append((topic, payload))

    def may_have_missed(self) -> None:
        """Remember that something may be lost."""
        self._note("may_have_missed")
        self.missed += 1

    def presence_changed(self, room: str, version: int, change: PresenceChange) -> None:
        """Remember a change of a roster."""
        self._note("presence_changed")
        self.changes.append((room, version, change))

    def payloads(self, topic: str) -> list[bytes]:
        """What was delivered on one topic."""
        return [payload for where, payload in self.delivered if where == topic]

    def changes_of(self, room: str) -> list[tuple[int, PresenceChange]]:
        """(version, change) of one room."""
        return [(version, change) for where, version, change in self.changes if where == room]

    async def until(self, happened: Callable[[], bool], what: str) -> None:
        """Wait until `happened()`; fails with `what` after `PATIENCE` seconds."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not happened():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{what} (waited {PATIENCE:g} s)") from None

    def _note(self, call: str) -> None:
        if threading.get_ident() != self._thread:
            self.foreign_calls.append(call)
        else:
            self._news.set()


def user(name: str = "ann") -> User:
    """Make a user whose id is `id-<name>`."""
    return User(f"id-{name}", name)


def draft(text: str = "hello", room: str = "tea", sender: str = "ann", client_id: str | None = None) -> Draft:
    """Make a message's draft with an id of its own."""
    return Draft(
        draft_id=f"draft-{secrets.token_hex(8)}",
        room=room,
        sender_id=f"id-{sender}",
        sender_username=sender,
        text=text,
        sent_at=1_710_417_600_000,
        client_id=client_id,
    )


def deletion(target: int, room: str = "tea", sender: str = "ann") -> Draft:
    """Make the draft that deletes the entry at `target`."""
    return Draft(
        draft_id=f"draft-{secrets.token_hex(8)}",
        room=room,
        sender_id=f"id-{sender}",
        sender_username=sender,
        text="",
        sent_at=1_710_417_600_000,
        kind="deletion",
        target=target,
    )
