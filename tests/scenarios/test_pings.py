"""A `tornchat.v1` client asks whether the server is there: cheap, within bounds, and never in classic."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.stage import Player, open_stage
from tornchat.server.ws import connection

PING = '{"type":"ping"}'
PONG = {"type": "pong"}


async def pings(player: Player, count: int = 1) -> None:
    for _ in range(count):
        await player.socket.send(PING)


def test_a_ping_is_answered_by_a_pong_and_costs_no_rate(tmp_path: Path) -> None:
    """One message per minute is allowed; ninety pings wait for nothing, and count as no message."""

    async def play() -> None:
        strict = {"limits": {"messages_per_second": 1 / 60, "burst": 1}}
        async with open_stage(tmp_path, strict) as verona:
            romeo = await verona.enters("romeo", "hall", v1=True)
            await romeo.next_of("user_join")
            await pings(romeo, 90)
            assert [await romeo.next() for _ in range(90)] == [PONG] * 90
            await romeo.says("still allowed", client_id="a")
            assert (await romeo.next_of("ack"))["seq"] == 1
            assert verona.chat.counts.received == 1

    asyncio.run(play())


def test_who_is_slowed_down_gets_a_sign_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pings are not read then; a client that took the path for dead would come back above the rate."""
    monkeypatch.setattr(connection, "SIGN_SECONDS", 0.05)

    async def play() -> None:
        async with open_stage(tmp_path, {"limits": {"messages_per_second": 2, "burst": 1}}) as verona:
            romeo = await verona.enters("romeo", "hall", v1=True)
            for name in ("a", "b"):
                await romeo.says("word", client_id=name)
            assert (await romeo.next_of("ack"))["id"] == "a"
            await pings(romeo)
            assert [await romeo.next() for _ in range(3)] == [PONG] * 3
            assert (await romeo.next_of("ack"))["id"] == "b"

    asyncio.run(play())


def test_spaces_and_unknown_keys_are_allowed_in_a_ping(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "hall", v1=True)
            await romeo.next_of("user_join")
            await romeo.socket.send(json.dumps({"type": "ping", "at": "noon"}))
            assert await romeo.next() == PONG
            await romeo.socket.send('{"type":"ping","type":"ping"}')
            assert (await romeo.next())["code"] == "invalid_json"

    asyncio.run(play())


def test_a_flood_of_pings_is_closed_with_1008(tmp_path: Path) -> None:
    """Of both kinds together at most a hundred in a second, as for the WebSocket's own pings."""

    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "hall", v1=True)
            await romeo.next_of("user_join")
            for _ in range(60):
                await romeo.socket.ping()
            await pings(romeo, 1000)
            answered = 0
            while not await closed(romeo):
                answered += 1
            assert romeo.socket.close_code == 1008
            assert romeo.socket.close_reason == "too many pings"
            assert answered <= 100

    asyncio.run(play())


async def closed(player: Player) -> bool:
    """True once the connection has ended; else the next frame was a pong."""
    try:
        assert await player.next() == PONG
    except Exception:
        await player.socket.wait_closed()
        return True
    return False


def test_classic_knows_no_pings(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "hall")
            await romeo.next_of("user_join")
            await romeo.socket.send(PING)
            assert (await romeo.next()).keys() == {"error"}

    asyncio.run(play())
