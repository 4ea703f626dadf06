"""What other nodes say is not trusted: read it strictly, or drop it and count it."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.hostile.corpus import ENTRY, NOT_PAYLOADS, packed
from tornchat.cluster import broadcast as module
from tornchat.cluster.broadcast import MOST_PAYLOAD_BYTES, Broadcast
from tornchat.cluster.foreign import Foreign
from tornchat.errors import NotStored
from tornchat.hooks.calls import Hooks
from tornchat.hooks.implementation import Implementation
from tornchat.offenders import Offenders


class Bus:
    """A broadcast plugin that keeps what it gets."""

    def __init__(self, scope="cluster"):
        self.scope = scope
        self.got = asyncio.Queue()
        self.failures = 0

    def broadcast_scope(self):
        return self.scope

    async def publish(self, topic, payload):
        if self.failures:
            self.failures -= 1
            raise NotStored("a bus stores nothing")
        self.got.put_nowait((topic, payload))

    def publisher(self, node="n1"):
        given = {
            "broadcast_scope": [Implementation("bus", "broadcast_scope", self.broadcast_scope)],
            "publish": [Implementation("bus", "publish", self.publish)],
        }
        return Broadcast(Hooks(given, {}), node, Foreign(Offenders(time.monotonic)))


async def published(bus, node="n2", room="hall"):
    """What node `n2` publishes when ENTRY is stored."""
    publisher = bus.publisher(node)
    task = asyncio.create_task(publisher.run())
    publisher.publish(room, "e1", [ENTRY])
    found = await bus.got.get()
    task.cancel()
    return found


def test_what_one_node_publishes_another_reads():
    async def main():
        bus = Bus()
        topic, payload = await published(bus)
        reader = bus.publisher("n1")
        found = reader.read(topic, payload)
        assert (topic, found.room, found.epoch, found.entries) == ("room:hall", "hall", "e1", (ENTRY,))
        assert (reader.ignored, reader.echoed) == (0, 0)

    asyncio.run(main())


def test_ones_own_echo_is_dropped_and_counted():
    async def main():
        bus = Bus()
        topic, payload = await published(bus, "n1")
        reader = bus.publisher("n1")
        assert reader.read(topic, payload) is None
        assert (reader.ignored, reader.echoed) == (0, 1)

    asyncio.run(main())


@pytest.mark.parametrize("payload", NOT_PAYLOADS, ids=lambda payload: repr(payload[:24]))
def test_what_is_not_a_payload_of_this_room_is_dropped_and_counted(payload):
    reader = Bus().publisher()
    assert reader.read("room:hall", payload) is None
    assert reader.ignored == 1


def test_what_is_too_big_is_not_even_looked_at():
    reader = Bus().publisher()
    assert reader.read("room:hall", bytes(50 * 1024 * 1024)) is None
    assert reader.read("room:hall", packed(2, "n2", "hall", "e1", []) + bytes(MOST_PAYLOAD_BYTES)) is None
    assert reader.ignored == 2


def test_a_plugin_that_fails_loses_that_one_payload(caplog):
    async def main():
        bus = Bus()
        bus.failures = 1
        publisher = bus.publisher()
        task = asyncio.create_task(publisher.run())
        publisher.publish("hall", "e1", [ENTRY])
        publisher.publish("garden", "e1", [ENTRY])
        topic, _ = await bus.got.get()
        task.cancel()
        return topic, publisher.dropped

    assert asyncio.run(main()) == ("room:garden", 1)
    assert "plugin bus failed in publish: NotStored" in caplog.text


def test_the_queue_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "MOST_WAITING", 1)
    publisher = Bus().publisher()
    publisher.publish("hall", "e1", [ENTRY])
    publisher.publish("hall", "e1", [ENTRY])
    assert publisher.dropped == 1


def test_a_bus_inside_one_process_is_not_used_at_all():
    async def main():
        bus = Bus("process")
        publisher = bus.publisher()
        task = asyncio.create_task(publisher.run())
        publisher.publish("hall", "e1", [ENTRY])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        assert bus.got.empty()

    asyncio.run(main())
