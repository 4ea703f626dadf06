"""The health of the plugins, cached for concurrent and frequent requests."""

from __future__ import annotations

import asyncio

from tornchat.hooks.calls import Hooks

KEPT_SECONDS = 1.0
"""Lifetime of a result. It limits the load, since requests are public and plugins may query other hosts."""


class Checkup:
    """Queries the health of the plugins and caches the result."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks
        self._asked_at = float("-inf")
        self._found: dict[str, dict[str, str]] = {}
        self._lock = asyncio.Lock()

    async def plugins(self) -> dict[str, dict[str, str]]:
        """Return plugin -> part -> "ok" or an error, at most `KEPT_SECONDS` old. Never raises."""
        async with self._lock:
            clock = asyncio.get_running_loop().time
            if clock() - self._asked_at > KEPT_SECONDS:
                self._found = await self._hooks.health()
                self._asked_at = clock()
            return self._found
