"""Samples: what is kept, for how long, and what the numbers are of."""

from __future__ import annotations

import pytest

from tornchat.server.http import samples
from tornchat.server.http.samples import SERIES, Samples
from tornchat.testing import running_chat


@pytest.mark.gen_test
async def test_rates_and_quantiles_are_of_the_time_since_the_sample_before():
    async with running_chat() as chat:
        node = chat.app._site
        taken = Samples(node.chat, node.connections)
        romeo = await chat.connect("hall", "romeo")
        await romeo.say("once")
        await romeo.hear_message()
        taken.take()
        taken.take()
        times, values = taken.since(0)
        assert len(times) == 2
        assert tuple(values) == SERIES
        assert values["stored"][0] > 0
        assert values["stored"][1] == 0
        assert values["commit_p99"][0] is not None
        assert values["commit_p99"][1] is None
        assert values["memory_bytes"][1] > 1 << 20


@pytest.mark.gen_test
async def test_the_oldest_are_forgotten(monkeypatch):
    monkeypatch.setattr(samples, "MOST_SAMPLES", 3)
    async with running_chat() as chat:
        taken = Samples(chat.app._site.chat, chat.app._site.connections)
        for _ in range(5):
            taken.take()
        assert len(taken.since(0)[0]) == 3
