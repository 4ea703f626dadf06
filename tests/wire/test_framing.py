"""Frames as a server writes them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tornchat.wire.framing import (
    close_frame,
    frame,
    frame_length,
    ping_frame,
    pong_frame,
    text_frame,
    whole_frames,
)


@pytest.mark.parametrize(
    ("length", "header"),
    [
        (0, b"\x81\x00"),
        (1, b"\x81\x01"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_a_length_takes_the_fewest_bytes(length, header):
    assert text_frame(b"x" * length) == header + b"x" * length


def test_control_frames_have_their_opcodes():
    assert ping_frame() == b"\x89\x00"
    assert ping_frame(b"hi") == b"\x89\x02hi"
    assert pong_frame(b"hi") == b"\x8a\x02hi"
    assert frame(0x2, b"hi") == b"\x82\x02hi"


@pytest.mark.parametrize("build", [ping_frame, pong_frame])
def test_a_control_frame_carries_at_most_125_bytes(build):
    assert len(build(b"x" * 125)) == 127
    with pytest.raises(ValueError, match="at most 125 bytes, not 126"):
        build(b"x" * 126)


@pytest.mark.parametrize(
    ("code", "reason", "payload"),
    [
        (None, "", b""),
        (None, "unsaid without a code", b""),
        (1000, "", b"\x03\xe8"),
        (4001, "unauthorized", b"\x0f\xa1unauthorized"),
        (1001, "x" * 200, b"\x03\xe9" + b"x" * 123),
        (1001, "é" * 100, b"\x03\xe9" + "é".encode() * 61),
        (1001, "x" + "🐙" * 40, b"\x03\xe9x" + "🐙".encode() * 30),
        (1001, "a\ud800b", b"\x03\xe9a?b"),
    ],
)
def test_a_close_frame_is_cut_to_what_fits(code, reason, payload):
    assert close_frame(code, reason) == bytes((0x88, len(payload))) + payload


def test_framing_loads_no_tornado():
    script = "import sys, tornchat.wire.framing; sys.exit('tornado' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 70_000])
def test_the_length_of_a_frame_is_read_back(size: int) -> None:
    ready = text_frame(b"x" * size)
    assert frame_length(ready) == len(ready)
    assert frame_length(b"ab" + ready, 2) == len(ready)
    assert frame_length(ready[:1]) == 0


def test_whole_frames_never_end_within_one() -> None:
    three = text_frame(b"a" * 10) + text_frame(b"b" * 200) + text_frame(b"c")
    ends = {whole_frames(three, 0, limit) for limit in range(len(three) + 5)}
    assert ends == {0, 12, 216, 219}
    assert whole_frames(three, 12, 204) == 216
