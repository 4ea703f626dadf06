"""The token of a client, and its renewal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

TOKEN_SECONDS = 30.0
"""Maximum duration of a call of the token function, in seconds."""

TokenSource: TypeAlias = str | Callable[[], Awaitable[str]]


class Token:
    """A fixed token, or a function that returns one and is called again after a token has expired."""

    def __init__(self, source: TokenSource) -> None:
        """Raises `ValueError` if `source` is a string but not a valid token."""
        self._source = source
        self._known = _sendable(source) if isinstance(source, str) else None
        self._admitted = False

    async def get(self) -> str:
        """Return the token to use now. Raises what the function raises, `ValueError` or `TimeoutError`."""
        if self._known is None:
            assert not isinstance(self._source, str)
            async with asyncio.timeout(TOKEN_SECONDS):
                self._known = _sendable(await self._source())
        return self._known

    def was_admitted(self) -> None:
        """Record that the server accepted the token."""
        self._admitted = True

    def was_refused(self) -> bool:
        """Record that the server refused the token (4001); return whether another attempt may succeed.

        A token that was accepted before has expired, and the function may return a new one. A token that was
        never accepted would be refused again.
        """
        if isinstance(self._source, str) or not self._admitted:
            return False
        self._known, self._admitted = None, False
        return True


def _sendable(token: str) -> str:
    """Return the token without surrounding white space. Raises `ValueError` if a header can't contain it."""
    token = token.strip()
    if not (token and token.isascii() and token.isprintable()):
        raise ValueError("The token is empty, or holds a character that no token has: give it whole.")
    return token
