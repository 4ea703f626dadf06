"""The token that a client shows, and when a function is asked for a new one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

TOKEN_SECONDS = 30.0
"""How long a token function may take."""

TokenSource: TypeAlias = str | Callable[[], Awaitable[str]]


class Token:
    """A token, or a function that gives one. The function is asked again once a token has been refused."""

    def __init__(self, source: TokenSource) -> None:
        """Raises `ValueError` if it is a string that can be no token."""
        self._source = source
        self._known = _sendable(source) if isinstance(source, str) else None
        self._admitted = False

    async def get(self) -> str:
        """The token to show now. Raises what the function raises, or `TimeoutError`."""
        if self._known is None:
            assert not isinstance(self._source, str)
            async with asyncio.timeout(TOKEN_SECONDS):
                self._known = _sendable(await self._source())
        return self._known

    def was_admitted(self) -> None:
        """The server took it."""
        self._admitted = True

    def was_refused(self) -> bool:
        """The server said 4001; say whether there can be a better one.

        A token that was good once has expired, and the function has a new one. One that the function
        has just given, and that never was good, would be refused again.
        """
        if isinstance(self._source, str) or not self._admitted:
            return False
        self._known, self._admitted = None, False
        return True


def _sendable(token: str) -> str:
    """A line end in a header would be the end of the header."""
    token = token.strip()
    if not (token and token.isascii() and token.isprintable()):
        raise ValueError("The token is empty, or holds a character that no token has: give it whole.")
    return token
