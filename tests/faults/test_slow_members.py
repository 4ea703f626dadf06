"""P8: who does not read is closed; the others notice nothing."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.figures import percentile, seconds_without_cpu, told
from tests.nodes import until
from tests.stage import COUNT, Player, Process, Stage, open_stage, serving

SAID = 400


async def deaf(verona: Stage, number: int, room: str = "hall") -> socket.socket:
    """A client that shakes hands and never reads again, with a small buffer in its kernel."""
    loop = asyncio.get_running_loop()
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    await loop.sock_connect(client, ("127.0.0.1", verona.port))
    await loop.sock_sendall(client, verona.handshake(f"deaf{number}", room))
    assert (await loop.sock_recv(client, 12)).endswith(b"101")
    return client


def test_who_does_not_read_is_closed_and_the_others_hear_everything(tmp_path: Path) -> None:
    async def play() -> None:
        settings = {"limits": {"send_buffer_bytes": 65536, "message_chars": 0}}
        async with open_stage(tmp_path, settings) as verona:
            juliet = await verona.enters("juliet", "hall")
            clients = [await deaf(verona, number) for number in range(5)]
            romeo = await verona.enters("romeo", "hall")
            text = "x" * 20_000
            left: set[str] = set()

            async def hear() -> int:
                heard = 0
                while heard < SAID or len(left) < len(clients):
                    frame = await juliet.next()
                    heard += frame["type"] == "chat_message"
                    if frame["type"] == "user_leave":
                        left.add(frame["user_id"])
                return heard

            hearing = asyncio.create_task(hear())
            for number in range(SAID):
                await romeo.says(f"{number} {text}")
                await romeo.hears()
            assert await hearing == SAID
            assert left == {f"deaf{number}" for number in range(5)}
            for client in clients:
                client.close()

    asyncio.run(play())


# --- at full count ----------------------------------------------------------------------------------------

DEAF = COUNT * 2 or 10
READERS = COUNT * 8 or 40
TALK_SECONDS = 15.0 if COUNT else 6.0
TALKS_PER_SECOND = 20
Clock: TypeAlias = Callable[[], float]
SENT_AT = re.compile(rb"sent at (\d+\.\d+);")
SIZE = 24_000 if COUNT else 60_000
"""So that those who never read are more than 1 MiB behind, besides what the kernel holds for each."""


class Reader(asyncio.Protocol):
    """A client that reads all, and notes how old each message was when it came, by `clock`."""

    def __init__(self, head: bytes, clock: Clock) -> None:
        self.ages: list[float] = []
        self._clock = clock
        self._head = head
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(self._head)

    def data_received(self, data: bytes) -> None:
        text, end = self._rest + data, 0
        for found in SENT_AT.finditer(text):
            self.ages.append(self._clock() - float(found[1]))
            end = found.end()
        self._rest = text[end:][-40:]


async def talk(romeo: Player, clock: Clock) -> None:
    """Say something large, `TALKS_PER_SECOND`."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(int(TALK_SECONDS * TALKS_PER_SECOND)):
        await romeo.says(f"sent at {clock():.6f}; {'x' * SIZE}")
        await asyncio.sleep(max(0.0, began + number / TALKS_PER_SECOND - loop.time()))


async def ages_in(server: Process, deaf_ones: int, room: str) -> list[float]:
    """Let one talk in a room of readers, and of some who never read; gives the ages of what was read.

    The time in which the server or this process waits for a CPU does not count.
    """

    def clock() -> float:
        return time.perf_counter() - seconds_without_cpu(server.process.pid, os.getpid())

    loop, stage = asyncio.get_running_loop(), server.stage
    clients = [await deaf(stage, number, room) for number in range(deaf_ones)]
    readers = [Reader(stage.handshake(f"reader{number}", room), clock) for number in range(READERS)]
    for reader in readers:
        await loop.create_connection(lambda r=reader: r, "127.0.0.1", stage.port)
    romeo = await stage.enters("romeo", room)
    listening = asyncio.create_task(romeo.is_closed())
    await talk(romeo, clock)
    said = int(TALK_SECONDS * TALKS_PER_SECOND)
    await until(lambda: all(len(reader.ages) == said for reader in readers), 30, "the end of the talk")
    late = await stage.enters("late", room, v1=True)
    here = {user["id"] for user in (await late.next_of("room_users_list"))["users"]}
    here -= {f"reader{number}" for number in range(READERS)} | {"romeo", "late"}
    while here:  # those who never read, until each is closed
        here.discard((await late.next_of("user_leave"))["user_id"])
    await late.leaves()
    for reader in readers:
        reader.transport.abort()
    await romeo.leaves()
    await listening
    for client in clients:
        client.close()
    return [age for reader in readers for age in reader.ages]


@pytest.mark.long
def test_the_others_do_not_notice_and_memory_is_bounded(tmp_path: Path) -> None:
    async def play(server: Process) -> None:
        alone = await ages_in(server, 0, "alone")
        before = server.resident_bytes()
        beside = await ages_in(server, DEAF, "beside")
        grown = (server.resident_bytes("VmHWM") - before) / (1 << 20)
        print(f"\n{READERS} who read, alone: {told(alone)}")
        print(f"beside {DEAF} who never read: {told(beside)}; memory at most {grown:.0f} MiB more")
        assert percentile(beside, 0.99) < max(2 * percentile(alone, 0.99), 0.25)
        assert grown < DEAF * 1.5 + 50

    with serving(tmp_path / "data", "--set", "limits.message_chars=0") as server:
        asyncio.run(play(server))
