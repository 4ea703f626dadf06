"""Tells: in order for each plugin, waited for by nobody, forgotten never."""

from __future__ import annotations

import asyncio

from tornchat.hooks import tells
from tornchat.hooks.tells import Tells


def test_each_plugin_is_told_in_order_and_none_waits_for_another():
    async def main():
        heard, gate = [], asyncio.Event()

        async def call(plugin, arguments):
            if plugin == "slow":
                await gate.wait()
            heard.append((plugin, *arguments))
            if arguments == (3,) and plugin == "quick":
                gate.set()

        telling = Tells(call)
        for number in (1, 2, 3):
            for plugin in ("slow", "quick"):
                telling.put(plugin, plugin, (number,))
        assert heard == []  # nobody has waited
        await telling.close()
        return heard

    assert asyncio.run(main()) == [(plugin, number) for plugin in ("quick", "slow") for number in (1, 2, 3)]


def test_one_who_has_caught_up_is_told_again():
    async def main():
        heard = asyncio.Queue()

        async def call(implementation, arguments):
            heard.put_nowait(arguments)

        telling = Tells(call)
        for number in (1, 2):
            telling.put("quick", None, (number,))
            assert await heard.get() == (number,)
            await asyncio.sleep(0)
        await telling.close()

    asyncio.run(main())


def test_one_that_is_too_far_behind_misses_the_newest_and_is_named(caplog, monkeypatch):
    monkeypatch.setattr(tells, "MOST_WAITING", 2)

    async def main():
        heard = []

        async def call(implementation, arguments):
            heard.append(arguments)

        telling = Tells(call)
        for number in (1, 2, 3):
            telling.put("slow", None, (number,))
        await telling.close()
        return heard

    assert asyncio.run(main()) == [(1,), (2,)]
    assert caplog.messages == ["plugin slow was 2 tells behind and missed 1"]


def test_close_waits_no_longer_than_it_says(monkeypatch):
    monkeypatch.setattr(tells, "CLOSE_SECONDS", 0.01)

    async def main():
        ended = asyncio.Event()

        async def call(implementation, arguments):
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        telling = Tells(call)
        telling.put("stuck", None, ())
        await telling.close()
        assert ended.is_set()

    asyncio.run(main())
