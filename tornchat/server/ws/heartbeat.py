"""Detection of dead clients by ping and pong, and of expired tokens."""

from __future__ import annotations

import time
from typing import Protocol

from tornchat.server.ws.wheel import Wheel

LONGEST_LOOK_AWAY = 30.0
"""Maximum seconds between two checks, so that the wheel soon releases connections that have ended."""


class Watched(Protocol):
    """The connection that a heartbeat checks: `vanish` is called if a ping was not answered in time."""

    def ping(self) -> None: ...
    def expire(self) -> None: ...
    def vanish(self) -> None: ...


class Heartbeat:
    """Pings one connection and ends it when it is dead or its token has expired.

    The connection sets `heard` whenever data from the client arrives, and calls `stop` when it ends.
    """

    __slots__ = (
        "_client",
        "_due",
        "_expires_at",
        "_interval",
        "_pinged",
        "_timeout",
        "_wheel",
        "answers",
        "heard",
        "paused",
    )

    def __init__(
        self, client: Watched, wheel: Wheel, expires_at: float | None, interval: float, timeout: float
    ) -> None:
        """`expires_at` is the Unix time at which the token expires, or None.

        A ping is sent every `interval` seconds (0: never). A client from which nothing arrives within
        `timeout` seconds of a ping is considered dead.
        """
        self._client: Watched | None = client
        self._wheel = wheel
        self._expires_at = expires_at
        self._interval = interval
        self._timeout = timeout
        self._pinged = False
        self._due = 0.0
        self.answers = False
        """True once data from the client is read. Before that, no pings are sent."""
        self.heard = True
        self.paused = False
        """True while nothing that the client sends is read: a missing answer to a ping means nothing then."""

    def start(self, now: float) -> None:
        """Start checking, at `now` (loop time, seconds)."""
        self._due = now + self._interval
        self._look(now)

    def renew(self, expires_at: float | None, now: float) -> None:
        """Set when the token expires, at `now` (loop time, seconds): the client has sent another one."""
        self._expires_at = expires_at
        if expires_at is not None and (left := expires_at - time.time()) < LONGEST_LOOK_AWAY:
            self._wheel.at(now + left, self._look_at_token)  # the next look may be later

    def _look_at_token(self, now: float) -> None:
        if self._client is not None and self._expires_at is not None and self._expires_at <= time.time():
            self._client.expire()

    def stop(self) -> None:
        """Stop checking."""
        self._client = None

    def _look(self, now: float) -> None:
        if self._client is None:
            return
        left = LONGEST_LOOK_AWAY
        if self._expires_at is not None:
            left = min(left, self._expires_at - time.time())
            if left <= 0:
                self._client.expire()
                return
        if self._interval:
            left = min(left, self._ping(self._client, now))
        self._wheel.at(now + left, self._look)

    def _ping(self, client: Watched, now: float) -> float:
        """Send a ping if one is due; return the seconds until the next check."""
        if not self.answers:
            self._due = now + self._interval
        if now < self._due:
            return self._due - now
        if self._pinged and not self.heard and not self.paused:
            client.vanish()
            return LONGEST_LOOK_AWAY
        wait = max(self._interval - self._timeout, 0.0) if self._pinged else 0.0
        self._pinged = not wait
        if self._pinged:
            self.heard = False
            client.ping()
            wait = min(self._timeout or self._interval, self._interval)
        self._due = now + wait
        return wait
