"""B2: clients that ask over HTTP and don't read: little waits for each of them, and they are cut off."""

from __future__ import annotations

import asyncio
import logging
import socket
from pathlib import Path

import pytest

from tests.nodes import until
from tests.stage import Process, Stage, open_stage, serving
from tornchat.server.http.files import StaticFiles

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
