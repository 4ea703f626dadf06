"""The dialect for many rooms: v1's frames with the room's name, and requests."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornchat.errors import ChatError
from tornchat.model import Entry, Participant, PresenceChange, User
from tornchat.wire import V1, Welcome, rooms
from tornchat.wire.framing import frame_length, frame_payload, text_frame


def frames_in(data: bytes) -> list[dict[str, object]]:
    found, start = [], 0
    while start < len(data):
        end = start + frame_length(data, start)
        found.append(json.loads(frame_payload(data[start:end])))
        start = end
    return found


def v1_frames(text: str) -> list[bytes]:
    v1 = V1()
    ann = Participant("ann", text)
    return [
        v1.users([]),
        v1.entry(Entry(1, "ann", "Ann", text, 0, "d1")),
        v1.entry(Entry(2, "ann", "Ann", "", 0, "d2", kind="deletion", target=1)),
        v1.presence(PresenceChange("join", ann)),
        v1.ack("a", Entry(1, "ann", "Ann", text, 0, "d1")),
        v1.error(ChatError("muted", text)),
    ]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.text('ab"\\ü,{}', min_size=1))
def test_each_frame_gets_the_room_after_its_type_and_keeps_the_rest(text: str, room: str) -> None:
    frames = v1_frames(text)
    named = rooms.RoomFrames(room, []).of(b"".join(frames))
    for before, after in zip(frames_in(b"".join(frames)), frames_in(named), strict=True):
        assert list(after)[:2] == ["type", "room"]
        assert after == {**before, "room": room}


@pytest.mark.parametrize("length", [100, 110, 125, 126, 65_500, 65_535, 65_536, 70_000])
def test_the_length_of_the_frame_is_that_of_the_longer_payload(length: int) -> None:
    frame = text_frame(b'{"type":"t","x":"' + b"x" * length + b'"}')
    named = rooms.RoomFrames("tea", []).of(frame)
    assert frame_length(named) == len(named)
    assert json.loads(frame_payload(named)) == {"type": "t", "room": "tea", "x": "x" * length}


def test_a_frame_without_other_fields_and_the_welcome_have_the_room_once() -> None:
    named = rooms.RoomFrames("tea", [])
    assert frame_payload(named.of(text_frame(b'{"type":"t"}'))) == b'{"type":"t","room":"tea"}'
    welcome = V1().welcome(Welcome("tea", User("ann", "Ann"), "e1", 1, False))
    assert named.of(welcome) == welcome


def test_a_chunk_is_converted_once_until_it_is_forgotten() -> None:
    converted: list[rooms.RoomFrames] = []
    named = rooms.RoomFrames("tea", converted)
    chunk = text_frame(b'{"type":"t"}')
    first = named.of(chunk)
    assert named.of(chunk) is first
    assert converted == [named]
    named.forget()
    assert named.of(chunk) is not first


def test_a_token_is_in_no_repr() -> None:
    asked = rooms.read(b'{"type":"auth","id":"t","token":"secret"}')
    assert "secret" not in repr(asked)
