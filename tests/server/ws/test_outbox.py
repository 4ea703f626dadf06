"""Writing to a client that reads slowly or not at all, over a plain socket and over TLS."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path

import pytest

from tests.nodes import until
from tests.server.ws.echo import Echo, client_frame, serving
from tests.server.ws.test_frames import request
from tests.stage import open_stage
from tests.tls import make_certificate
from tornchat.server.ws import connection
from tornchat.wire.framing import CLOSE, TEXT, close_frame, frame, text_frame

LARGE = frame(TEXT, b"x" * 40_000_000)
"""More than the kernel holds for one connection."""


class Full(Echo):
    """Writes more than its client takes at once."""

    def begin(self):
        self.frames.outbox.write(LARGE)


@contextlib.asynccontextmanager
async def a_client(tls, tmp_path, handler=Full):
    """A client's streams, which read nothing by themselves beyond a small buffer, and the handler."""
    certificate = make_certificate(tmp_path) if tls else None
    async with serving(handler, ssl_options=certificate and certificate.server()) as (port, handlers):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=certificate and certificate.client(), limit=4096
        )
        try:
            writer.write(request())
            await reader.readuntil(b"\r\n\r\n")
            yield reader, writer, handlers[0]
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@pytest.mark.parametrize("tls", [False, True])
def test_a_client_stalls_only_while_it_takes_nothing(tmp_path, tls):
    """`stalled` counts from the last byte taken, however long the queue has been there."""

    async def play():
        async with a_client(tls, tmp_path) as (reader, _, handler):
            outbox = handler.frames.outbox
            assert outbox.busy
            await asyncio.sleep(0.2)  # the kernel has taken what it can hold
            now = asyncio.get_running_loop().time()
            outbox.stalled(now)
            for _ in range(3):
                assert outbox.stalled(now + 9) == pytest.approx(9, abs=0.1)
                now += 9
                async with asyncio.timeout(5):
                    while outbox.stalled(now) > 0:
                        await reader.readexactly(500_000)
                await asyncio.sleep(0.2)
                outbox.stalled(now)
                assert outbox.busy
            assert outbox.stalled(now + 11) == pytest.approx(11, abs=0.1)

    asyncio.run(play())


@pytest.mark.parametrize("tls", [False, True])
def test_a_client_that_takes_all_gets_all_in_order_and_the_waiters_go_on(tmp_path, tls):
    async def play():
        async with a_client(tls, tmp_path) as (reader, writer, handler):
            outbox = handler.frames.outbox
            waiting = asyncio.create_task(outbox.drained())
            assert not outbox.write(text_frame(b"queued"))
            assert await reader.readexactly(len(LARGE)) == LARGE
            assert await reader.readexactly(8) == text_frame(b"queued")
            await asyncio.wait_for(waiting, 5)
            assert not outbox.busy
            assert outbox.stalled(asyncio.get_running_loop().time() + 60) == 0.0
            assert outbox.write(text_frame(b"free"))
            assert await reader.readexactly(6) == text_frame(b"free")
            writer.write(client_frame(TEXT, b"echo"))
            assert await reader.readexactly(6) == text_frame(b"echo")
            writer.write(client_frame(CLOSE, b"\x03\xe8"))
            assert await reader.read() == close_frame(1000)
            await asyncio.wait_for(handler.ended.wait(), 5)
            assert handler.code == 1000

    asyncio.run(play())


@pytest.mark.parametrize("tls", [False, True])
def test_who_waits_for_a_client_that_breaks_off_is_told(tmp_path, tls):
    async def play():
        async with a_client(tls, tmp_path) as (_, writer, handler):
            waiting = asyncio.create_task(handler.frames.outbox.drained())
            await asyncio.sleep(0)
            writer.transport.abort()
            with pytest.raises(ConnectionError):
                await asyncio.wait_for(waiting, 5)
            await asyncio.wait_for(handler.ended.wait(), 5)
            assert not handler.frames.outbox.write(b"nobody reads this")

    asyncio.run(play())


@pytest.mark.parametrize("tls", [False, True])
def test_nothing_is_taken_after_the_close_frame_though_it_still_waits(tmp_path, tls):
    async def play():
        async with a_client(tls, tmp_path) as (reader, writer, handler):
            handler.frames.close(1000)
            assert not handler.frames.outbox.write(text_frame(b"too late"))
            waiting = asyncio.create_task(handler.frames.outbox.drained())
            assert await reader.readexactly(len(LARGE)) == LARGE
            with pytest.raises(ConnectionError):
                await asyncio.wait_for(waiting, 5)
            writer.write(client_frame(CLOSE, b"\x03\xe8"))
            assert await reader.read() == close_frame(1000)

    asyncio.run(play())


# --- whole connections ---


async def a_reader(stage, user):
    """A raw v1 client with a small buffer, in the room `hall`."""
    loop = asyncio.get_running_loop()
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    await loop.sock_connect(client, ("127.0.0.1", stage.port))
    asked = stage.handshake(user, "hall").removesuffix(b"\r\n")
    await loop.sock_sendall(client, asked + b"Sec-WebSocket-Protocol: tornchat.v1\r\n\r\n")
    return client


async def read_all(client, pause=0.0, until_bytes=None):
    """What the client is sent until the end; with `pause` it takes at most 400 kB per `pause` seconds."""
    loop, parts, taken = asyncio.get_running_loop(), [], 0
    while until_bytes is None or sum(map(len, parts)) < until_bytes:
        data = await loop.sock_recv(client, 65536)
        if not data:
            break
        parts.append(data)
        taken += len(data)
        if pause and taken > 400_000:
            taken = 0
            await asyncio.sleep(pause)
    return b"".join(parts)


OPEN = {"limits": {"message_chars": 0, "frame_bytes": 0, "send_buffer_bytes": 0, "messages_per_second": 0}}


@pytest.mark.long
def test_a_slow_but_steady_reader_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is behind for several times as long as a client may take nothing at all."""
    monkeypatch.setattr(connection, "STALL_SECONDS", 1.0)

    async def play() -> None:
        async with open_stage(tmp_path, OPEN) as stage:
            juliet = await stage.enters("juliet", "hall")
            client = await a_reader(stage, "romeo")
            while (await juliet.next_of("user_join"))["user_id"] != "romeo":
                pass
            for number in range(80):
                await juliet.says(f"{number} " + "x" * 200_000)
                await juliet.hears()
            loop = asyncio.get_running_loop()
            began = loop.time()
            heard = await read_all(client, pause=0.1, until_bytes=16_000_000)
            assert loop.time() - began > 3.0
            assert [f'"message":"{number} x'.encode() in heard for number in range(79)] == [True] * 79
            assert stage.chat.counts.slow == 0
            client.close()

    asyncio.run(play())


def test_a_pending_ack_leaves_before_the_answer_to_the_clients_close(tmp_path: Path) -> None:
    """The socket is full when both become due."""

    async def play() -> None:
        async with open_stage(tmp_path, OPEN) as stage:
            juliet = await stage.enters("juliet", "hall")
            client = await a_reader(stage, "romeo")
            while (await juliet.next_of("user_join"))["user_id"] != "romeo":
                pass
            for _ in range(60):
                await juliet.says("x" * 200_000)
                await juliet.hears()
            loop = asyncio.get_running_loop()
            said = client_frame(TEXT, b'{"type":"send","id":"mine","message":"goodbye"}')
            await loop.sock_sendall(client, said)
            assert await juliet.hears() == "goodbye"
            await loop.sock_sendall(client, client_frame(CLOSE, b"\x03\xe8"))
            heard = await read_all(client)
            assert heard.endswith(text_frame(b'{"type":"ack","id":"mine","seq":61}') + close_frame(1000))
            client.close()

    asyncio.run(play())


@pytest.mark.long
def test_a_reader_that_takes_nothing_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "STALL_SECONDS", 1.0)

    async def play() -> None:
        async with open_stage(tmp_path, OPEN) as stage:
            juliet = await stage.enters("juliet", "hall")
            client = await a_reader(stage, "romeo")
            while (await juliet.next_of("user_join"))["user_id"] != "romeo":
                pass
            for _ in range(60):
                await juliet.says("x" * 200_000)
                await juliet.hears()
            assert (await juliet.next_of("user_leave"))["user_id"] == "romeo"
            await until(lambda: stage.chat.counts.slow == 1, 5, "the count")
            client.close()

    asyncio.run(play())
