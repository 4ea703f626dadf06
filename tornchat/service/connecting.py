"""Who connects: authentication, bans from the whole site, and the counts of connections."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from tornchat.errors import NO_TOKEN, TRY_AGAIN_LATER, UNAUTHORIZED, Closed, Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.metrics.counts import Counts
from tornchat.model import Credentials, User
from tornchat.service.admission import Admission
from tornchat.service.people import People


def expired(user: User) -> bool:
    """Return whether the user's token has expired."""
    return user.expires_at is not None and user.expires_at <= time.time()


class Connecting:
    """The way in of WebSockets and of calls of the HTTP API."""

    def __init__(self, hooks: Hooks, admission: Admission, people: People, counts: Counts) -> None:
        self._hooks = hooks
        self._admission = admission
        self._people = people
        self._counts = counts

    def opened(self, connection: str, remote_ip: str) -> None:
        """Record that a WebSocket has opened. Its user is not authenticated yet."""
        self._counts.opened += 1
        self._hooks.connection_opened(connection, remote_ip)

    def closed(self, connection: str, code: int | None, duration: float) -> None:
        """Record that a WebSocket has closed after `duration` seconds, with the close code or None."""
        self._counts.close(code)
        self._hooks.connection_closed(connection, code, duration)

    async def connect(
        self, credentials: Credentials, login: Callable[[], Awaitable[User | None]] | None = None
    ) -> User:
        """Return who this is. The host's `login`, if there is one, is asked before the plugins.

        Raises `Closed`: 4001 for a definite no, 4003 for a user who is banned from the whole site, 1013 when
        it can't be told now.
        """
        try:
            user = await login() if login is not None else None
            user = user or await self._hooks.authenticate(credentials)
        except Unavailable:
            raise Closed(TRY_AGAIN_LATER, "authentication is not available", "unavailable") from None
        if user is None:
            raise Closed(UNAUTHORIZED, "unauthorized", "refused" if credentials.used else NO_TOKEN)
        if expired(user):
            raise Closed(UNAUTHORIZED, "unauthorized", "expired")
        user = await self._admission.admit(user)
        self._people.note(user)
        return user

    def turned_away(self, refusal: Closed) -> None:
        """Count an authentication failure of a WebSocket client or an API call."""
        if refusal.cause:
            self._counts.auth_failures[refusal.cause] += 1
