"""One connection's life in time: pings, vanished clients, clean leaves."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import socket
import struct
from pathlib import Path

import pytest
from tornchat_peewee import PeeweePlugin

from tests.server.ws.echo import client_frame
from tests.stage import Stage, open_stage
from tornchat import Page, hookimpl
from tornchat.wire.framing import CLOSE, close_frame


@pytest.mark.long
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


async def resets(verona: Stage, turns: int) -> None:
    """Shake hands, and break off with a reset some turns of the loop later."""
    client = socket.create_connection(("127.0.0.1", verona.port))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.sendall(verona.handshake("romeo", "general"))
    for _ in range(turns):
        await asyncio.sleep(0)
    client.close()


def test_a_client_that_breaks_off_its_handshake_leaves_nothing_behind(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def play() -> float:
        loop = asyncio.get_running_loop()
        async with open_stage(tmp_path, {"server": {"drain_seconds": 10}}) as verona:
            for turns in range(40):
                await resets(verona, turns)
            juliet = await verona.enters("juliet", "general")
            await juliet.leaves()
            stopping = loop.time()
        return loop.time() - stopping

    with caplog.at_level(logging.INFO, "tornchat"):
        assert asyncio.run(play()) < 5, "a stop waited for those who had gone"
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_connection_that_fails_at_its_beginning_is_counted_out(tmp_path: Path) -> None:
    """Whatever a plugin makes the core stumble over: a stop does not wait for it."""

    class Odd(PeeweePlugin):
        @hookimpl
        async def read_messages(
            self,
            room: str,
            after: int | None,
            before: int | None,
            around: int | None,
            thread: int | None,
            limit: int,
        ) -> Page | None:
            return Page(("no entry",), 1, 1, "e1")  # type: ignore[arg-type]

    async def play() -> float:
        loop = asyncio.get_running_loop()
        settings = {
            "tornchat": {"plugins": "jwt, odd, local"},
            "odd": {"data_dir": str(tmp_path)},
            "server": {"drain_seconds": 10},
        }
        async with open_stage(tmp_path, settings, {"odd": Odd}) as verona:
            romeo = await verona.enters("romeo", "general")
            assert await romeo.is_closed() == 1006
            stopping = loop.time()
        return loop.time() - stopping

    assert asyncio.run(play()) < 5


async def knocks(verona: Stage, user: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Enter with a raw socket, which keeps TCP open until it is told to close it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", verona.port)
    writer.write(verona.handshake(user, "general"))
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


def test_who_says_goodbye_has_left_and_is_sent_nothing_after_it(tmp_path: Path) -> None:
    """A clean leave is told at once, however long the client takes to close TCP."""

    async def play() -> bytes:
        async with open_stage(tmp_path) as verona:
            juliet = await verona.enters("juliet", "general")
            reader, writer = await knocks(verona, "romeo")
            while (await juliet.next_of("user_join"))["user_id"] != "romeo":
                pass
            writer.write(client_frame(CLOSE, (1000).to_bytes(2, "big")))
            async with asyncio.timeout(0.5):
                assert (await juliet.next_of("user_leave"))["user_id"] == "romeo"
            await juliet.says("he is gone")
            await juliet.hears()
            heard = await reader.read()
            writer.close()
            await writer.wait_closed()
            return heard

    assert asyncio.run(play()).endswith(close_frame(1000))


@pytest.mark.long
def test_a_token_that_ends_while_the_history_is_sent_ends_the_connection(tmp_path: Path) -> None:
    """However slowly the client reads, and so keeps its join from ending."""

    async def play() -> None:
        async with open_stage(tmp_path, {"rooms": {"history_limit": 2000}}) as verona:
            romeo = await verona.enters("romeo", "general")
            for number in range(2000):
                await romeo.says(f"{number} " + "x" * 3900)
            for _ in range(2000):
                await romeo.hears()
            juliet = socket.socket()
            juliet.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            juliet.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(juliet, ("127.0.0.1", verona.port))
            await loop.sock_sendall(juliet, verona.handshake("juliet", "general", lifetime=2))
            assert (await romeo.next_of("user_join"))["user_id"] == "juliet"

            async def trickle() -> None:
                with contextlib.suppress(ConnectionError):
                    for _ in range(1000):
                        await loop.sock_recv(juliet, 1000)
                        await asyncio.sleep(0.05)

            reading = asyncio.create_task(trickle())
            async with asyncio.timeout(2 + 6):
                assert (await romeo.next_of("user_leave"))["user_id"] == "juliet"
            reading.cancel()
            await asyncio.wait([reading])
            juliet.close()

    asyncio.run(play())


def alive(*modules: str) -> list[str]:
    """What the collector knows of objects of classes in these modules."""
    kinds = (type(found) for found in gc.get_objects())
    return [kind.__qualname__ for kind in kinds if str(kind.__module__).startswith(modules)]


OF_THE_HANDSHAKE = ("tornado.http1connection", "tornado.iostream", "tornchat.server.ws.socket")
OF_A_CONNECTION = ("tornchat.server.ws.connection", "tornchat.server.ws.frames", "tornchat.server.ws.outbox")


@pytest.mark.long
def test_what_a_handshake_and_a_connection_needed_is_freed_without_a_collection(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            juliet = await verona.enters("juliet", "general")
            await juliet.next_of("user_join")
            handshakes, connections = alive(*OF_THE_HANDSHAKE), alive(*OF_A_CONNECTION)
            for number in range(5):
                romeo = await verona.enters(f"romeo{number}", "general")
                await juliet.next_of("user_join")
                assert len(alive(*OF_A_CONNECTION)) > len(connections)
                assert alive(*OF_THE_HANDSHAKE) == handshakes
                await romeo.leaves()
                await juliet.next_of("user_leave")
            await asyncio.sleep(0)  # the turn in which the last one's descriptor is given back
            assert sorted(alive(*OF_A_CONNECTION)) == sorted(connections)

    gc.collect()
    gc.disable()
    try:
        asyncio.run(play())
    finally:
        gc.enable()


def test_http_1_0_is_answered_426_and_the_log_names_the_cure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """nginx speaks HTTP/1.0 to the server unless it is told otherwise."""

    async def play() -> bytes:
        async with open_stage(tmp_path) as verona:
            reader, writer = await asyncio.open_connection("127.0.0.1", verona.port)
            writer.write(verona.handshake("romeo", "general").replace(b"HTTP/1.1", b"HTTP/1.0"))
            answer = await asyncio.wait_for(reader.read(), 5)
            writer.close()
            await writer.wait_closed()
            return answer

    answer = asyncio.run(play())
    assert answer.split(b"\r\n")[0].split(b" ")[1] == b"426"
    assert b"proxy_http_version 1.1" in answer
    assert b"\r\nUpgrade: websocket\r\n" in answer
    assert "proxy_http_version 1.1" in caplog.text
