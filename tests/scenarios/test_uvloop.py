"""A play on uvloop: sockets of our own are read, written, paused and cut off there as on asyncio's loop."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from tests.stage import Player, Stage, open_stage

pytest.importorskip("uvloop", reason="uvloop is not installed: pip install 'tornchat[fast]'")

LARGE = "x" * 60_000
COUNT = 200


def perform(play: Coroutine[Any, Any, None]) -> None:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(play)


async def hears_all(player: Player, count: int) -> None:
    for number in range(count):
        assert (await player.hears()).endswith(f" {number}")


def reset(client: socket.socket) -> None:
    """Hang up so that the other side's next read or write fails."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


async def opened(verona: Stage, user: str) -> socket.socket:
    """A raw socket that has entered and will read nothing more."""
    client = socket.create_connection(("127.0.0.1", verona.port))
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(client, verona.handshake(user, "general"))
    assert b" 101 " in await loop.sock_recv(client, 1000)
    return client


def test_a_room_in_which_one_never_reads_and_one_resets(tmp_path: Path, caplog) -> None:
    caplog.set_level("INFO")
    limits = {"send_buffer_bytes": 500_000, "message_chars": 0}

    async def speaks(romeo: Player) -> None:
        for number in range(COUNT):
            await romeo.says(f"{LARGE} {number}", client_id=str(number))
            await romeo.next_of("ack")

    async def play() -> None:
        async with open_stage(tmp_path, {"limits": limits}) as verona:
            romeo = await verona.enters("romeo", "general", v1=True)
            never, resets = await opened(verona, "tybalt"), await opened(verona, "mercutio")
            juliet = await verona.enters("juliet", "general", max_queue=1)
            reset(resets)
            await asyncio.gather(speaks(romeo), hears_all(juliet, COUNT))
            never.close()

    perform(play())
    ends = [record.getMessage() for record in caplog.records if "closed: code" in record.getMessage()]
    assert len(ends) == 4
    assert len([end for end in ends if "code 1013" in end]) == 1


def test_closes_and_reconnects_reuse_the_descriptors(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            for number in range(30):
                romeo = await verona.enters("romeo", f"room{number}")
                await romeo.says(f"once {number}")
                assert await romeo.hears() == f"once {number}"
                reset(await opened(verona, "tybalt"))
                await romeo.leaves()

    perform(play())


def test_a_stop_closes_everybody_with_1001(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "general")
        assert await romeo.is_closed() == 1001

    perform(play())
