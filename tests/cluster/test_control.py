"""What nodes tell each other over `nodes`: read only if it is an order, and not one's own."""

from __future__ import annotations

import msgspec
import pytest

from tornchat.cluster.control import MOST_BYTES, Control


def test_an_order_arrives_as_it_was_made():
    verona, mantua = Control("verona"), Control("mantua")
    order = verona.make("kick", "hall", "romeo")
    assert mantua.read(verona.write(order)) == order


def test_ones_own_order_is_no_news():
    verona = Control("verona")
    order = verona.read(verona.write(verona.make("sanctions", "hall")))
    assert order is not None
    assert verona.is_own(order)
    assert not Control("mantua").is_own(order)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"junk",
        b"\x80\x04K\x01.",  # a pickle
        msgspec.msgpack.encode([2, "mantua", "kick", "hall", "romeo"]),
        msgspec.msgpack.encode([1, "mantua", "burn", "hall", "romeo"]),
        msgspec.msgpack.encode([1, "mantua", "kick", ["hall"], "romeo"]),
        msgspec.msgpack.encode([1, "mantua", "kick", "h" * 2000, "romeo"]),
        msgspec.msgpack.encode([1, "mantua", "kick", "hall", "romeo", "x" * MOST_BYTES]),
        msgspec.msgpack.encode([1, "mantua", "kick", "\ud800".encode("utf-8", "surrogatepass"), "romeo"]),
        b"\x91" * 10_000,
    ],
)
def test_what_is_no_order_is_dropped_and_counted(payload):
    verona = Control("verona")
    assert verona.read(payload) is None
    assert verona.ignored == 1
