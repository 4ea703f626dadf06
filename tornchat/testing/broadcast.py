"""The contract of broadcast: delivery of opaque payloads to the subscribers of a topic.

A broadcast may lose, repeat and reorder payloads. The tests require that none is lost under normal
conditions, and permit repeats.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tornchat.testing.kit import Contract, Stage, promise, unique

PAYLOADS = (
    b"",
    b"\x00",
    b"plain",
    b"\r\n$5\r\n",
    b"\xff\xfe\x80",
    "日本語".encode(),
    bytes(range(256)),
    b"x" * 100_000,
)


class BroadcastContract(Contract):
    """Tests of a broadcast plugin.

    Subclass it and define `make_plugin` and, for a plugin with the scope "cluster", `make_second_plugin`.
    """

    roles = ("broadcast",)

    @promise('broadcast_scope: the answer is "process" or "cluster"')
    async def test_scope_is_process_or_cluster(self, stage: Stage) -> None:
        scope = await stage.call("broadcast_scope")
        assert scope in ("process", "cluster"), f"it answered {scope!r}"

    @promise("publish: what is published on a subscribed topic arrives, byte by byte the same")
    async def test_what_is_published_arrives_as_it_is(self, stage: Stage) -> None:
        topic = _topic()
        listener = await self._listener(stage, topic)
        for payload in PAYLOADS:
            await stage.call("publish", topic=topic, payload=payload)
        await _arrives(listener, topic, PAYLOADS)

    @promise("subscribe: it holds from the return of the call on")
    async def test_subscription_holds_once_the_call_has_returned(self, stage: Stage) -> None:
        listener = await self._listener(stage)
        for number in range(20):
            topic = _topic()
            await listener.call("subscribe", topic=topic)
            await stage.call("publish", topic=topic, payload=b"%d" % number)
            await _arrives(listener, topic, [b"%d" % number])

    @promise("subscribe: a second topic does not take the place of the first")
    async def test_two_topics_at_once(self, stage: Stage) -> None:
        first, second = _topic(), _topic()
        listener = await self._listener(stage, first, second)
        await stage.call("publish", topic=first, payload=b"to the first")
        await stage.call("publish", topic=second, payload=b"to the second")
        await _arrives(listener, first, [b"to the first"])
        await _arrives(listener, second, [b"to the second"])

    @promise("subscribe: hundreds of topics are held at once")
    async def test_many_topics_at_once(self, stage: Stage) -> None:
        topics = [_topic() for _ in range(300)]
        listener = await self._listener(stage, *topics)
        for topic in topics:
            await stage.call("publish", topic=topic, payload=b"to all of them")
        for topic in topics:
            await _arrives(listener, topic, [b"to all of them"])

    @promise("subscribe: nothing of other topics is passed on")
    async def test_nothing_of_other_topics(self, stage: Stage) -> None:
        topic = _topic()
        listener = await self._listener(stage, topic)
        others = [topic + "x", topic[:-1], topic.upper(), "room:*", "*", "nodes"]
        for other in others:
            await stage.call("publish", topic=other, payload=b"not for us")
        await self._verify_silence(stage, listener, topic, others)

    @promise("unsubscribe: nothing of the topic is passed on any more")
    async def test_nothing_after_unsubscribing(self, stage: Stage) -> None:
        gone, topic = _topic(), _topic()
        listener = await self._listener(stage, gone, topic)
        await listener.call("unsubscribe", topic=gone)
        await stage.call("publish", topic=gone, payload=b"nobody is here")
        await self._verify_silence(stage, listener, topic, [gone])

    @promise("unsubscribe: the other topics stay subscribed")
    async def test_unsubscribing_leaves_the_others(self, stage: Stage) -> None:
        gone, topic = _topic(), _topic()
        listener = await self._listener(stage, gone, topic)
        await listener.call("unsubscribe", topic=gone)
        await stage.call("publish", topic=topic, payload=b"still here")
        await _arrives(listener, topic, [b"still here"])

    @promise("subscribe: a topic that was given up can be taken up again")
    async def test_subscribing_again(self, stage: Stage) -> None:
        topic = _topic()
        listener = await self._listener(stage, topic)
        await listener.call("unsubscribe", topic=topic)
        await listener.call("subscribe", topic=topic)
        await stage.call("publish", topic=topic, payload=b"back again")
        await _arrives(listener, topic, [b"back again"])

    @promise("unsubscribe: unknown topics are fine")
    async def test_unsubscribing_from_an_unknown_topic_is_fine(self, stage: Stage) -> None:
        await stage.call("unsubscribe", topic=_topic())

    @promise("publish: a topic that nobody subscribed to is fine")
    async def test_publishing_to_nobody_is_fine(self, stage: Stage) -> None:
        await stage.call("publish", topic=_topic(), payload=b"anybody?")

    @promise("publish: what this node publishes reaches other nodes, and theirs this one")
    async def test_both_ways_between_two_nodes(self, stage: Stage) -> None:
        await self._verify_second_node(stage)
        other, topic = await stage.second(), _topic()
        for node in (stage, other):
            await node.call("subscribe", topic=topic)
        await stage.call("publish", topic=topic, payload=b"there")
        await other.call("publish", topic=topic, payload=b"and back")
        await _arrives(other, topic, [b"there"])
        await _arrives(stage, topic, [b"and back"])

    @promise("chat.may_have_missed: called after payloads may have been lost, and then payloads arrive again")
    async def test_a_loss_is_told(self, stage: Stage) -> None:
        other, topic = await stage.second(), _topic()
        await other.call("subscribe", topic=topic)
        missed = other.chat.missed
        await other.lose_bus()
        await other.chat.until(lambda: other.chat.missed > missed, "chat.may_have_missed was not called")

        async def publish() -> None:
            while True:  # some more may be lost until the node listens again
                await stage.call("publish", topic=topic, payload=b"after the loss")
                await asyncio.sleep(0.05)

        publishing = asyncio.create_task(publish())
        try:
            await _arrives(other, topic, [b"after the loss"])
        finally:
            publishing.cancel()

    async def _listener(self, stage: Stage, *topics: str) -> Stage:
        """Return the node that subscribes: the second one if there is one, since echoes are optional."""
        listener = await stage.second_or_self()
        for topic in topics:
            await listener.call("subscribe", topic=topic)
        return listener

    async def _verify_second_node(self, stage: Stage) -> None:
        if await stage.call("broadcast_scope") == "cluster":
            second = self.make_second_plugin(stage.tmp_path)
            assert second is not None, 'its scope is "cluster": write make_second_plugin to have that tested'

    async def _verify_silence(self, stage: Stage, listener: Stage, topic: str, silent: Sequence[str]) -> None:
        """Wait for a later payload, and check that nothing arrived on `silent` before it."""
        await stage.call("publish", topic=topic, payload=b"the last one")
        await _arrives(listener, topic, [b"the last one"])
        heard = [where for where, payload in listener.chat.delivered if payload != b"the last one"]
        assert not heard, f"it passed on what was published on {heard[0]!r}, of {list(silent)}"


def _topic() -> str:
    return "room:" + unique("tea")


async def _arrives(listener: Stage, topic: str, payloads: Sequence[bytes]) -> None:
    def missing() -> list[bytes]:
        return [payload for payload in payloads if payload not in listener.chat.payloads(topic)]

    what = f"some of {len(payloads)} payloads published on {topic!r} did not arrive as they were"
    await listener.chat.until(lambda: not missing(), what)
