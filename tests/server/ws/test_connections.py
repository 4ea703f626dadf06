"""How the connections of a server end when it stops: spread over time, and served until their turn."""

from __future__ import annotations

import asyncio
import itertools
import re
from pathlib import Path

import pytest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.stage import Player, Stage, open_stage
from tornchat import ChatApp
from tornchat.server.ws import connections


async def goodbye(player: Player) -> float:
    """When this player is closed with 1001 and a hint."""
    assert await player.is_closed() == 1001
    assert re.fullmatch(r"retry_after=\d+\.\d", player.socket.close_reason or "")
    return asyncio.get_running_loop().time()


async def talks_until_closed(player: Player) -> tuple[int, int]:
    """Say one thing after the other; give how many were said, and how many had an answer."""
    said = answered = 0
    try:
        while True:
            said += 1
            await player.says("still here", client_id=f"{player.name}-{said}")
            await player.next_of("ack")
            answered += 1
    except ConnectionClosed:
        return said, answered


def test_few_are_closed_at_once(tmp_path: Path) -> None:
    async def play() -> float:
        loop = asyncio.get_running_loop()
        async with open_stage(tmp_path, {"server": {"drain_seconds": 20}}) as verona:
            players = [await verona.enters(f"p{number}", "hall") for number in range(5)]
            leaving = [asyncio.create_task(goodbye(player)) for player in players]
            began = loop.time()
        await asyncio.gather(*leaving)
        return loop.time() - began

    assert asyncio.run(play()) < 3


def test_many_are_closed_one_after_another_and_served_until_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At ten a second, so that thirty are many."""
    monkeypatch.setattr(connections, "CLOSES_PER_SECOND", 10)

    async def play() -> None:
        async with open_stage(tmp_path, {"server": {"drain_seconds": 2.5}}) as verona:
            players = [await verona.enters(f"p{number}", "hall", v1=True) for number in range(30)]
            talkers, listeners = players[:3], players[3:]
            talking = [asyncio.create_task(talks_until_closed(player)) for player in talkers]
            leaving = [asyncio.create_task(goodbye(player)) for player in listeners]
            await asyncio.sleep(0)
        times = sorted(await asyncio.gather(*leaving))
        gaps = [after - before for before, after in itertools.pairwise(times)]
        assert 1.2 < times[-1] - times[0] < 2.5
        assert max(gaps) < 0.8, "they were not spread evenly"
        for said, answered in await asyncio.gather(*talking):
            assert said - answered <= 1, "somebody was not answered before its turn came"
        assert sum(answered for _, answered in await asyncio.gather(*talking)) > 10

    asyncio.run(play())


def test_who_comes_meanwhile_is_answered_503(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CLOSES_PER_SECOND", 2)

    async def play() -> None:
        chat = ChatApp({"tornchat": {"data_dir": tmp_path}, "server": {"drain_seconds": 2}})
        await chat.start()
        server = HTTPServer(Application(chat.routes()))
        sockets = bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        verona = Stage(sockets[0].getsockname()[1], (tmp_path / "jwt.key").read_text())
        players = [await verona.enters(f"p{number}", "hall") for number in range(3)]
        assert not chat.draining
        closing = asyncio.create_task(chat.close())
        await asyncio.wait([asyncio.create_task(goodbye(p)) for p in players], return_when="FIRST_COMPLETED")
        assert chat.draining
        with pytest.raises(InvalidStatus, match="503"):
            await verona.enters("late", "hall")
        await closing
        assert not chat.draining
        server.stop()
        await verona.clear()
        await server.close_all_connections()

    asyncio.run(play())
