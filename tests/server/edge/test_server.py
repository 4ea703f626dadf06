"""B1: a server that has no descriptors or connections left refuses newcomers; its members notice nothing."""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tornado.netutil import bind_sockets
from tornado.web import Application

from tests.stage import Process, Stage, serving
from tornchat.config.settings import Settings
from tornchat.metrics.counts import Counts
from tornchat.server.edge.edge import Edge
from tornchat.server.edge.server import EdgeServer

DESCRIPTORS = 64
SILENT = 104


async def ask(port: int, path: str, address: str = "127.0.0.1") -> tuple[int, str]:
    """One plain request from `address` on a connection of its own: the status and the whole answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        async with asyncio.timeout(10):
            answer = (await reader.read()).decode()
    finally:
        writer.close()
    return int(answer.split()[1]), answer


async def handshake(stage: Stage, user: str) -> int:
    """The status of a handshake; the connection is closed at once."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
    try:
        writer.write(stage.handshake(user, "hall"))
        async with asyncio.timeout(10):
            return int((await reader.readline()).split()[1])
    finally:
        writer.close()


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def silent_clients(port: int, count: int, address: str = "127.0.0.1") -> Iterator[None]:
    opened = []
    for _ in range(count):
        client = socket.socket()
        client.bind((address, 0))
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", port))
        opened.append(client)
    try:
        yield
    finally:
        for client in opened:
            client.close()


async def until_status(stage: Stage, status: int) -> None:
    async with asyncio.timeout(20):
        while True:
            if await handshake(stage, "late") == status:
                return
            await asyncio.sleep(0.05)


@pytest.mark.timeout(90)
@pytest.mark.long
def test_without_descriptors_newcomers_are_refused_and_members_go_on(tmp_path: Path) -> None:
    async def play(server: Process) -> None:
        stage, pid = server.stage, server.process.pid
        member = await stage.enters("ann", "hall")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
        began, cpu, logged = time.monotonic(), cpu_seconds(pid), log.stat().st_size
        with silent_clients(stage.port, SILENT):
            await until_status(stage, 503)
            status, answer = await ask(stage.port, "/readyz")
            assert (status, "Retry-After: 5" in answer) == (503, True)
            for number in range(40):
                await member.says(f"number {number}")
                assert await member.hears() == f"number {number}"
                await asyncio.sleep(0.05)
            share = (cpu_seconds(pid) - cpu) / (time.monotonic() - began)
            written = log.read_text()[logged:]
        print(
            f"\n{SILENT} silent sockets, {DESCRIPTORS} descriptors: {share:.1%} CPU, {len(written)} B of log"
        )
        assert share < 0.5
        assert len(written) < 4000
        assert written.count("no connections are accepted") == 1
        assert "Traceback" not in written
        await until_status(stage, 101)
        assert (await ask(stage.port, "/readyz"))[0] == 200
        await member.leaves()

    log = tmp_path / "server.log"
    with serving(tmp_path / "data") as server:
        asyncio.run(play(server))
        assert server.stop() == 0


@pytest.mark.timeout(60)
def test_a_full_server_refuses_with_503_and_answers_its_probes(tmp_path: Path) -> None:
    async def play(server: Process) -> None:
        stage = server.stage
        members = [await stage.enters(f"u{number}", "hall") for number in range(5)]
        assert await handshake(stage, "late") == 503
        status, answer = await ask(stage.port, "/")
        assert (status, "Retry-After: 5" in answer, "Server:" in answer) == (503, True, False)
        assert (await ask(stage.port, "/healthz", "127.0.0.8"))[0] == 200
        status, answer = await ask(stage.port, "/readyz", "127.0.0.9")
        assert (status, json.loads(answer.partition("\r\n\r\n")[2])["status"]) == (503, "full")
        found = re.search(
            r'exceeded_total{limit="connections"} (\d+)', (await ask(stage.port, "/metrics", "127.0.0.10"))[1]
        )
        assert found is not None
        assert int(found[1]) >= 4
        with silent_clients(stage.port, 30):  # more than are read from
            assert await handshake(stage, "late") == 503
        with silent_clients(stage.port, 30, "127.0.0.2"):
            for number in range(3, 7):  # a connection that has just ended may still count
                status, _ = await ask(stage.port, "/healthz", f"127.0.0.{number}")
                assert status == 200, "one address took all that is spare"
        await members.pop().leaves()
        await until_status(stage, 101)
        for member in members:
            await member.leaves()

    with serving(tmp_path / "data", "--set", "limits.connections=5") as server:
        asyncio.run(play(server))
        assert server.stop() == 0
    assert (tmp_path / "server.log").read_text().count("has reached the limit connections:") == 1


def test_malformed_requests_are_answered_without_a_version(tmp_path: Path) -> None:
    async def play(stage: Stage) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
        writer.write(b"NONSENSE\r\n\r\n")
        answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"Tornado" not in answer

    with serving(tmp_path / "data") as server:
        asyncio.run(play(server.stage))


def test_a_connection_on_which_nothing_comes_is_closed_and_no_longer_counted() -> None:
    async def play() -> None:
        edge = Edge(Settings())
        edge.begin(Counts())
        server = EdgeServer(Application(), idle_connection_timeout=0.2)
        server.guard(edge)
        listening = bind_sockets(0, "127.0.0.1")
        server.add_sockets(listening)
        try:
            reader, writer = await asyncio.open_connection(*listening[0].getsockname())
            assert await asyncio.wait_for(reader.read(), 10) == b""
            writer.close()
            assert edge.connections == 0
            reader, writer = await asyncio.open_connection(*listening[0].getsockname())
            for _ in range(3):  # on one connection
                writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
                assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.1 404")
                await asyncio.wait_for(reader.readuntil(b"</html>"), 10)
            assert await asyncio.wait_for(reader.read(), 10) == b""
            writer.close()
            assert edge.connections == 0
        finally:
            server.stop()
            await server.close_all_connections()

    asyncio.run(play())


def test_connections_on_which_nothing_came_end_with_the_server() -> None:
    async def play() -> None:
        edge = Edge(Settings())
        edge.begin(Counts())
        came, opened = asyncio.Event(), edge.opened
        edge.opened = lambda *given: (opened(*given), came.set())
        server = EdgeServer(Application())
        server.guard(edge)
        listening = bind_sockets(0, "127.0.0.1")
        server.add_sockets(listening)
        reader, writer = await asyncio.open_connection(*listening[0].getsockname())
        await asyncio.wait_for(came.wait(), 10)
        server.stop()
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()
        assert edge.connections == 0
        await server.close_all_connections()

    asyncio.run(play())
