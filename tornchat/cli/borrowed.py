"""Access to the storage from a command, whether or not a server is running."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tornchat.config.settings import Settings
from tornchat.errors import Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.hooks.loader import load_plugins
from tornchat.model import ADMIN, PLAIN, Mentions, PresenceChange, Stored, User
from tornchat.service.acting import Acting, UseCases
from tornchat.service.saying import Data

PAGE_ROOMS = 200
HOOKS = (
    "open_room",
    "store_messages",
    "read_history",
    "latest_positions",
    "prune_history",
    "list_rooms",
    "read_sanctions",
    "read_audit",
    "erase_user",
    "read_consumers",
    "read_blocks",
    "read_reports",
    "set_slow_mode",
)


class Bystander(Acting):
    """The `ChatHandle` of a process that is not a node. Notifications are ignored."""

    def __init__(self, data_dir: Path, writes: bool) -> None:
        self.node_id = secrets.token_hex(6)
        self.data_dir = data_dir
        self.exclusive = False
        self.writes = writes

    async def say(
        self,
        room: str,
        text: str,
        *,
        sender: User,
        id: str | None = None,  # noqa: A002 (the name of v1's field)
        thread: int | None = None,
        reply_to: int | None = None,
        mentions: Sequence[str] | Mentions = (),
        meta: Mapping[str, object] | None = None,
        kind: str = PLAIN,
        data: Data | None = None,
        trusted: bool = True,
    ) -> Stored:
        """Always raises `Unavailable`."""
        raise Unavailable("this process is no node; nothing can be said from it")

    def _use_cases(self) -> UseCases:
        raise Unavailable("this process is no node; nothing can be done from it")

    def deliver(self, topic: str, payload: bytes) -> None:
        """See `ChatHandle`."""

    def may_have_missed(self) -> None:
        """See `ChatHandle`."""

    def presence_changed(self, room: str, version: int, change: PresenceChange) -> None:
        """See `ChatHandle`."""


@asynccontextmanager
async def storage(settings: Settings, writes: bool = True) -> AsyncIterator[Hooks]:
    """Context manager that yields hooks with only the storage plugins started. Raises `SettingsError`.

    Without `writes`, nothing may be changed with them. A SQLite that has the WAL-reset bug allows this beside
    a server.
    """
    hooks = load_plugins(settings).hooks
    plugins = {hooks.provider(hook) for hook in HOOKS if hooks.provides(hook)}
    await hooks.startup_of(Bystander(settings.tornchat.data_dir, writes), plugins)
    try:
        yield hooks
    finally:
        await hooks.close()
        await hooks.shutdown(plugins)


async def all_rooms(hooks: Hooks) -> list[str]:
    """Return the names of all rooms, sorted. Raises `SettingsError` if storage can't list them."""
    admin = User("console", "console", frozenset({ADMIN}))
    names: list[str] = []
    while page := await hooks.list_rooms(admin, names[-1] if names else None, PAGE_ROOMS):
        names += [room.name for room in page]
    return names
