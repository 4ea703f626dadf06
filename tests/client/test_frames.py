"""What the client reads and writes: v1's frames, and WebSocket frames to the letter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tornchat.client import (
    Message,
    MessageDeleted,
    ReadMoved,
    ReadState,
    Typing,
    UserJoined,
    UserLeft,
    UserList,
)
from tornchat.client.address import parse_address
from tornchat.client.backoff import Backoff
from tornchat.client.events import Connected, read_frame
from tornchat.client.websocket import HandshakeRefused, WebSocket, masked_frame, open_websocket
from tornchat.errors import ChatError, Closed
from tornchat.model import Entry, Participant, PresenceChange, User
from tornchat.server.edge.tornado_private import unmask
from tornchat.wire import V1, Ack, V1Error, Welcome, encode_participant, hints, signals
from tornchat.wire.framing import BINARY, CONTINUATION, PING, TEXT, close_frame, frame, frame_payload
from tornchat.wire.parser import FrameParser

V1_FRAMES = V1()


def entry(seq: int, text: str, kind: str = "message", target: int | None = None) -> Entry:
    return Entry(seq, "r", "Romeo", text, 1_700_000_000_000, "draft", None, kind, target)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (V1_FRAMES.welcome(Welcome("hall", User("r", "Romeo"), "e", 3, True)), Connected),
        (V1_FRAMES.users([encode_participant(Participant("r", "Romeo"))]), UserList),
        (V1_FRAMES.entry(entry(1, "hello")), Message),
        (V1_FRAMES.entry(entry(2, "", "deletion", 1)), MessageDeleted),
        (V1_FRAMES.presence(PresenceChange("join", Participant("r", "Romeo"))), UserJoined),
        (V1_FRAMES.presence(PresenceChange("leave", Participant("r", "Romeo"))), UserLeft),
        (V1_FRAMES.ack("a", entry(1, "hello")), Ack),
        (V1_FRAMES.welcome(Welcome("hall", User("r", "Romeo"), "e", 3, True, 2, 1)), Connected),
        (signals.framed(signals.UserTyping("r", 3)), Typing),
        (signals.framed(signals.ReadState("r", 3)), ReadState),
        (hints.framed(hints.ReadMoved("hall", 3)), ReadMoved),
        (V1_FRAMES.error(ChatError("busy"), "a"), V1Error),
    ],
)
def test_all_that_the_dialect_writes_is_read(written: bytes, read: type) -> None:
    assert isinstance(read_frame(frame_payload(written)), read)


def test_what_a_later_version_writes_is_ignored() -> None:
    assert read_frame(b'{"type":"yawning","user_id":"r"}') is None
    found = read_frame(b'{"type":"user_join","user_id":"r","username":"Romeo","mood":"sad"}')
    assert found == UserJoined("r", "Romeo")


@pytest.mark.parametrize("payload", [b"", b"nope", b"[]", b'{"type":"ack"}', b'{"type":1}', b"{}", b"\xff"])
def test_what_is_no_frame_of_v1_is_an_error(payload: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (any)
        read_frame(payload)


@pytest.mark.parametrize("size", [0, 1, 3, 4, 125, 126, 65535, 65536])
def test_what_it_writes_is_what_the_server_reads(size: int) -> None:
    payload = b"x" * size
    assert FrameParser(1 << 20, unmask).feed(masked_frame(TEXT, payload)) == [(TEXT, payload)]


def test_waits_double_up_to_a_bound_and_have_full_jitter() -> None:
    backoff = Backoff(1, 8)
    rows = []
    for _ in range(200):
        backoff.reset()
        rows.append([backoff.next() for _ in range(6)])
    for column, bound in zip(zip(*rows, strict=True), (1, 2, 4, 8, 8, 8), strict=True):
        assert bound * 0.8 < max(column) <= bound
        assert min(column) < bound * 0.2


@asynccontextmanager
async def server_that_writes(*answers: bytes) -> AsyncIterator[tuple[str, int]]:
    """A server that writes this to one client; gives its address."""
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for data in answers:
            writer.write(data)
        writer.write_eof()
        await reader.read()
        writer.close()
        ended.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()
        await ended.wait()


async def heard(*written: bytes) -> list[object]:
    """What a client hears of a server that writes this, and how it ends."""
    async with server_that_writes(*written) as (host, port):
        socket = WebSocket(*await asyncio.open_connection(host, port))
        found: list[object] = []
        try:
            while True:
                found.append(await socket.receive())
        except (Closed, OSError) as end:
            found.append(end.code if isinstance(end, Closed) else type(end))
        finally:
            socket.abort()
    return found


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ([frame(TEXT, b"a"), close_frame(1001, "retry_after=1")], [b"a", 1001]),
        ([b"\x01\x01a", frame(PING, b"?"), b"\x00\x01b", frame(CONTINUATION, b"c")], [b"abc"]),
        ([frame(TEXT, b"x" * 70_000)], [b"x" * 70_000]),
        ([close_frame()], [1005]),
        ([frame(TEXT, b"abc")[:4]], []),
        ([frame(BINARY, b"a")], [ConnectionAbortedError]),
        ([b"\x81\x81\0\0\0\0a"], [ConnectionAbortedError]),
        ([b"\xc1\x01a"], [ConnectionAbortedError]),
        ([b"\x83\x00"], [ConnectionAbortedError]),
        ([b"\x81\x7f" + b"\xff" * 8], [ConnectionAbortedError]),
        ([b"\x01\x01a", frame(TEXT, b"b")], [ConnectionAbortedError]),
        ([frame(TEXT, b"a"), frame(CONTINUATION, b"b")], [b"a", ConnectionAbortedError]),
        ([frame(TEXT, b"\xff")], [ConnectionAbortedError]),
        ([frame(TEXT, b"a"), frame(PING, b"x" * 126)], [b"a", ConnectionAbortedError]),
        ([b"\x88\x01a"], [ConnectionAbortedError]),
    ],
)
def test_what_it_hears_of_frames(written: list[bytes], wanted: list[object]) -> None:
    found = asyncio.run(heard(*written))
    if not wanted or isinstance(wanted[-1], bytes):
        wanted = [*wanted, ConnectionResetError]
    assert found == wanted


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 503 Unavailable\r\nRetry-After: 7\r\n\r\n", 503),
        (b"HTTP/1.1 200 OK\r\n\r\n", 200),
        (b"HTTP/1.1 101 Switching\r\nSec-WebSocket-Accept: nope\r\n\r\n", 0),
        (b"SSH-2.0-OpenSSH\r\n", 0),
        (b"x" * 100_000, 0),
    ],
)
def test_what_is_no_handshake_is_refused(answer: bytes, status: int) -> None:
    async def play() -> None:
        async with server_that_writes(answer) as (host, port):
            address = parse_address(f"ws://{host}:{port}/")
            with pytest.raises(HandshakeRefused) as refusal:
                await open_websocket(address, "/", {}, "tornchat.v1")
            assert refusal.value.status == status
            assert refusal.value.retry_after == (7 if status == 503 else None)

    asyncio.run(play())
