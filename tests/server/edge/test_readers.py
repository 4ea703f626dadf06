"""B2: clients that ask over HTTP and don't read: little waits for each of them, and they are cut off."""

from __future__ import annotations

import asyncio
import logging
import socket
from pathlib import Path

import pytest

from tests.nodes import until
from tests.stage import Process, Stage, open_stage, serving
from tornchat.server.edge.readers import SLICES_PER_TURN
from tornchat.server.edge.tornado_private import bytes_written
from tornchat.server.http.files import StaticFiles
from tornchat.server.http.handler import SLICE_BYTES

CLIENTS = 40
MIB = 1 << 20


def largest() -> tuple[str, int]:
    """The largest file that is served, and its size."""
    files = StaticFiles()
    sizes = {name: len(file.content) for name in files if (file := files.get(name))}
    name = max(sizes, key=lambda name: sizes[name])
    return name, sizes[name]


FILE, SIZE = largest()


def lazy_client(port: int, requests: int = 4) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.sendall(f"GET /static/{FILE} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode() * requests)
    return client


def grown(server: Process, clients: int) -> float:
    """MiB that the server grows by while clients pipeline four requests each and don't read."""
    warm = lazy_client(server.stage.port, 1)
    asyncio.run(quiet(server))
    before = server.resident_bytes()
    lazy = [lazy_client(server.stage.port) for _ in range(clients)]
    asyncio.run(quiet(server))
    after = server.resident_bytes("VmHWM")
    for client in (warm, *lazy):
        client.close()
    return (after - before) / MIB


async def quiet(server: Process) -> None:
    """Wait until the server has done what was asked: two answers to somebody else, one after another."""
    for _ in range(2):
        member = await server.stage.enters("ann", "hall")
        await member.says("hello")
        await member.hears()
        await member.leaves()
        await asyncio.sleep(0.3)


@pytest.mark.timeout(60)
@pytest.mark.long
def test_less_than_a_mebibyte_waits_for_each(tmp_path: Path) -> None:
    assert SIZE > MIB, "the file is too small to show anything"
    with serving(tmp_path / "data") as server:
        found = grown(server, CLIENTS)
        print(f"\n{CLIENTS} clients that don't read: +{found:.0f} MiB")
        assert found < CLIENTS * 0.5


async def _rest(client: socket.socket, slice_bytes: int, pause: float) -> int:
    """Read up to the end of the connection, and count the bytes."""
    client.setblocking(False)
    loop, total = asyncio.get_running_loop(), 0
    while data := await loop.sock_recv(client, slice_bytes):
        total += len(data)
        await asyncio.sleep(pause)
    return total


def test_who_takes_nothing_is_cut_off(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def play(stage: Stage) -> None:
        edge = stage.connections.edge
        edge.readers.stall_seconds = 1.0
        lazy = await asyncio.to_thread(lazy_client, stage.port, 16)
        async with asyncio.timeout(10):
            await until(lambda: bool(stage.chat.counts.limits["slow_readers"]), 9, "cut off")
            assert await _rest(lazy, 1 << 16, 0) < 16 * SIZE
        lazy.close()

    async def run() -> None:
        async with open_stage(tmp_path) as stage:
            await play(stage)

    with caplog.at_level(logging.INFO):
        asyncio.run(run())
    assert "127.0.0.1 has reached the limit slow_readers" in caplog.text
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.long
def test_who_reads_slowly_but_steadily_is_served(tmp_path: Path) -> None:
    async def run() -> None:
        async with open_stage(tmp_path) as stage:
            stage.connections.edge.readers.stall_seconds = 1.0
            client = await asyncio.to_thread(lazy_client, stage.port, 1)
            client.setblocking(False)
            total, loop = 0, asyncio.get_running_loop()
            async with asyncio.timeout(30):
                while total < SIZE:  # about five seconds
                    data = await loop.sock_recv(client, SIZE // 50)
                    assert data, f"cut off after {total} of {SIZE} bytes"
                    total += len(data)
                    await asyncio.sleep(0.02)
            client.close()

    asyncio.run(run())


class Turns:
    """Counts the bytes of HTTP answers that the kernel takes in each turn of the loop."""

    def __init__(self, stage: Stage) -> None:
        self.most = 0
        self.total = 0
        self._readers = stage.connections.edge.readers
        self._loop = asyncio.get_running_loop()
        self._count()

    def _count(self) -> None:
        total = sum(bytes_written(stream) for stream in self._readers._watched)
        self.most, self.total = max(self.most, total - self.total), total
        self._loop.call_soon(self._count)

    @property
    def waiting(self) -> int:
        """How many connections have something to write that the kernel does not take."""
        return sum(stream.writing() for stream in self._readers._watched)


def test_long_answers_leave_the_turns_of_the_loop_to_others(tmp_path: Path) -> None:
    """The kernel takes an answer as quickly as it is given, so that no write would ever wait."""

    async def run() -> None:
        async with open_stage(tmp_path) as stage:
            turns, loop = Turns(stage), asyncio.get_running_loop()
            clients = [await asyncio.to_thread(lazy_client, stage.port) for _ in range(8)]
            async with asyncio.timeout(20):
                await until(lambda: turns.waiting == len(clients), 19, "nobody takes any more")
                assert turns.total < len(clients) * MIB / 2, "so much waits in the kernel"
                for client in clients:
                    client.setblocking(False)
                    while len(await loop.sock_recv(client, MIB)) < MIB // 8 and turns.total < SIZE:
                        pass
            print(f"\nat most {turns.most / 1024:.0f} KiB in a turn, {turns.total / 1024:.0f} KiB in all")
            # Every one begins with a slice; then they take turns.
            assert turns.most <= (len(clients) + SLICES_PER_TURN) * SLICE_BYTES
            for client in clients:
                client.close()

    asyncio.run(run())
