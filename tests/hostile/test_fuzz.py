"""Made-up inputs: what reads them gives an answer or a refusal, and never an exception.

`TORNCHAT_FUZZ_EXAMPLES=20000 pytest tests/hostile/test_fuzz.py -n 0 -s` makes up that many per reader, and
`pytest tests/hostile/test_fuzz.py -n 0 -s -m endless` a million frames on top of it. What was once found is
an `example`, or stands in `corpus.py`.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from tests.cluster.test_broadcast import Bus
from tests.hostile.corpus import (
    AS_ARRAY,
    NOT_MESSAGES,
    NOT_PAYLOADS,
    NOT_ROOMS,
    VERBATIM,
    odd_objects,
    packed,
)
from tests.hostile.neighbours import head, house, raw
from tests.plugins.test_jwt import BAD_TOKENS, claims, plugin, segment, signed, whose
from tests.server.ws.echo import client_frame
from tests.stage import Stage
from tests.wire.test_parser import BAD, GOOD, fuzz
from tornchat.cluster.control import Control
from tornchat.errors import ChatError, Closed
from tornchat.server.edge.addresses import Proxies
from tornchat.server.ws import handshake
from tornchat.server.ws.extensions import agree
from tornchat.wire import V1, Classic
from tornchat.wire.framing import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT

EXAMPLES = int(os.environ.get("TORNCHAT_FUZZ_EXAMPLES", "0"))
"""Inputs that are made up for each reader; 0 is the short run, the same each time, that CI has time for."""
PLAYS = EXAMPLES // 4 or 25
"""Conversations with a running server, each of several inputs."""
FRAMES = int(os.environ.get("TORNCHAT_FUZZ_FRAMES", "1000000"))

many = settings(
    max_examples=EXAMPLES or 300, derandomize=not EXAMPLES, suppress_health_check=list(HealthCheck)
)


def trees(numbers: st.SearchStrategy[int]) -> st.SearchStrategy[object]:
    """Values that JSON can hold."""
    names = st.sampled_from(["message", "type", "id", "send", ""]) | st.text(max_size=4)
    return st.recursive(
        st.none() | st.booleans() | numbers | st.floats() | st.text(max_size=12),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner),
        max_leaves=8,
    )


JSON = trees(st.integers())
PACKABLE = trees(st.integers(-(2**63), 2**64 - 1))


@st.composite
def mangled(draw: st.DrawFn, good: st.SearchStrategy[bytes]) -> bytes:
    """A good input with some bytes changed, cut out, doubled or put in."""
    data = bytearray(draw(good))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        until = at + draw(st.integers(0, 8))
        data[at:until] = draw(st.binary(max_size=6) | st.just(bytes(data[at:until]) * 2))
    return bytes(data)


TEXTS = st.sampled_from([*NOT_MESSAGES, *odd_objects(), *VERBATIM, '{"type":"send","id":"1","message":"x"}'])
MESSAGES = JSON.map(json.dumps).map(str.encode) | mangled(
    TEXTS.map(lambda text: text[:2000].encode(errors="surrogatepass"))
)


@many
@given(MESSAGES | st.binary(max_size=80))
@example(b'{"type":"send","id":"' + b"x" * 70 + b'","message":"x"}')
@example(b'{"type":[],"message":"x"}')
def test_any_json_is_a_message_or_a_refusal(payload: bytes) -> None:
    for dialect in (Classic(), V1()):
        with suppress(ChatError):
            assert isinstance(dialect.decode(payload).text, str)


HEADERS = st.fixed_dictionaries(
    {"alg": st.sampled_from(["HS256", "none", "RS256"]) | JSON},
    optional=dict.fromkeys(("kid", "crit", "typ", "jku", "jwk", "b64", "zip", "cty"), JSON),
)


@many
@given(
    HEADERS, st.dictionaries(st.sampled_from(["sub", "exp", "nbf", "iat", "jti", "aud", "username"]), JSON)
)
@pytest.mark.long
def test_any_token_is_a_users_or_nobodys(header: dict[str, object], odd: dict[str, object]) -> None:
    for token in (f"{segment(header)}.{segment(claims() | odd)}.AAAA", signed(json.dumps(claims() | odd))):
        user = whose(plugin(), token)
        assert user is None or (user.id and user.username and user.expires_at)


@many
@given(
    mangled(st.sampled_from([token.encode() for token in BAD_TOKENS.values() if token and token.isascii()]))
)
def test_any_token_that_is_nearly_one_is_nobodys(token: bytes) -> None:
    assert whose(plugin(), token.decode("latin-1")[:9000]) is None


GOOD_PAYLOADS = st.sampled_from(
    [*NOT_PAYLOADS[:4], *NOT_PAYLOADS[5:], packed(1, "n2", "hall", "e1", [AS_ARRAY])]
)


@many
@given(mangled(GOOD_PAYLOADS) | PACKABLE.map(lambda value: packed(1, value, "hall", value, [value])))
def test_any_payload_is_read_or_dropped_and_counted(payload: bytes) -> None:
    reader, control = Bus().publisher(), Control("n1")
    found = reader.read("room:hall", payload)
    assert (found is None) == bool(reader.ignored + reader.echoed)
    assert found is None or found.room == "hall"
    assert control.read(payload) is None or not control.ignored


VALUES = st.lists(
    st.sampled_from(
        ["127.0.0.1", "::1", "[2001:db8::1]:5", "for=", '"', ";", ",", "%", "unknown", "_x", "10.0.0.1"]
    )
    | st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=9),
    max_size=8,
).map("".join)


class Line:
    """A connection, as far as a request knows it."""

    class context:  # noqa: N801 (Tornado's name)
        remote_ip = "10.1.1.1"
        protocol = "http"

    def set_close_callback(self, callback: object) -> None: ...


@many
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "X-Forwarded-For",
                "Forwarded",
                "Origin",
                "Cookie",
                "Host",
                "Authorization",
                "Sec-WebSocket-Protocol",
            ]
        ),
        VALUES,
    ),
    VALUES,
)
def test_any_headers_are_somebodys(given_headers: dict[str, str], query: str) -> None:
    headers = HTTPHeaders({"Host": "chat.example", **given_headers})
    line = RequestStartLine("GET", f"/ws/chat/hall/?{query}", "HTTP/1.1")
    try:
        request = HTTPServerRequest(start_line=line, headers=headers, connection=Line())  # type: ignore[arg-type]
    except Exception:
        return  # Tornado answers 400
    client = Proxies(("10.0.0.0/8",)).client(request)
    assert client.network
    handshake.origin_allowed(request, ("https://a.example",))
    handshake.asked_position(request)
    with suppress(Closed):
        assert handshake.credentials(request, "hall", True).room == "hall"


@many
@given(st.lists(VALUES.map(lambda text: f"permessage-deflate; {text}") | VALUES, max_size=3))
def test_any_offer_is_agreed_on_or_passed_over(offers: list[str]) -> None:
    agreed = agree(offers)
    assert agreed is None or 9 <= agreed.window_bits <= 15


# --- a running server, beside neighbours ---

OPCODES = st.sampled_from((TEXT, TEXT, TEXT, CONTINUATION, BINARY, PING, PONG, CLOSE, 3, 11))
FRAME = st.builds(
    client_frame,
    OPCODES,
    MESSAGES | st.binary(max_size=130),
    final=st.sampled_from((True, True, False)),
    reserved=st.sampled_from((0, 0, 0, 0x40, 0x10)),
)
CORPUS = [data for data, _ in (*GOOD.values(), *BAD.values()) if len(data) < 100_000]
TALK = st.lists(FRAME | mangled(FRAME) | st.sampled_from(CORPUS), min_size=1, max_size=30)
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "X"])
PATHS = st.sampled_from(
    ["/ws/chat/hall/", "/api/rooms", "/api/me", "/api/guest", "/healthz", "/", "/openapi.json"]
)


def request_of(method: str, path: str, body: bytes) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(body)}", "Upgrade: websocket", "Connection: Upgrade, close", "", ""]
    return "\r\n".join(lines).encode() + body


REQUEST = mangled(st.builds(request_of, METHODS, PATHS, MESSAGES))


async def says(stage: Stage, frames: list[bytes], v1: bool) -> None:
    """Send all frames on one connection, and wait until the server has closed it."""
    more = ("Sec-WebSocket-Protocol: tornchat.v1",) if v1 else ()
    async with raw(stage, head(stage, "tybalt", "hall", *more)) as client:
        assert await client.status() == 101
        await client.send(b"".join(frames) + client_frame(CLOSE, b"\x03\xe8"))
        client.writer.write_eof()
        await client.is_closed()


async def asks(stage: Stage, request: bytes) -> None:
    """Send a request and nothing more; the server answers it or closes the connection."""
    async with raw(stage, request) as client:
        client.writer.write_eof()
        async with asyncio.timeout(15):
            answer = await client.reader.read()
        assert not answer.startswith(b"HTTP/1.1 500"), (request, answer)


@pytest.mark.timeout(600)
@pytest.mark.long
def test_any_conversation_leaves_the_server_and_its_neighbours_as_they_were(tmp_path: Path) -> None:
    counts = {"frames": 0, "requests": 0}
    options = ("limits.failed_logins_per_minute=0", "limits.requests_per_second=0", "rooms.history_limit=5")
    with house(tmp_path, *options) as built:

        @settings(many, max_examples=PLAYS)
        @given(TALK, st.booleans(), st.lists(REQUEST, max_size=8), st.sampled_from(NOT_ROOMS))
        def play(frames: list[bytes], v1: bool, requests: list[bytes], room: str) -> None:
            async def act(stage: Stage) -> None:
                await says(stage, frames, v1)
                for request in requests:
                    await asks(stage, request)
                async with raw(stage, stage.handshake("tybalt", room)) as client:
                    await client.status()

            built.play(act)
            counts["frames"] += len(frames)
            counts["requests"] += len(requests) + 1

        play()
        before = built.server.resident_bytes()
        play()
        grown = built.server.resident_bytes() - before
        slowest = max(one.slowest for one in built.neighbours)
    print(f"\n{counts}, {grown / 1e6:+.1f} MB, a neighbour waited at most {slowest:.3f} s")
    assert grown < 20_000_000


@pytest.mark.endless
@pytest.mark.timeout(1200)
def test_a_million_frames_to_a_running_server(tmp_path: Path) -> None:
    """P18: no traceback, no crash, memory flat."""
    dice = random.Random(6455)
    bad = [
        client_frame(TEXT, text.encode(errors="surrogatepass")) for text in NOT_MESSAGES if len(text) < 5000
    ]
    good = [
        client_frame(TEXT, b'{"message":"x"}'),
        client_frame(TEXT, b'{"mess', final=False)
        + client_frame(PING, b"p")
        + client_frame(CONTINUATION, b'age":"x"}'),
        *(client_frame(TEXT, claim.encode()) for claim in odd_objects()),
    ]
    last = [data for data in CORPUS if len(data) < 1000]
    with house(tmp_path, "limits.failed_logins_per_minute=0", "rooms.history_limit=5") as built:

        async def act(stage: Stage) -> None:
            frames = dice.choices(good, k=80) + dice.choices(bad, k=19)  # one more, and it is closed
            dice.shuffle(frames)
            await says(stage, [*frames, dice.choice(last)], dice.random() < 0.5)

        sent, began, sizes = 0, time.monotonic(), []
        while sent < FRAMES:
            for _ in range(200):
                built.play(act)
                sent += 100
            sizes.append(built.server.resident_bytes())
    print(f"\n{sent} frames in {time.monotonic() - began:.0f} s; MB: {[size // 1_000_000 for size in sizes]}")
    assert sizes[-1] - sizes[len(sizes) // 2] < 20_000_000


@pytest.mark.endless
@pytest.mark.timeout(1200)
def test_a_million_frames_to_parsers() -> None:
    for inflates in (False, True):
        good, faults = fuzz(FRAMES, inflates)
        print(f"\n{FRAMES} frames, compressed {inflates}: {good} messages, {faults} faults")
        assert good + faults > FRAMES / 2
