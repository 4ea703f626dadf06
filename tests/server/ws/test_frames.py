"""Whole connections over real sockets: what a client sends, what it gets, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from tests.server.ws.echo import BinaryFrames, Echo, client_frame, client_header, serving
from tornchat.errors import INVALID_TEXT, POLICY_VIOLATION, PROTOCOL_ERROR, TOO_BIG, UNSUPPORTED_DATA
from tornchat.server.ws import frames
from tornchat.wire.deflate import deflated
from tornchat.wire.framing import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    RSV1,
    TEXT,
    close_frame,
    frame,
    pong_frame,
    text_frame,
)

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
HELLO = client_frame(TEXT, b"hello")
GOODBYE = client_frame(CLOSE, b"\x03\xe8bye")


def request(key=KEY, version="13", extra=""):
    return (
        f"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: {version}\r\n{extra}\r\n"
    ).encode()


@contextlib.asynccontextmanager
async def raw(port, head=None):
    """A bare socket to the server: its answer to the handshake, and the streams."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(head or request())
        yield (await reader.readuntil(b"\r\n\r\n")).decode(), reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def conversation(data, handler=Echo):
    """All that a client gets that sends `data`, and the handler's notes when it is over."""
    async with serving(handler) as (port, handlers), raw(port) as (_, reader, writer):
        writer.write(data)
        got = await reader.read()
        writer.close()
        await handlers[0].ended.wait()
        return got, handlers[0].notes


def run(work):
    return asyncio.run(asyncio.wait_for(work, 20))


def test_texts_come_in_order_and_the_close_is_echoed_once():
    got, notes = run(conversation(HELLO * 3 + GOODBYE + GOODBYE + HELLO))
    assert got == text_frame(b"hello") * 3 + close_frame(1000)
    assert notes == [b"hello"] * 3


def test_a_close_that_says_nothing_is_echoed_as_such():
    assert run(conversation(client_frame(CLOSE)))[0] == close_frame()


def test_the_receiver_learns_the_clients_code():
    async def play():
        async with serving() as (port, handlers), raw(port) as (_, reader, writer):
            writer.write(GOODBYE)
            await reader.read()
            writer.close()
            await handlers[0].ended.wait()
            return handlers[0].code

    assert run(play()) == 1000


def test_pings_are_answered_and_pongs_noted():
    got, notes = run(
        conversation(client_frame(PING, b"are you there") + client_frame(PONG, b"I am") + GOODBYE)
    )
    assert got == pong_frame(b"are you there") + close_frame(1000)
    assert notes == [("pong", b"I am")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (text_frame(b"unmasked"), PROTOCOL_ERROR),
        (client_frame(TEXT, b"\xff"), INVALID_TEXT),
        (client_frame(BINARY, b"x"), UNSUPPORTED_DATA),
        (client_header(TEXT, Echo.limit + 1), TOO_BIG),
        (client_header(TEXT, 2**63), TOO_BIG),
        (client_frame(PING) * 20_000, POLICY_VIOLATION),
        (
            client_frame(TEXT, final=False) + client_frame(CONTINUATION, final=False) * 20_000,
            POLICY_VIOLATION,
        ),
    ],
)
def test_a_fault_closes_with_its_code_after_what_came_before_it(data, code):
    got, notes = run(conversation(HELLO + data + HELLO))
    assert got.startswith(text_frame(b"hello"))
    header, _, reason = got.rpartition(code.to_bytes(2, "big"))
    assert header[-2:] == bytes((0x88, 2 + len(reason)))
    assert notes == [b"hello", ("fault", code)]


def test_a_client_that_sent_far_too_much_still_reads_the_code():
    got, notes = run(conversation(client_frame(TEXT, b"x" * 5_000_000)))
    assert got == close_frame(TOO_BIG, "message too big")
    assert notes == [("fault", TOO_BIG)]


def test_an_independent_client_is_understood():
    async def play():
        async with serving() as (port, _), connect(f"ws://127.0.0.1:{port}") as client:
            for text in ("", "hello", "€" * 20_000, "x" * Echo.limit):
                await client.send(text)
                assert await client.recv() == text
            await client.send(["in ", "", "pieces €"])
            assert await client.recv() == "in pieces €"
            await (await client.ping(b"now"))
            await client.send(b"binary")
            with pytest.raises(ConnectionClosedError) as closed:
                await client.recv()
            return closed.value.rcvd.code

    assert run(play()) == UNSUPPORTED_DATA


def test_binary_can_be_taken_by_a_protocol_that_wants_it():
    class Any(Echo):
        frames_class = BinaryFrames

    got, _ = run(conversation(client_frame(BINARY, b"\xff") + GOODBYE, Any))
    assert got == b"\x82\x01\xff" + close_frame(1000)


def test_a_server_that_closes_reads_on_but_delivers_nothing():
    class Curt(Echo):
        def begin(self):
            self.frames.close(4001, "unauthorized")

    data = HELLO + client_frame(PING) + client_frame(BINARY) + client_frame(CLOSE, b"\x0f\xa1")
    assert run(conversation(data, Curt)) == (close_frame(4001, "unauthorized"), [])


def test_a_fault_after_the_servers_close_is_no_second_close():
    class Curt(Echo):
        def begin(self):
            self.frames.close(1000, "enough")

    assert run(conversation(text_frame(b"unmasked"), Curt)) == (close_frame(1000, "enough"), [])


def test_a_client_that_never_answers_a_close_is_cut_off(monkeypatch):
    class Curt(Echo):
        def begin(self):
            self.frames.close(4001)

    monkeypatch.setattr(frames, "CLOSE_SECONDS", 0.05)
    assert run(conversation(HELLO, Curt)) == (close_frame(4001), [])


def test_a_client_that_floods_after_its_close_is_cut_off(monkeypatch):
    async def play():
        async with serving() as (port, handlers), raw(port) as (_, _, writer):
            writer.write(GOODBYE)
            with contextlib.suppress(ConnectionError):
                while not handlers[0].ended.is_set():
                    writer.write(b"x" * 100_000)
                    await writer.drain()
            await handlers[0].ended.wait()
            return handlers[0].notes

    monkeypatch.setattr(frames, "LINGER_SECONDS", 0.05)
    assert run(play()) == []


@pytest.mark.parametrize("last", [b"", HELLO[:3], client_header(TEXT, 10)])
def test_a_client_that_vanishes_ends_the_connection(last):
    async def play():
        async with serving() as (port, handlers), raw(port) as (_, _, writer):
            writer.write(HELLO + last)
            writer.close()
            await handlers[0].ended.wait()
            return handlers[0].notes, handlers[0].code

    assert run(play()) == ([b"hello"], None)


def test_a_client_that_resets_ends_the_connection():
    async def play():
        async with serving() as (port, handlers), raw(port) as (_, reader, writer):
            writer.write(HELLO)
            await reader.readexactly(7)
            writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0"
            )
            writer.transport.abort()
            await handlers[0].ended.wait()
            return handlers[0].notes

    assert run(play()) == [b"hello"]


def test_a_receiver_that_raises_is_logged_and_cut_off():
    class Broken(Echo):
        def on_text(self, payload):
            raise TimeoutError(payload)

    got, notes = run(conversation(HELLO + HELLO, Broken))
    assert got == b""
    assert [(type(note), note.args) for note in notes] == [(TimeoutError, (b"hello",))]


def test_while_the_way_is_full_only_the_newest_ping_is_kept():
    class Full(Echo):
        def begin(self):
            self.frames.outbox.write(frame(TEXT, b"x" * 20_000_000))

        def on_pong(self, payload):
            self.ponged.set()

    async def play():
        async with serving(Full) as (port, handlers), raw(port) as (_, reader, writer):
            handlers[0].ponged = asyncio.Event()
            for number in range(50):
                writer.write(client_frame(PING, b"%d" % number))
            writer.write(client_frame(PONG))
            await handlers[0].ponged.wait()
            assert handlers[0].was_busy
            await reader.readexactly(20_000_010)
            first = await reader.readexactly(4)
            writer.write(client_frame(PING, b"free") + GOODBYE)
            return first + await reader.read()

    assert run(play()) == pong_frame(b"49") + pong_frame(b"free") + close_frame(1000)


def test_while_the_way_is_full_only_the_newest_answer_to_a_ping_in_a_text_is_kept():
    class Full(Echo):
        def begin(self):
            self.frames.outbox.write(frame(TEXT, b"x" * 20_000_000))

        def on_text(self, payload):
            self.frames.answer(text_frame(payload))

        def on_pong(self, payload):
            self.ponged.set()

    async def play():
        async with serving(Full) as (port, handlers), raw(port) as (_, reader, writer):
            handlers[0].ponged = asyncio.Event()
            for number in range(50):
                writer.write(client_frame(TEXT, b"%d" % number))
            writer.write(client_frame(PING, b"both") + client_frame(PONG))
            await handlers[0].ponged.wait()
            await reader.readexactly(20_000_010)
            first = await reader.readexactly(10)
            writer.write(client_frame(TEXT, b"free") + GOODBYE)
            return first + await reader.read()

    got = pong_frame(b"both") + text_frame(b"49") + text_frame(b"free") + close_frame(1000)
    assert run(play()) == got


def test_the_next_text_waits_for_the_one_before():
    class Slow(Echo):
        async def on_text(self, payload):
            self.notes.append("begin")
            await asyncio.sleep(0)
            self.notes.append("end")

    assert run(conversation(HELLO * 3 + GOODBYE, Slow))[1] == ["begin", "end"] * 3


def test_one_clients_flood_leaves_others_their_turn(monkeypatch):
    class Sink(Echo):
        def on_text(self, payload):
            self.notes.append(self)

    async def play():
        async with serving(Sink) as (port, handlers), raw(port) as (_, _, one), raw(port) as (_, _, two):
            one.write(HELLO * 10_000 + GOODBYE)
            two.write(HELLO * 10_000 + GOODBYE)
            both = handlers[0].notes = handlers[1].notes
            await asyncio.gather(*(handler.ended.wait() for handler in handlers))
            turns = [a is not b for a, b in itertools.pairwise(both)]
            return len(both), sum(turns)

    monkeypatch.setattr(frames, "LINGER_SECONDS", 0.05)
    texts, turns = run(play())
    assert texts == 20_000
    assert turns >= 40


def test_what_comes_with_the_handshake_is_read():
    async def play():
        async with serving() as (port, handlers), raw(port, request() + HELLO + GOODBYE) as (_, reader, _):
            got = await reader.read()
            return got, handlers[0].notes

    assert run(play()) == (text_frame(b"hello") + close_frame(1000), [b"hello"])


def test_nothing_follows_a_close_frame():
    class Chatty(Echo):
        def begin(self):
            self.frames.close(1000)
            self.frames.outbox.write(text_frame(b"one more thing"))

    assert run(conversation(client_frame(CLOSE), Chatty)) == (close_frame(1000), [])


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (request(), "101"),
        (request(key="short"), "400"),
        (request(key="dGhlIHNhbXBsZQ=="), "400"),
        (request(key="*" * 24), "400"),
        (request(key=KEY + "AAAA"), "400"),
        (request(key="é" * 24), "400"),
        (request(key=""), "400"),
        (request(extra="Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99\r\n"), "101"),
        (request(extra="Sec-WebSocket-Extensions: ;;=,\x01,\r\n".replace("\x01", '"')), "101"),
    ],
)
def test_handshakes(head, status):
    async def play():
        async with serving() as (port, _), raw(port, head) as (answer, _, _):
            return answer

    answer = run(play())
    assert answer.startswith(f"HTTP/1.1 {status} ")
    assert "Sec-Websocket-Extensions" not in answer


class Packing(Echo):
    """Agrees on compression with who asks for it."""

    compression = True

    def on_text(self, payload):
        self.notes.append(len(payload))
        return self.echo(deflated(text_frame(payload), self.window_bits))


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"server_max_window_bits": 9, "client_max_window_bits": 9},
        {"server_max_window_bits": 11, "client_max_window_bits": 15},
        {"server_max_window_bits": 15, "client_max_window_bits": True},
        {"server_no_context_takeover": True, "client_no_context_takeover": True},
    ],
    ids=str,
)
def test_an_independent_client_that_compresses_is_understood(asked):
    async def play():
        extensions = [ClientPerMessageDeflateFactory(**asked)]
        async with (
            serving(Packing) as (port, handlers),
            connect(f"ws://127.0.0.1:{port}", compression=None, extensions=extensions) as client,
        ):
            for text in ("", "hello", "€" * 20_000, "x" * Echo.limit, "hello"):
                await client.send(text)
                assert await client.recv() == text
            await client.send(["in ", "", "pieces €"])
            assert await client.recv() == "in pieces €"
            await (await client.ping(b"now"))
            await client.send("x" * (Echo.limit + 1))
            with pytest.raises(ConnectionClosedError) as closed:
                await client.recv()
            return client.protocol.extensions, closed.value.rcvd.code, handlers[0].notes[-1]

    extensions, code, last = run(play())
    assert len(extensions) == 1
    assert (code, last) == (TOO_BIG, ("fault", TOO_BIG))


@pytest.mark.parametrize(
    ("offer", "answer"),
    [
        ("permessage-deflate", "permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
        ("permessage-deflate; server_max_window_bits=8", None),
        ("permessage-deflate; server_max_window_bits=99", None),
        ("permessage-deflate; x=", None),
        ('";;=,\x01,', None),
        ("x" * 8_000, None),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_bad_offer_is_an_upgrade_without_compression(offer, answer):
    async def play():
        head = request(extra=f"Sec-WebSocket-Extensions: {offer}\r\n".replace("\x01", '"'))
        async with serving(Packing) as (port, handlers), raw(port, head) as (answered, reader, writer):
            writer.write(client_frame(TEXT, b"\x00", reserved=RSV1))
            writer.write_eof()
            await reader.read()
            return answered, handlers[0].notes

    answered, notes = run(play())
    assert answered.startswith("HTTP/1.1 101 ")
    said = [line.partition(": ")[2] for line in answered.splitlines() if "Extensions" in line]
    assert said == ([answer] if answer else [])
    assert notes == ([0] if answer else [("fault", PROTOCOL_ERROR)])


def test_a_clean_end_for_an_independent_client():
    async def play():
        async with serving() as (port, _), connect(f"ws://127.0.0.1:{port}") as client:
            await client.close(4002, "mine")
            with pytest.raises(ConnectionClosedError) as closed:
                await client.recv()
            return closed.value.rcvd.code, closed.value.rcvd_then_sent

    assert run(play()) == (4002, False)


def test_the_end_is_seen_by_an_independent_client_when_the_server_closes():
    class Curt(Echo):
        def on_text(self, payload):
            self.frames.close(1000, "done")

    async def play():
        async with serving(Curt) as (port, _), connect(f"ws://127.0.0.1:{port}") as client:
            await client.send("x")
            with pytest.raises(ConnectionClosedOK) as closed:
                await client.recv()
            return closed.value.rcvd.reason

    assert run(play()) == "done"


def test_a_receiver_that_raises_later_is_logged_and_cut_off():
    class Broken(Echo):
        async def on_text(self, payload):
            await asyncio.sleep(0)
            raise TimeoutError(payload)

    got, notes = run(conversation(HELLO + HELLO, Broken))
    assert got == b""
    assert [(type(note), note.args) for note in notes] == [(TimeoutError, (b"hello",))]
