"""Is the client still there, and may it still be? Pings, their answers, and the end of a token."""

from __future__ import annotations

import time
from typing import Protocol

from tornchat.server.ws.wheel import Wheel

LONGEST_LOOK_AWAY = 30.0
"""Each connection is looked at at least so often (seconds), so that none is kept alive by the wheel."""


class Watched(Protocol):
    """What is done to a connection when its time has come."""

    def ping(self) -> None: ...
    def expire(self) -> None: ...
    def vanish(self) -> None: ...


class Heartbeat:
    """Looks at one connection when it is due; `heard` says that it lives, `stop` that it is over."""

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
        """`expires_at` is Unix time; a ping follows after `interval` seconds (0: never), and a client
        that is not heard within `timeout` seconds of it has vanished."""
        self._client: Watched | None = client
        self._wheel = wheel
        self._expires_at = expires_at
        self._interval = interval
        self._timeout = timeout
        self._pinged = False
        self._due = 0.0
        self.answers = False
        """True once what the client sends is read: before that it is not pinged."""
        self.heard = True
        self.paused = False
        """True while nothing that the client sends is read: a missing answer to a ping means nothing then."""

    def start(self, now: float) -> None:
        """Begin to look, at `now` (loop time, seconds)."""
        self._due = now + self._interval
        self._look(now)

    def stop(self) -> None:
        """Look no more."""
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
        """Ping if it is due; gives the seconds until the next look."""
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
