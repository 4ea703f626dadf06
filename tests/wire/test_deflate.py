"""Compressing a frame and inflating a message: whole, or a bounded refusal."""

from __future__ import annotations

import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornchat.wire.deflate import MIN_BYTES, WINDOWS, TooLong, deflated, inflated
from tornchat.wire.framing import RSV1, TEXT, frame, frame_payload, text_frame

LIMIT = 70_000
HELLO = bytes.fromhex("f248cdc9c90700")
"""`Hello`, as RFC 7692, 7.2.3.1 has it."""


def packed(message, window=15):
    packer = zlib.compressobj(wbits=-window)
    return (packer.compress(message) + packer.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\x00\x00\xff\xff")


@given(st.text(max_size=3_000).map(str.encode), st.sampled_from(WINDOWS), st.integers(1, 50))
def test_what_is_deflated_inflates_to_itself(text, window, times):
    plain = text_frame(text * times)
    compressed = deflated(plain, window)
    assert len(compressed) <= len(plain)
    if compressed[0] & RSV1:
        assert inflated(frame_payload(compressed), len(text) * times) == text * times
    else:
        assert compressed is plain


@pytest.mark.parametrize("window", WINDOWS)
def test_a_window_is_not_exceeded(window):
    near = b"".join(bytes(range(start, start + 100)) * 2 for start in range(156))
    compressed = deflated(text_frame(near * 2), window)  # what the second half repeats is far away
    assert compressed[0] & RSV1
    unpacker = zlib.decompressobj(-window)
    assert unpacker.decompress(frame_payload(compressed) + b"\x00\x00\xff\xff") == near * 2


def test_a_long_message_gets_shorter_and_says_that_it_is_compressed():
    compressed = deflated(text_frame(b"again and " * 100), 12)
    assert compressed[0] == 0x80 | RSV1 | TEXT
    assert len(compressed) < 40


@pytest.mark.parametrize("message", [b"x" * (MIN_BYTES - 5), bytes(range(256)), b""])
def test_what_would_save_nothing_goes_as_it_is(message):
    plain = text_frame(message)
    assert deflated(plain, 12) is plain


def test_the_examples_of_the_rfc():
    no_compression = bytes.fromhex("000500faff48656c6c6f00")
    last_block = bytes.fromhex("f348cdc9c9070000")
    two_blocks = bytes.fromhex("f248050000 00ffffcac9c90700".replace(" ", ""))
    for payload in (HELLO, no_compression, last_block, two_blocks):
        assert inflated(payload, LIMIT) == b"Hello"
    assert inflated(b"\x00", LIMIT) == b""


def test_a_last_block_may_be_the_end_of_it():
    packer = zlib.compressobj(wbits=-15)
    assert inflated(packer.compress(b"Hello") + packer.flush(), LIMIT) == b"Hello"


@pytest.mark.parametrize("window", range(9, 16))
def test_any_window_of_a_client_is_read(window):
    message = bytes(range(256)) * 200
    assert inflated(packed(message, window), LIMIT) == message


@pytest.mark.parametrize("payload", [b"", b"\xff" * 20, b"\x07", HELLO[:-2], HELLO[:-1] + b"\x01", b"hello"])
def test_what_is_broken_or_cut_off_is_refused(payload):
    with pytest.raises(ValueError, match="not a"):
        inflated(payload, LIMIT)


def test_what_follows_a_last_block_is_refused():
    packer = zlib.compressobj(wbits=-15)
    whole = packer.compress(b"Hello") + packer.flush()
    with pytest.raises(ValueError, match="not a whole"):
        inflated(whole + HELLO, LIMIT)


def test_the_limit_is_the_inflated_length():
    assert len(inflated(packed(b"x" * LIMIT), LIMIT)) == LIMIT
    with pytest.raises(TooLong):
        inflated(packed(b"x" * (LIMIT + 1)), LIMIT)


def test_a_bomb_is_not_inflated_beyond_its_limit():
    bomb = packed(b"\x00" * 60_000_000)
    assert len(bomb) < LIMIT
    tracemalloc.start()
    try:
        with pytest.raises(TooLong):
            inflated(bomb, LIMIT)
        assert tracemalloc.get_traced_memory()[1] < 6 * LIMIT
    finally:
        tracemalloc.stop()


@given(st.binary(max_size=400))
def test_any_bytes_are_a_message_or_refused(payload):
    try:
        assert len(inflated(payload, 1_000)) <= 1_000
    except (ValueError, TooLong):
        pass


def test_a_binary_message_stays_one():
    assert deflated(frame(2, b"\x00" * 1_000), 9)[0] == 0xC2
