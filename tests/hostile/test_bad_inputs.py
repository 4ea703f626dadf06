"""Every bad input, against one running server. Neighbours in the same and in another room notice nothing.

Tokens and frames are those of the tests of the `jwt` plugin and of the parser.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator

import pytest
import redis

from tests.hostile.corpus import (
    AS_ARRAY,
    NOT_MESSAGES,
    NOT_PAYLOADS,
    NOT_ROOMS,
    VERBATIM,
    odd_objects,
    packed,
)
from tests.hostile.neighbours import House, head, house, raw
from tests.plugins.test_jwt import BAD_TOKENS, RSA_KEY, SECRET, pem, signed_by_hand
from tests.server.ws.echo import client_frame
from tests.stage import Stage
from tests.wire.test_parser import BAD, BAD_COMPRESSED, HELLO, LIMIT, closing
from tornchat.wire.framing import BINARY, CLOSE, PING, TEXT

ROOMS_PER_USER = 25
OPTIONS = (
    f"limits.frame_bytes={LIMIT}",
    "limits.failed_logins_per_minute=0",
    f"limits.rooms_per_user={ROOMS_PER_USER}",
    "rooms.creator_owns=yes",
    "server.compression=yes",
    "rooms.history_limit=5",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house"), *OPTIONS, key=SECRET) as found:
        yield found
        print(*(f"{one.said} answers, the slowest after {one.slowest:.3f} s" for one in found.neighbours))


def short(value: object) -> str:
    return repr(value)[:40]


# --- tokens: 4001, and no frame before it ---

WITH_TOKEN = re.compile(rb"Authorization: Bearer (\S+)\r\n")
DOUBTFUL = {
    "no token": b"",
    "Basic": b"Authorization: Basic dGVzdDp0ZXN0\r\n",
    "Bearer alone": b"Authorization: Bearer\r\n",
    "Bearer and a space": b"Authorization: Bearer \r\n",
    "the same header twice": rb"Authorization: Bearer \1\r\nAuthorization: Bearer \1\r\n",
    "two headers": rb"Authorization: Bearer \1\r\nAuthorization: Bearer x\r\n",
    "two subprotocols": rb"Sec-WebSocket-Protocol: bearer.\1, bearer.x\r\n",
    "header and subprotocol": rb"Authorization: Bearer \1\r\nSec-WebSocket-Protocol: bearer.x\r\n",
    "two tokens in one header": rb"Authorization: Bearer \1, Bearer \1\r\n",
    "Basic and a token": rb"Authorization: Basic x\r\nAuthorization: Bearer \1\r\n",
    "a public key used as a secret": b"Authorization: Bearer "
    + signed_by_hand(pem(RSA_KEY)).encode()
    + b"\r\n",
    **{
        name: b"Authorization: Bearer " + token.encode("utf-8", "surrogatepass") + b"\r\n"
        for name, token in {**BAD_TOKENS, "a public key as a secret": signed_by_hand(pem(RSA_KEY))}.items()
        if token is not None and "\0" not in token and token == token.strip() and len(token) < 60_000
    },
}


async def turned_away(stage: Stage, handshake: bytes) -> tuple[int, bytes | int]:
    """The status, and the first frame: the code if it is a close."""
    async with raw(stage, handshake) as client:
        status = await client.status()
        if status != 101:
            return status, b""
        first, payload = await client.frame()
        return status, int.from_bytes(payload[:2]) if first & 15 == CLOSE else payload


@pytest.mark.parametrize("name", DOUBTFUL)
def test_a_bad_token_is_refused_before_anything_is_sent(built: House, name: str) -> None:
    async def act(stage: Stage) -> None:
        bad = WITH_TOKEN.sub(DOUBTFUL[name], stage.handshake("tybalt", "hall"))
        assert await turned_away(stage, bad) == (101, 4001)

    built.play(act)


@pytest.mark.parametrize("query", ["?token=x", "?token={0}&token=x", "?token=", "?token={0}&token={0}"])
def test_tokens_in_the_query_that_differ_or_repeat_are_none(built: House, query: str) -> None:
    async def act(stage: Stage) -> None:
        path = b"/ws/chat/hall/" + query.format(stage.token("tybalt")).encode()
        bad = stage.handshake("tybalt", "hall").replace(b"/ws/chat/hall/", path)
        assert await turned_away(stage, bad) == (101, 4001)

    built.play(act)


# --- handshakes ---

HANDSHAKES: dict[str, tuple[str, str, set[int]]] = {
    "foreign origin": ("Host", "Origin: https://evil.example\r\nSec-Fetch-Site: same-origin\r\nHost", {403}),
    "origin null": ("Host", "Origin: null\r\nHost", {403}),
    "two origins": ("Host", "Origin: http://127.0.0.1\r\nOrigin: null\r\nHost", {403}),
    "version 8": ("Version: 13", "Version: 8", {426}),
    "version 13 twice": ("Version: 13", "Version: 13\r\nSec-WebSocket-Version: 13", {101, 400, 426}),
    "bad key": ("dGhlIHNhbXBsZSBub25jZQ==", "short", {400}),
    "POST": ("GET", "POST", {405, 411}),
    "TRACE": ("GET", "TRACE", {405}),
    "HTTP/0.9": (" HTTP/1.1", "", {400, 0}),
    "HTTP/9.9": ("HTTP/1.1", "HTTP/9.9", {400, 505, 0}),
    "2,000 headers": ("Host", "".join(f"X-{n}: {'y' * 40}\r\n" for n in range(2000)) + "Host", {431, 400, 0}),
    "a huge header": ("Host", f"X: {'y' * 300_000}\r\nHost", {431, 400, 0}),
    "a huge path": ("/hall/", f"/hall/?{'y' * 300_000}", {414, 431, 400, 0}),
    "bad deflate parameters": (
        "Host",
        "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99\r\nHost",
        {101},
    ),
    "unknown subprotocol": ("Host", "Sec-WebSocket-Protocol: mqtt\r\nHost", {101}),
    "a header without a colon": ("Host", "nope\r\nHost", {400, 0}),
    "a folded header": ("Host", "X: a\r\n b\r\nHost", {400, 101}),
    "no host": ("Host: ", "X-Host: ", {400}),
    "two lengths": ("Host", "Content-Length: 1\r\nContent-Length: 2\r\nHost", {400, 0}),
    "a length and chunks": ("Host", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\nHost", {400, 0}),
    "a length of -1": ("Host", "Content-Length: -1\r\nHost", {400, 0}),
    "a length of 2^63": ("Host", f"Content-Length: {2**63}\r\nHost", {400, 413, 0}),
    "control characters": ("Host", "X: \x01\x7f\r\nHost", {101, 400, 0}),
    "a NUL": ("Host", "X: \0\r\nHost", {400, 0, 101}),
}


@pytest.mark.parametrize("name", HANDSHAKES)
def test_what_is_no_handshake_is_refused(built: House, name: str) -> None:
    old, new, expected = HANDSHAKES[name]

    async def act(stage: Stage) -> None:
        bad = stage.handshake("tybalt", "hall").replace(old.encode(), new.encode(), 1)
        async with raw(stage, bad) as client:
            assert await client.status() in expected

    built.play(act)


@pytest.mark.long
def test_who_sends_a_byte_per_second_is_cut_off_within_ten(built: House) -> None:
    async def act(stage: Stage) -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with raw(stage, b"G") as client:
            reading = asyncio.create_task(client.reader.read())
            for byte in stage.handshake("tybalt", "hall")[1:]:
                await client.send(bytes((byte,)))
                if (await asyncio.wait([reading], timeout=1))[0]:
                    break
            return loop.time() - began

    assert built.play(act) < 11


# --- rooms: 4000 ---


@pytest.mark.parametrize("room", NOT_ROOMS, ids=short)
def test_what_is_no_room_is_not_found_and_reaches_no_key(built: House, room: str) -> None:
    async def act(stage: Stage) -> None:
        assert await turned_away(stage, stage.handshake("tybalt", room)) == (101, 4000)

    built.play(act)
    keys = built.bus.ask("KEYS", "*")
    assert isinstance(keys, list)
    assert all(re.fullmatch(rb"\{tornchat\}:[\w%.~:-]*", key) for key in keys), keys


def test_new_rooms_of_one_user_have_a_quota(built: House) -> None:
    async def act(stage: Stage) -> None:
        for number in range(ROOMS_PER_USER + 10):
            async with raw(stage, stage.handshake("builder", f"own-{number}")) as client:
                await client.status()
                first, payload = await client.frame()
                refused = first & 15 == CLOSE and int.from_bytes(payload[:2]) == 4000
                assert refused == (number >= ROOMS_PER_USER), number

    built.play(act)


# --- frames ---

OFFER = "Sec-WebSocket-Extensions: permessage-deflate"
FRAMES = {
    **{name: (data, code, ()) for name, (data, code) in BAD.items()},
    **{f"compressed: {name}": (data, code, (OFFER,)) for name, (data, code) in BAD_COMPRESSED.items()},
    "binary": (client_frame(BINARY, b"x"), 1003, ()),
    "data after close": (closing(1000) + HELLO + b"\xff\xff", 1000, ()),
    "a ping flood": (client_frame(PING, b"x" * 125) * 20_000, 1008, ()),
    "random bytes": (bytes(range(255, 0, -1)) * 40, 1002, ()),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_bad_frame_closes_with_its_code(built: House, name: str) -> None:
    data, code, more = FRAMES[name]

    async def act(stage: Stage) -> None:
        async with raw(stage, head(stage, "tybalt", "hall", *more)) as client:
            assert await client.status() == 101
            await client.send(data)
            assert await client.is_closed() == code

    built.play(act)


# --- JSON: an error, and the connection stays ---


@pytest.mark.parametrize("v1", [False, True], ids=["classic", "v1"])
@pytest.mark.parametrize("payload", NOT_MESSAGES, ids=short)
def test_what_is_no_message_is_answered_with_an_error(built: House, payload: str, v1: bool) -> None:
    async def act(stage: Stage) -> None:
        tybalt = await stage.enters("tybalt", "hall", v1=v1)
        while (await tybalt.next()).get("user_id") != "tybalt":
            pass
        await tybalt.socket.send(payload)
        async with asyncio.timeout(5):
            while "type" in (answer := await tybalt.next()) and answer["type"] != "error":
                pass
        assert answer["type"] == "error" if v1 else list(answer) == ["error"]
        await tybalt.leaves()

    built.play(act)


def test_more_than_20_of_them_within_10_s_are_too_many(built: House) -> None:
    async def act(stage: Stage) -> None:
        tybalt = await stage.enters("tybalt", "hall")
        for payload in NOT_MESSAGES:
            await tybalt.socket.send(payload)
        assert await tybalt.is_closed() == 1008

    built.play(act)


async def echo(stage: Stage, sent: str) -> dict[str, object]:
    """Tybalt's own message, as the room hears it."""
    tybalt = await stage.enters("tybalt", "hall")
    while (await tybalt.next()).get("user_id") != "tybalt":
        pass
    await tybalt.socket.send(sent)
    while (heard := await tybalt.next_of("chat_message"))["sender_id"] != "tybalt":
        pass
    await tybalt.leaves()
    return heard


@pytest.mark.parametrize("claim", odd_objects(), ids=short)
def test_what_a_client_claims_is_not_believed(built: House, claim: str) -> None:
    heard = built.play(lambda stage: echo(stage, claim))
    assert (heard["sender_username"], heard["message"]) == ("Tybalt", "I am near")
    assert not str(heard["timestamp"]).startswith("1999")


@pytest.mark.parametrize("text", VERBATIM, ids=short)
def test_odd_texts_pass_verbatim(built: House, text: str) -> None:
    assert built.play(lambda stage: echo(stage, json.dumps({"message": text})))["message"] == text


# --- the bus: dropped and counted ---

CHANNEL = "{tornchat}:topic:room%3Ahall"
BUS = {
    **{short(payload): payload for payload in NOT_PAYLOADS},
    "50 MB": bytes(50 * 1024 * 1024),
    "repeats of an old message": packed(1, "n2", "hall", "e1", [AS_ARRAY] * 50),
    "a message of another log": packed(1, "n2", "hall", "other", [{**AS_ARRAY, "seq": 10**9}]),
    "a message far ahead": packed(1, "n2", "hall", "e1", [{**AS_ARRAY, "seq": 2**63 - 1}]),
}
OTHERS = ("{tornchat}:presence", "{tornchat}:nodes", "{tornchat}:topic:nodes", "{tornchat}:beat:x")


@pytest.mark.parametrize("name", BUS)
def test_what_is_no_payload_is_dropped(built: House, name: str) -> None:
    async def act(stage: Stage) -> None:
        with redis.Redis.from_url(built.bus.url) as stranger:
            heard = await asyncio.to_thread(stranger.publish, CHANNEL, BUS[name])
            assert heard == 1, "the server listens on another channel"
            for channel in OTHERS:
                await asyncio.to_thread(stranger.publish, channel, BUS[name])
        await asyncio.sleep(0.1)  # the neighbours talk on meanwhile

    built.play(act)


def test_what_is_dropped_is_counted(built: House) -> None:
    def refused(text: bytes) -> float:
        found = re.search(rb"^tornchat_broadcast_refused_total\S* (\S+)$", text, re.M)
        assert found, text
        return float(found[1])

    async def metrics(stage: Stage) -> bytes:
        async with raw(
            stage,
            f"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:{stage.port}\r\nConnection: close\r\n\r\n".encode(),
        ) as client:
            return await client.reader.read()

    async def act(stage: Stage) -> None:
        before = refused(await metrics(stage))
        with redis.Redis.from_url(built.bus.url) as stranger:
            for payload in NOT_PAYLOADS:
                stranger.publish(CHANNEL, payload)
        async with asyncio.timeout(5):
            while refused(await metrics(stage)) < before + len(NOT_PAYLOADS):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    built.play(act)


def test_text_is_text(built: House) -> None:
    """The tools above make good frames too."""

    async def act(stage: Stage) -> None:
        async with raw(stage, stage.handshake("tybalt", "hall")) as client:
            assert await client.status() == 101
            await client.send(client_frame(TEXT, b'{"message":"peace"}'))
            while b"peace" not in (await client.frame())[1]:
                pass

    built.play(act)
