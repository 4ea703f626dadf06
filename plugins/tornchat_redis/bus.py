"""The broadcast over Redis channels, with detection of lost payloads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tornchat import ChatHandle
from tornchat_redis.names import Names
from tornchat_redis.pipe import Pipe
from tornchat_redis.subscriber import Subscriber

BEAT_SECONDS = 1.0


class Bus:
    """The broadcast between nodes. Payloads that can't be sent at once are lost; nodes recover from the log.

    Each node publishes a beat to itself once per second. If it does not arrive, the connection is considered
    dead, even if its socket is open. A node that has lost payloads notifies the others as soon as it can
    publish again, and they compare their rooms with the log.
    """

    def __init__(
        self,
        chat: ChatHandle,
        names: Names,
        pipe: Pipe,
        subscriber: Subscriber,
        on_presence: Callable[[bytes], None],
        on_back: Callable[[], None],
    ) -> None:
        self._chat = chat
        self._names = names
        self._pipe = pipe
        self._on_presence = on_presence
        self._on_back = on_back
        self._topics: dict[str, str] = {}
        """Channel -> topic."""
        self._lost = 0
        self._may_have_missed = False
        self._back = asyncio.Event()
        self.subscriber = subscriber
        subscriber.on_message, subscriber.on_back = self._heard, self._is_back

    async def open(self) -> None:
        """Wait until all channels are subscribed. `subscriber.run` must be running."""
        await self._back.wait()

    async def subscribe(self, topic: str) -> None:
        """Subscribe to `topic`. Raises `Unavailable`."""
        channel = self._names.topic(topic)
        self._topics[channel] = topic
        await self.subscriber.subscribe(channel)

    async def unsubscribe(self, topic: str) -> None:
        """End the subscription to `topic`. Never raises."""
        channel = self._names.topic(topic)
        self._topics.pop(channel, None)
        await self.subscriber.unsubscribe(channel)

    def publish(self, topic: str, payload: bytes) -> None:
        """Queue `payload` for sending. While Redis is down, it is dropped and counted as lost."""
        self._send(self._names.topic(topic), payload)

    async def beat(self) -> None:
        """Publish a beat and report losses every `BEAT_SECONDS`, until cancelled."""
        while True:
            self._pipe.put(self._names.publish, self._names.beat, b"")
            if self._pipe.is_up and self._pipe.lost > self._lost:
                self._lost = self._pipe.lost
                self._send(self._names.nodes, b"missed")
            if self._may_have_missed:
                self._may_have_missed = False
                self._chat.may_have_missed()
            await asyncio.sleep(BEAT_SECONDS)

    def _send(self, channel: str, payload: bytes) -> None:
        if self._pipe.is_up:
            self._pipe.put(self._names.publish, channel, payload)
        else:
            self._pipe.lost += 1

    def _heard(self, channel: str, payload: bytes) -> None:
        topic = self._topics.get(channel)
        if topic is not None:
            self._chat.deliver(topic, payload)
        elif channel == self._names.presence:
            self._on_presence(payload)
        elif channel == self._names.beat:
            self.subscriber.stay()
        elif channel == self._names.nodes:
            self._may_have_missed = True  # handled at the next beat, since many nodes may report at once

    def _is_back(self) -> None:
        self._back.set()
        self._chat.may_have_missed()
        self._on_back()
