"""Batches of what users are told: whole, bounded, and nothing from strangers but hints."""

from __future__ import annotations

import msgspec

from tornchat.cluster.userevents import MOST_EVENTS, Invited, Mentioned, Removed, RoomChanged, UserEvents


def test_events_travel_in_batches_and_come_as_they_were() -> None:
    events = [
        Mentioned("hall", 7, "romeo", "Romeo", "Juliet!", ("juliet",), True),
        Invited("hall", ("juliet",)),
        Removed("hall", ("paris",)),
        RoomChanged("hall", "Hall", "Balls", "open"),
    ] * MOST_EVENTS
    payloads = list(UserEvents("a").write(events))
    assert len(payloads) == 4
    other = UserEvents("b")
    assert [event for payload in payloads for event in other.read(payload)] == events
    assert list(UserEvents("a").read(payloads[0])) == [], "this node has told its own"
    assert other.ignored == 0


def test_what_is_no_batch_has_no_events() -> None:
    codec, encode = UserEvents("a"), msgspec.msgpack.encode
    wrong = [
        b"",
        b"nonsense",
        encode([1, "b", [["removed", "hall", "juliet"]]]),
        encode([1, "b", [["mentioned", "hall", -1, "romeo", "Romeo", "x"]]]),
        encode([1, "b", [["invited", "h" * 2000, ["juliet"]]]]),
        encode([2, "b", []]),
        encode([1, "b", [["removed", "hall", ["juliet"]]] * (MOST_EVENTS + 1)]),
    ]
    assert [list(codec.read(payload)) for payload in wrong] == [[]] * len(wrong)
    assert codec.ignored == len(wrong)
