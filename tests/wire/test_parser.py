"""Frames as clients send them, and mis-send them."""

from __future__ import annotations

import random
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.server.ws.echo import client_frame, client_header
from tornchat.errors import INVALID_TEXT, POLICY_VIOLATION, PROTOCOL_ERROR, TOO_BIG
from tornchat.server.edge.tornado_private import unmask
from tornchat.wire.framing import BINARY, CLOSE, CONTINUATION, PING, PONG, RSV1, TEXT, text_frame
from tornchat.wire.parser import (
    CONTROL_FRAMES_PER_SECOND,
    MAX_EMPTY_FRAGMENTS,
    FrameParser,
    ProtocolFault,
    close_code_and_reason,
)

LIMIT = 70_000


def parsed(data, size=None, limit=LIMIT, inflates=False):
    """The frames in `data` and the code of the fault after them, fed in pieces of `size` bytes."""
    parser, frames = FrameParser(limit, unmask, clock=lambda: 0.0, inflates=inflates), []
    for start in range(0, len(data), size or len(data) or 1):
        frames += parser.feed(data[start : start + size] if size else data)
    return frames, parser.fault and parser.fault.code


def closing(code, reason=b""):
    return client_frame(CLOSE, code.to_bytes(2, "big") + reason)


def fragments(opcode, *parts):
    whole = b"".join(client_frame(CONTINUATION, part, final=False) for part in parts[1:-1])
    first = client_frame(opcode, parts[0], final=False)
    return first + whole + client_frame(CONTINUATION, parts[-1])


HELLO = client_frame(TEXT, b"hello")
EURO = "€".encode()

GOOD = {
    "text": (HELLO, [(TEXT, b"hello")]),
    "empty text": (client_frame(TEXT), [(TEXT, b"")]),
    "text beyond ASCII": (client_frame(TEXT, EURO), [(TEXT, EURO)]),
    "binary": (client_frame(BINARY, b"\xff"), [(BINARY, b"\xff")]),
    "two in one read": (HELLO + HELLO, [(TEXT, b"hello")] * 2),
    "125 bytes": (client_frame(TEXT, b"x" * 125), [(TEXT, b"x" * 125)]),
    "126 bytes": (client_frame(TEXT, b"x" * 126), [(TEXT, b"x" * 126)]),
    "65,536 bytes": (client_frame(TEXT, b"x" * 65_536), [(TEXT, b"x" * 65_536)]),
    "a length in more bytes than needed": (b"\x81\xfe\x00\x02\x00\x00\x00\x00hi", [(TEXT, b"hi")]),
    "exactly the limit": (client_frame(TEXT, b"x" * LIMIT), [(TEXT, b"x" * LIMIT)]),
    "fragments": (fragments(TEXT, b"hel", b"", b"lo"), [(TEXT, b"hello")]),
    "fragments splitting a character": (fragments(TEXT, EURO[:1], EURO[1:2], EURO[2:]), [(TEXT, EURO)]),
    "fragments of binary": (fragments(BINARY, b"\xff", b"\xfe"), [(BINARY, b"\xff\xfe")]),
    "fragments up to the limit, and again": (
        fragments(TEXT, b"x" * 69_000, b"y" * 1_000) * 2,
        [(TEXT, b"x" * 69_000 + b"y" * 1_000)] * 2,
    ),
    "ping of 125 bytes": (client_frame(PING, b"p" * 125), [(PING, b"p" * 125)]),
    "pong": (client_frame(PONG, b"p"), [(PONG, b"p")]),
    "ping among fragments": (
        client_frame(TEXT, b"a", final=False) + client_frame(PING) + client_frame(CONTINUATION, b"b"),
        [(PING, b""), (TEXT, b"ab")],
    ),
    "ping when the message is full": (
        client_frame(TEXT, b"x" * LIMIT, final=False) + client_frame(PING, b"p") + client_frame(CONTINUATION),
        [(PING, b"p"), (TEXT, b"x" * LIMIT)],
    ),
    "close that says nothing": (client_frame(CLOSE), [(CLOSE, b"")]),
    "close with a reason": (closing(1000, EURO), [(CLOSE, b"\x03\xe8" + EURO)]),
    "data after close": (closing(1000) + HELLO + b"\xff\xff", [(CLOSE, b"\x03\xe8")]),
}

BAD = {
    "unmasked": (text_frame(b"hello"), PROTOCOL_ERROR),
    "RSV1 set": (client_frame(TEXT, b"x", reserved=0x40), PROTOCOL_ERROR),
    "RSV2 set": (client_frame(TEXT, b"x", reserved=0x20), PROTOCOL_ERROR),
    "RSV3 set": (client_frame(TEXT, b"x", reserved=0x10), PROTOCOL_ERROR),
    "RSV set on a ping": (client_frame(PING, b"x", reserved=0x40), PROTOCOL_ERROR),
    **{
        f"reserved opcode {n}": (client_frame(n), PROTOCOL_ERROR) for n in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    },
    "ping > 125": (client_header(PING, 126), PROTOCOL_ERROR),
    "ping > 65,535": (client_header(PING, 65_536), PROTOCOL_ERROR),
    "fragmented ping": (client_frame(PING, final=False), PROTOCOL_ERROR),
    "fragmented close": (client_frame(CLOSE, final=False), PROTOCOL_ERROR),
    "lone continuation": (client_frame(CONTINUATION, b"x"), PROTOCOL_ERROR),
    "continuation of what was finished": (
        fragments(TEXT, b"", b"") + client_frame(CONTINUATION, b"x"),
        PROTOCOL_ERROR,
    ),
    "interleaved text": (client_frame(TEXT, b"a", final=False) + HELLO, PROTOCOL_ERROR),
    "interleaved binary": (client_frame(TEXT, b"a", final=False) + client_frame(BINARY), PROTOCOL_ERROR),
    **{
        f"illegal close code {code}": (closing(code), PROTOCOL_ERROR)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535)
    },
    "one-byte close": (client_frame(CLOSE, b"\x03"), PROTOCOL_ERROR),
    "close with a reason of bad UTF-8": (closing(1000, b"\xff"), INVALID_TEXT),
    "declared 2^63": (client_header(TEXT, 2**63), TOO_BIG),
    "declared 2^64 - 1": (client_header(BINARY, 2**64 - 1), TOO_BIG),
    "one over the limit": (client_header(TEXT, LIMIT + 1), TOO_BIG),
    "fragments that add up over it": (
        client_frame(TEXT, b"x" * LIMIT, final=False) + client_header(CONTINUATION, 1),
        TOO_BIG,
    ),
    "bad UTF-8": (client_frame(TEXT, b"ok \xff"), INVALID_TEXT),
    "UTF-8 that ends too early": (client_frame(TEXT, EURO[:2]), INVALID_TEXT),
    "an encoded surrogate": (client_frame(TEXT, b"\xed\xa0\x80"), INVALID_TEXT),
    "bad UTF-8 in an early fragment": (client_frame(TEXT, b"\xff", final=False), INVALID_TEXT),
    "UTF-8 that ends too early in fragments": (fragments(TEXT, EURO[:1], EURO[1:2]), INVALID_TEXT),
    "20,000 empty fragments": (
        client_frame(TEXT, final=False) + client_frame(CONTINUATION, final=False) * 20_000,
        POLICY_VIOLATION,
    ),
    "ping flood": (client_frame(PING) * 20_000, POLICY_VIOLATION),
    "pong flood": (client_frame(PONG) * 20_000, POLICY_VIOLATION),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_frames(name):
    data, frames = GOOD[name]
    assert parsed(data) == (frames, None)


@pytest.mark.parametrize("name", BAD)
def test_bad_frames(name):
    data, code = BAD[name]
    assert parsed(data)[1] == code


@pytest.mark.parametrize("name", [*GOOD, *BAD])
def test_byte_by_byte_is_the_same_as_at_once(name):
    data, _ = {**GOOD, **BAD}[name]
    assert parsed(data, size=1) == parsed(data)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 300])
def test_every_split_point(size):
    data = HELLO + client_frame(TEXT, b"x" * size) + closing(1000)
    for cut in range(len(data)):
        parser = FrameParser(LIMIT, unmask)
        frames = parser.feed(data[:cut]) + parser.feed(data[cut:])
        assert frames == [(TEXT, b"hello"), (TEXT, b"x" * size), (CLOSE, b"\x03\xe8")]


@pytest.mark.parametrize("name", BAD)
def test_good_frames_before_a_fault_are_delivered_and_nothing_after_it(name):
    data, code = BAD[name]
    parser = FrameParser(LIMIT, unmask, clock=lambda: 0.0)
    assert parser.feed(HELLO + data + HELLO)[0] == (TEXT, b"hello")
    assert parser.fault is not None
    assert parser.fault.code == code
    assert parser.fault.reason
    assert parser.feed(HELLO) == []


@pytest.mark.parametrize("code", [1000, 1003, 1007, 1011, 1012, 1013, 1014, 3000, 4999])
def test_legal_close_codes(code):
    [(opcode, payload)], fault = parsed(closing(code, b"why"))
    assert (opcode, fault) == (CLOSE, None)
    assert close_code_and_reason(payload) == (code, "why")


def test_a_close_may_say_nothing():
    assert close_code_and_reason(b"") == (None, None)
    assert close_code_and_reason(b"\x03\xe8") == (1000, None)


def test_control_frames_are_counted_by_the_second():
    now = 100.0
    parser = FrameParser(LIMIT, unmask, clock=lambda: now)
    for _ in range(3):
        assert len(parser.feed(client_frame(PING) * CONTROL_FRAMES_PER_SECOND)) == CONTROL_FRAMES_PER_SECOND
        now += 1.0
    assert parser.fault is None
    parser.feed(client_frame(PONG) * (CONTROL_FRAMES_PER_SECOND + 1))
    assert isinstance(parser.fault, ProtocolFault)
    assert parser.fault.code == POLICY_VIOLATION


def test_empty_fragments_are_counted_by_the_message():
    empty = client_frame(TEXT, final=False) + client_frame(CONTINUATION, final=False) * (
        MAX_EMPTY_FRAGMENTS - 1
    )
    assert parsed((empty + client_frame(CONTINUATION)) * 3) == ([(TEXT, b"")] * 3, None)


def test_a_limit_is_decided_from_the_header():
    parser = FrameParser(10, unmask)
    parser.feed(client_header(TEXT, 11))
    assert parser.fault is not None
    assert parser.fault.code == TOO_BIG


@pytest.mark.parametrize("part", [client_header(TEXT, LIMIT), client_header(TEXT, LIMIT // 2, final=False)])
def test_memory_is_bounded_by_limit_and_read(part):
    parser = FrameParser(LIMIT, unmask)
    tracemalloc.start()
    try:
        parser.feed(part)
        for _ in range(200):
            parser.feed(b"\x00" * 1_000)
        assert tracemalloc.get_traced_memory()[0] < 2 * LIMIT
    finally:
        tracemalloc.stop()


def packed(message):
    packer = zlib.compressobj(wbits=-15)
    return (packer.compress(message) + packer.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\x00\x00\xff\xff")


def compressed(opcode, *parts):
    """One message as fragments of its compressed form; the first one says that it is compressed."""
    first = client_frame(opcode, parts[0], final=len(parts) == 1, reserved=RSV1)
    rest = [client_frame(CONTINUATION, part, final=False) for part in parts[1:-1]]
    return first + b"".join(rest) + (client_frame(CONTINUATION, parts[-1]) if len(parts) > 1 else b"")


SPEECH = ("But, soft! What light through yonder window breaks? € " * 50).encode()
SHORTER = packed(SPEECH)
BOMB = packed(b"\x00" * 50_000_000)

GOOD_COMPRESSED = {
    "text": (compressed(TEXT, SHORTER), [(TEXT, SPEECH)]),
    "empty text": (compressed(TEXT, b"\x00"), [(TEXT, b"")]),
    "binary": (compressed(BINARY, packed(b"\xff" * 500)), [(BINARY, b"\xff" * 500)]),
    "fragments": (
        compressed(TEXT, SHORTER[:1], b"", SHORTER[1:20], SHORTER[20:]),
        [(TEXT, SPEECH)],
    ),
    "ping among fragments": (
        client_frame(TEXT, SHORTER[:9], final=False, reserved=RSV1)
        + client_frame(PING, b"p")
        + client_frame(CONTINUATION, SHORTER[9:]),
        [(PING, b"p"), (TEXT, SPEECH)],
    ),
    "between messages that are not": (
        HELLO + compressed(TEXT, SHORTER) + fragments(TEXT, b"hel", b"lo") + HELLO,
        [(TEXT, b"hello"), (TEXT, SPEECH), (TEXT, b"hello"), (TEXT, b"hello")],
    ),
    "exactly the limit": (compressed(TEXT, packed(b"x" * LIMIT)), [(TEXT, b"x" * LIMIT)]),
}

BAD_COMPRESSED = {
    "RSV1 on a continuation": (
        client_frame(TEXT, SHORTER[:9], final=False, reserved=RSV1)
        + client_frame(CONTINUATION, SHORTER[9:], reserved=RSV1),
        PROTOCOL_ERROR,
    ),
    "RSV1 on the continuation of what is not compressed": (
        client_frame(TEXT, b"a", final=False) + client_frame(CONTINUATION, b"b", reserved=RSV1),
        PROTOCOL_ERROR,
    ),
    **{
        f"RSV1 on opcode {opcode}": (client_frame(opcode, b"\x03\xe8", reserved=RSV1), PROTOCOL_ERROR)
        for opcode in (3, 7, CLOSE, PING, PONG, 11)
    },
    "RSV1 and RSV2": (client_frame(TEXT, SHORTER, reserved=0x60), PROTOCOL_ERROR),
    "RSV2": (client_frame(TEXT, b"x", reserved=0x20), PROTOCOL_ERROR),
    "not compressed at all": (compressed(TEXT, b"hello"), INVALID_TEXT),
    "cut off": (compressed(TEXT, SHORTER[:-3]), INVALID_TEXT),
    "nothing": (compressed(TEXT, b""), INVALID_TEXT),
    "bad UTF-8 inside": (compressed(TEXT, packed(b"ok \xff")), INVALID_TEXT),
    "UTF-8 that ends too early inside": (compressed(TEXT, packed(EURO[:2])), INVALID_TEXT),
    "one over the limit": (compressed(TEXT, packed(b"x" * (LIMIT + 1))), TOO_BIG),
    "a bomb": (compressed(BINARY, BOMB), TOO_BIG),
    "a bomb in fragments": (compressed(TEXT, BOMB[:100], BOMB[100:]), TOO_BIG),
    "too long before it is inflated": (
        client_frame(TEXT, b"\x00" * LIMIT, final=False, reserved=RSV1) + client_header(CONTINUATION, 1),
        TOO_BIG,
    ),
    "20,000 empty fragments": (
        client_frame(TEXT, final=False, reserved=RSV1) + client_frame(CONTINUATION, final=False) * 20_000,
        POLICY_VIOLATION,
    ),
}


@pytest.mark.parametrize("name", GOOD_COMPRESSED)
def test_compressed_messages(name):
    data, frames = GOOD_COMPRESSED[name]
    assert parsed(data * 2, inflates=True) == (frames * 2, None)
    assert parsed(data, size=7, inflates=True) == (frames, None)
    assert parsed(data)[1] == PROTOCOL_ERROR, "nothing was agreed on"


@pytest.mark.parametrize("name", BAD_COMPRESSED)
def test_bad_compressed_messages(name):
    data, code = BAD_COMPRESSED[name]
    assert parsed(HELLO + data + HELLO, inflates=True)[1] == code
    assert parsed(HELLO + data, inflates=True)[0][0] == (TEXT, b"hello")
    assert parsed(data, size=7, inflates=True) == parsed(data, inflates=True)


@pytest.mark.parametrize("name", [*GOOD, *(name for name in BAD if name != "RSV1 set")])
def test_who_may_compress_need_not(name):
    data, _ = {**GOOD, **BAD}[name]
    assert parsed(data, inflates=True) == parsed(data)


def test_a_bomb_takes_no_more_memory_than_its_limit():
    parser = FrameParser(LIMIT, unmask, inflates=True)
    data = compressed(TEXT, BOMB)
    tracemalloc.start()
    try:
        assert parser.feed(data) == []
        assert tracemalloc.get_traced_memory()[1] < 8 * LIMIT
    finally:
        tracemalloc.stop()


WORDS = st.one_of(
    st.binary(max_size=300).map(bytes.hex).map(str.encode), st.text(max_size=99).map(str.encode)
)
MESSAGES = st.tuples(st.just(TEXT), st.lists(WORDS, min_size=1, max_size=4))
CONTROLS = st.tuples(st.sampled_from((PING, PONG)), st.lists(st.binary(max_size=125), min_size=1, max_size=1))


@settings(deadline=None)
@given(st.lists(st.one_of(MESSAGES, CONTROLS), max_size=8), st.integers(1, 200))
def test_any_frames_in_any_pieces_give_the_same_messages(sent, size):
    data = b"".join(
        fragments(opcode, *parts) if len(parts) > 1 else client_frame(opcode, parts[0])
        for opcode, parts in sent
    )
    assert parsed(data, size) == ([(opcode, b"".join(parts)) for opcode, parts in sent], None)


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=10))
def test_any_bytes_in_any_pieces_give_the_same_as_at_once(pieces):
    parser = FrameParser(100, unmask, clock=lambda: 0.0)
    frames = [frame for piece in pieces for frame in parser.feed(piece)]
    assert (frames, parser.fault and parser.fault.code) == parsed(b"".join(pieces), limit=100)


def flawed_frame(dice, inflates=False):
    opcode = dice.choices((TEXT, CONTINUATION, BINARY, PING, PONG, CLOSE), (6, 6, 2, 2, 2, 1))[0]
    payload, final, reserved = b"x" * dice.randrange(140), dice.random() < 0.6, 0
    if inflates and opcode in (TEXT, BINARY) and dice.random() < 0.5:
        payload, reserved = packed(payload * dice.randrange(10)), RSV1
    frame = bytearray(client_frame(opcode, payload, final=final, reserved=reserved))
    if dice.random() < 0.3:
        frame[dice.randrange(min(len(frame), 12))] = dice.randrange(256)
    return bytes(frame)


def fuzz(count, inflates=False):
    """Send `count` frames with random flaws to parsers that listen: how many were good, how many faults."""
    dice, good, faults = random.Random(6455), 0, 0
    parser = FrameParser(1_000, unmask, lambda: 0.0, inflates)
    for _ in range(count):
        frames = parser.feed(flawed_frame(dice, inflates))
        good += len(frames)
        faults += parser.fault is not None
        if parser.fault is not None or (frames and frames[-1][0] == CLOSE):
            parser = FrameParser(1_000, unmask, lambda: 0.0, inflates)
    return good, faults


@pytest.mark.parametrize("inflates", [False, True])
def test_fuzzed_frames_end_in_faults_only(inflates):
    good, faults = fuzz(30_000, inflates)
    assert good > 5_000
    assert faults > 5_000


@pytest.mark.alone
def test_a_million_fuzzed_frames_end_in_faults_only():
    good, faults = fuzz(1_000_000)
    assert good + faults > 500_000


def test_in_the_client_role_a_masked_frame_is_refused_and_an_unmasked_one_is_read():
    parser = FrameParser(LIMIT, unmask=None)
    assert parser.feed(text_frame(b"plain")) == [(TEXT, b"plain")]
    assert parser.feed(b"\x81\x81\0\0\0\0a") == []
    assert (parser.fault.code, parser.fault.reason) == (PROTOCOL_ERROR, "frame masked")
