"""The last known health of the plugins, so that no request waits for a plugin that hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tornchat.hooks.calls import Hooks
from tornchat.tasks import Tasks

LOOK_SECONDS = 1.0
"""Pause between two queries of the plugins."""
COMMITS = "commits"
FIRST_SECONDS = 0.025
"""Maximum wait in seconds of a request that arrives before the first result."""


class Checkup:
    """Queries the health of the plugins once a second, whether or not anybody asks for it."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks
        self._commits: Callable[[], str] = lambda: "ok"
        self._found: dict[str, dict[str, str]] = {}
        self._first: asyncio.Task[None] | None = None

    def begin(self, tasks: Tasks, commits: Callable[[], str]) -> None:
        """Start the queries, in tasks that `tasks` owns.

        `commits` returns "ok", or why the last commit failed.
        """
        self._commits = commits
        self._found = {}
        self._first = tasks.start(self._look(), "first health")
        tasks.every(LOOK_SECONDS, self._look, "health")

    async def plugins(self) -> dict[str, dict[str, str]]:
        """Return the last known plugin -> part -> "ok" or an error.

        The plugin that stores messages has the additional part `commits`: the outcome of the last commit.
        Waits at most `FIRST_SECONDS` for the first result, and never raises.
        """
        if not self._found and self._first is not None and not self._first.done():
            await asyncio.wait({self._first}, timeout=FIRST_SECONDS)
        storage = self._hooks.provider("store_messages")
        commits = {**self._found.get(storage, {}), COMMITS: self._commits()}
        return {**self._found, storage: commits}

    @property
    def stores(self) -> bool:
        """False if the last commit failed: messages are refused."""
        return self._commits() == "ok"

    async def _look(self) -> None:
        self._found = await self._hooks.health()
