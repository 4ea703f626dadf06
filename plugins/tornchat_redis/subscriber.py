"""A connection for the subscriptions of this node."""

from __future__ import annotations

import asyncio
import logging
import math
import random
from collections.abc import Callable
from typing import Any

from redis.exceptions import ConnectionError as NoConnection

from tornchat import Unavailable
from tornchat_redis.connections import FAILURES, Connection, RedisConnections, close, reason
from tornchat_redis.names import Names

log = logging.getLogger("tornchat.redis")

SILENCE = 3.0
"""Seconds without a beat after which the connection is considered dead."""
CHUNK = 1000
RETRY_SECONDS = (0.05, 0.1, 0.2, 0.5)


class Subscriber:
    """Subscribes to channels over one connection, which is reopened after a failure.

    `on_message(channel, payload)` is called for each message. `on_back()` is called when all channels are
    subscribed, initially and after each reconnect; messages published in between are lost. `stay()` must be
    called at least every `SILENCE` seconds; otherwise the connection is closed and reopened, since a
    half-open connection can't be detected in another way.
    """

    def __init__(self, connections: RedisConnections, names: Names, timeout: float) -> None:
        self._connections = connections
        self._connection: Connection | None = None
        self._names = names
        self._timeout = timeout
        self._wanted = {names.presence, names.nodes, names.beat}
        self.on_message: Callable[[str, bytes], None] = lambda channel, payload: None
        self.on_back: Callable[[], None] = lambda: None
        self._confirming: dict[str, asyncio.Future[None]] = {}
        self._unsubscribing: list[str] = []
        self._unconfirmed: set[str] | None = None
        """Channels not yet confirmed on a new connection; None once all have been confirmed."""
        self._patience = asyncio.timeout(None)
        self.is_up = False
        self.failure = "not connected yet"
        """Description of the last failure."""

    async def subscribe(self, channel: str) -> None:
        """Subscribe to `channel` and wait for the confirmation.

        Raises `Unavailable` if it does not arrive in time. Later connections still subscribe to the channel.
        """
        self._wanted.add(channel)
        if not self.is_up:
            raise Unavailable(f"Redis does not answer: {self.failure}")
        confirmed = self._confirming.get(channel)
        if confirmed is None:
            confirmed = self._confirming[channel] = asyncio.get_running_loop().create_future()
            await self._send(self._names.subscribe, channel)
        await asyncio.wait([confirmed], timeout=self._timeout)
        if not confirmed.done():
            raise Unavailable("Redis does not confirm what is subscribed.")
        confirmed.result()

    async def unsubscribe(self, channel: str) -> None:
        """End the subscription to `channel`. Never raises."""
        if channel in self._wanted:
            self._wanted.discard(channel)
            self._unsubscribing.append(channel)
            try:
                await self._send(self._names.unsubscribe, channel)
            except Unavailable:
                pass  # the next connection does not subscribe to it

    def stay(self) -> None:
        """Extend the lifetime of the connection by `SILENCE` seconds."""
        if self._patience.when() is not None and not self._patience.expired():
            self._patience.reschedule(asyncio.get_running_loop().time() + SILENCE)

    async def run(self) -> None:
        """Connect, and reconnect after failures, until cancelled."""
        failures = 0
        while True:
            try:
                await self._listen()
            except FAILURES as error:
                failures = 0 if self.is_up else failures + 1
                self._went_down(reason(error))
            finally:
                self.is_up = False
                connection, self._connection = self._connection, None
                await close(connection)
                self._give_up()
            await asyncio.sleep(_pause(failures))

    async def _listen(self) -> None:
        async with asyncio.timeout(SILENCE) as self._patience:
            connection = self._connection = await self._connections.open()
            self._unsubscribing.clear()
            self._unconfirmed = set(self._wanted)
            channels = list(self._wanted)
            for start in range(0, len(channels), CHUNK):
                await self._write(self._names.subscribe, *channels[start : start + CHUNK])
            while True:
                self._take(await connection.read_response(timeout=math.inf))

    def _take(self, news: Any) -> None:
        kind, channel = news[0], news[1].decode("ascii")
        if kind in (b"message", b"smessage"):
            if channel in self._wanted:
                self.on_message(channel, news[2])
        elif kind in (b"subscribe", b"ssubscribe"):
            self._confirm(channel)
        elif channel in self._unsubscribing:
            self._unsubscribing.remove(channel)
        elif channel in self._wanted:
            raise NoConnection("another server has this channel now")

    def _confirm(self, channel: str) -> None:
        confirmed = self._confirming.pop(channel, None)
        if confirmed is not None and not confirmed.done():
            confirmed.set_result(None)
        if self._unconfirmed is not None:
            self._unconfirmed.discard(channel)
            if not self._unconfirmed:
                self._unconfirmed = None
                self._went_up()

    async def _send(self, *words: str) -> None:
        try:
            await self._write(*words)
        except FAILURES as error:
            raise Unavailable(f"Redis does not answer: {reason(error)}") from None

    async def _write(self, *words: str) -> None:
        connection = self._connection
        # `send_command` would reopen a closed connection, without the subscriptions.
        if connection is None or not connection.is_connected:
            raise NoConnection(self.failure)
        await connection.send_command(*words, check_health=False)

    def _went_up(self) -> None:
        log.info("listening to redis", extra={"event": "bus_up"})
        self.is_up = True
        self.on_back()

    def _went_down(self, words: str) -> None:
        if self.is_up:
            facts = {"event": "bus_down", "reason": words}
            log.warning("no longer listening to redis: %(reason)s", facts, extra=facts)
        self.failure = words

    def _give_up(self) -> None:
        for confirmed in self._confirming.values():
            if not confirmed.done():
                confirmed.set_exception(Unavailable(f"Redis does not answer: {self.failure}"))
                confirmed.exception()  # retrieved, to avoid a warning if nothing awaits it
        self._confirming.clear()


def _pause(failures: int) -> float:
    """Return the seconds until the next attempt, with jitter that spreads the reconnects of many nodes."""
    seconds = RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]
    return seconds * random.uniform(0.5, 1.5)  # noqa: S311
