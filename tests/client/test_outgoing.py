"""What was sent and is not answered: it goes out again over the next connection, and ends with the client."""

from __future__ import annotations

import asyncio
import json

import pytest

from tornchat.client.outgoing import Outgoing
from tornchat.wire import Ack, V1Error, V1Send


def play(scene):
    async def main():
        outgoing = Outgoing(100, lambda: None)
        sending = [
            asyncio.create_task(outgoing.send(V1Send(str(number), f"text {number}"))) for number in range(3)
        ]
        await asyncio.sleep(0)
        await scene(outgoing, sending)

    asyncio.run(asyncio.wait_for(main(), 10))


def ids(frames):
    return [json.loads(frame)["id"] for frame in frames]


def test_all_that_waits_goes_out_in_order_over_each_new_connection():
    async def scene(outgoing, sending):
        for _ in range(2):
            written = []
            outgoing.attach(written.append)
            assert ids(written) == ["0", "1", "2"]
            outgoing.detach()
        outgoing.acknowledged(Ack("1", 7))
        assert await sending[1] == 7
        written = []
        outgoing.attach(written.append)
        assert ids(written) == ["0", "2"]
        outgoing.end(ConnectionError("the end"))
        await asyncio.gather(*sending, return_exceptions=True)

    play(scene)


def test_the_end_is_the_end_of_all_that_waits_and_of_all_that_comes():
    async def scene(outgoing, sending):
        outgoing.end(ConnectionError("the end"))
        for one in (*sending, asyncio.create_task(outgoing.send(V1Send("4", "too late")))):
            with pytest.raises(ConnectionError, match="the end"):
                await one
        assert not outgoing.waits

    play(scene)


def test_a_message_that_was_refused_for_now_is_not_sent_over_a_connection_that_has_ended():
    async def scene(outgoing, sending):
        written = []
        outgoing.attach(written.append)
        outgoing.refused(V1Error("busy", "later", "0", 0.01))
        outgoing.detach()
        await asyncio.sleep(0.05)
        assert ids(written) == ["0", "1", "2"]
        outgoing.attach(written.append)
        assert ids(written[3:]) == ["0", "1", "2"]
        outgoing.end(ConnectionError("the end"))
        await asyncio.gather(*sending, return_exceptions=True)

    play(scene)
