"""The last known health of the plugins, so that no request waits for a plugin that hangs."""

from __future__ import annotations

import asyncio

from tornchat.hooks.calls import Hooks
from tornchat.tasks import Tasks

LOOK_SECONDS = 1.0
"""Pause between two queries of the plugins."""
FIRST_SECONDS = 0.025
"""Maximum wait in seconds of a request that arrives before the first result."""


class Checkup:
    """Queries the health of the plugins once a second, whether or not anybody asks for it."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks
        self._found: dict[str, dict[str, str]] = {}
        self._first: asyncio.Task[None] | None = None

    def begin(self, tasks: Tasks) -> None:
        """Start the queries, in tasks that `tasks` owns."""
        self._found = {}
        self._first = tasks.start(self._look(), "first health")
        tasks.every(LOOK_SECONDS, self._look, "health")

    async def plugins(self) -> dict[str, dict[str, str]]:
        """Return the last known plugin -> part -> "ok" or an error.

        Empty if no result is known yet. Waits at most `FIRST_SECONDS`, and never raises.
        """
        if not self._found and self._first is not None and not self._first.done():
            await asyncio.wait({self._first}, timeout=FIRST_SECONDS)
        return self._found

    async def _look(self) -> None:
        self._found = await self._hooks.health()
