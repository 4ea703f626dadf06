"""How the plugins are, asked once for all who want to know at the same time."""

from __future__ import annotations

import asyncio

from tornchat.hooks.calls import Hooks

KEPT_SECONDS = 1.0
"""How long an answer is good for: anybody may ask, and the plugins may have to ask other machines."""


class Checkup:
    """Plugin -> part -> "ok" or what is wrong."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks
        self._asked_at = float("-inf")
        self._found: dict[str, dict[str, str]] = {}
        self._lock = asyncio.Lock()

    async def plugins(self) -> dict[str, dict[str, str]]:
        """How each of them is, at most `KEPT_SECONDS` ago. Raises nothing."""
        async with self._lock:
            clock = asyncio.get_running_loop().time
            if clock() - self._asked_at > KEPT_SECONDS:
                self._found = await self._hooks.health()
                self._asked_at = clock()
            return self._found
