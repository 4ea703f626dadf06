"""One connection's life in time: pings, vanished clients, clean leaves."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.stage import open_stage


def test_a_vanished_client_leaves_within_ping_interval_and_timeout(tmp_path: Path) -> None:
    async def play() -> None:
        settings = {"server": {"ping_interval": 1, "ping_timeout": 1}}
        async with open_stage(tmp_path, settings) as verona:
            loop = asyncio.get_running_loop()
            juliet = await verona.enters("juliet", "general")
            romeo = await verona.enters("romeo", "general")
            await romeo.next_of("user_join")
            romeo.socket.transport.pause_reading()  # from now on it answers no ping
            vanished = loop.time()
            assert (await juliet.next_of("user_leave"))["user_id"] == "romeo"
            assert loop.time() - vanished < 3.5
            await juliet.says("who answers its pings stays")
            assert await juliet.hears() == "who answers its pings stays"
            romeo.socket.transport.abort()

    asyncio.run(play())


def test_a_connection_that_breaks_off_leaves_at_once(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            juliet = await verona.enters("juliet", "general")
            romeo = await verona.enters("romeo", "general")
            await romeo.next_of("user_join")
            romeo.socket.transport.abort()
            async with asyncio.timeout(1):
                assert (await juliet.next_of("user_leave"))["user_id"] == "romeo"

    asyncio.run(play())


def test_what_was_said_before_a_close_is_echoed_before_it(tmp_path: Path) -> None:
    """A stop finishes the commits: whoever is closed has seen what became of what it said."""

    async def play() -> None:
        heard: list[str] = []
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "general")
            await romeo.next_of("user_join")
            for number in range(200):
                await romeo.says(str(number))
            heard.append(await romeo.hears())
        async for frame in romeo.socket:
            heard.append(str(frame).split('"message":"')[1].split('"')[0])
        assert heard == [str(number) for number in range(len(heard))]
        async with open_stage(tmp_path, {"rooms": {"history_limit": 1000}}) as verona:
            juliet = await verona.enters("juliet", "general")
            for text in heard:
                assert await juliet.hears() == text

    asyncio.run(play())
