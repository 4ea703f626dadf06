"""Helpers for tests of plugins: a chat handle that records calls, and factories of users and drafts."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from tornchat import Draft, Mark, More, PresenceChange, User
from tornchat.model import Status

PATIENCE = 5.0
"""Maximum wait for an expected event, in seconds."""


class RecordingChat:
    """A `ChatHandle` that records the calls of a plugin. Create it in the event loop's thread."""

    def __init__(self, data_dir: Path) -> None:
        self.node_id = secrets.token_hex(6)
        self.data_dir = data_dir
        self.exclusive = False
        self.writes = True
        self.delivered: list[tuple[str, bytes]] = []
        """Arguments of the calls of `deliver`: (topic, payload)."""
        self.changes: list[tuple[str, int, PresenceChange]] = []
        """Arguments of the calls of `presence_changed`: (room, version, change)."""
        self.missed = 0
        """Number of calls of `may_have_missed`."""
        self.foreign_calls: list[str] = []
        """Names of methods called from another thread, which is not permitted."""
        self._thread = threading.get_ident()
        self._news = asyncio.Event()

    def deliver(self, topic: str, payload: bytes) -> None:
        """Record a payload on `topic`."""
        self._note("deliver")
        self.delivered.append((topic, payload))

    def may_have_missed(self) -> None:
        """Record the call."""
        self._note("may_have_missed")
        self.missed += 1

    def presence_changed(self, room: str, version: int, change: PresenceChange) -> None:
        """Record a change of a roster."""
        self._note("presence_changed")
        self.changes.append((room, version, change))

    def payloads(self, topic: str) -> list[bytes]:
        """Return the payloads delivered on a topic."""
        return [payload for where, payload in self.delivered if where == topic]

    def changes_of(self, room: str) -> list[tuple[int, PresenceChange]]:
        """Return the changes of a room as (version, change)."""
        return [(version, change) for where, version, change in self.changes if where == room]

    async def until(self, happened: Callable[[], bool], what: str) -> None:
        """Wait until `happened()` is true. Raises `AssertionError` with `what` after `PATIENCE` seconds."""
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
    """Return a user with the id `id-<name>`."""
    return User(f"id-{name}", name)


def draft(text: str = "hello", room: str = "tea", sender: str = "ann", client_id: str | None = None) -> Draft:
    """Return the draft of a message, with a unique id."""
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
    """Return the draft of a deletion of the entry at `target`."""
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


def edit(
    target: int,
    text: str,
    room: str = "tea",
    expects: int | None = None,
    client_id: str | None = None,
    digest: str = "",
) -> Draft:
    """Return the draft of an edit of the message at `target`, which expects this revision."""
    return Draft(
        draft_id=f"draft-{secrets.token_hex(8)}",
        room=room,
        sender_id="id-ann",
        sender_username="ann",
        text=text,
        sent_at=1_710_417_700_000,
        client_id=client_id,
        kind="edit",
        target=target,
        more=More(expects=expects, digest=digest),
    )


def mark(
    target: int,
    *tokens: str,
    room: str = "tea",
    sender: str = "ann",
    client_id: str | None = None,
    most: int = 0,
    digest: str = "",
) -> Draft:
    """Return the draft of a reaction: the sender's whole set of tokens on the message at `target`."""
    return Draft(
        draft_id=f"draft-{secrets.token_hex(8)}",
        room=room,
        sender_id=f"id-{sender}",
        sender_username=sender,
        text="",
        sent_at=1_710_417_700_000,
        client_id=client_id,
        kind="reaction",
        target=target,
        more=More(mark=Mark(tokens=tokens, most=most), digest=digest),
    )


def saying(more: More, room: str = "tea", text: str = "text", client_id: str | None = None) -> Draft:
    """Return the draft of a message that says more than a text; the same request has the same digest."""
    digest = repr((text, more))
    return replace(draft(text, room, client_id=client_id), more=replace(more, digest=digest))


def opening(
    text: str, room: str = "tea", client_id: str | None = None, sent_at: int = 1_710_417_600_000
) -> Draft:
    """Return the draft of a message that is to be streamed, and begins with this text."""
    digest = repr(("opening", text))
    more = More(status="open", digest=digest)
    return replace(draft(text, room, client_id=client_id), more=more, sent_at=sent_at)


def piece(
    target: int,
    offset: int,
    text: str,
    room: str = "tea",
    client_id: str | None = None,
    sent_at: int = 1_710_417_700_000,
) -> Draft:
    """Return the draft of a piece that begins at `offset` in the text of the open message at `target`."""
    more = More(offset=offset, digest=repr((target, offset, text)))
    added = replace(draft(text, room, client_id=client_id), kind="append", target=target, more=more)
    return replace(added, sent_at=sent_at)


def closing(
    target: int,
    room: str = "tea",
    status: Status = "complete",
    expects: int | None = None,
    text: str = "",
    client_id: str | None = None,
) -> Draft:
    """Return the draft that closes the open message at `target`, perhaps with another text."""
    more = More(status=status, expects=expects, digest=repr((target, status)))
    return replace(draft(text, room, client_id=client_id), kind="close", target=target, more=more)
