"""What the frames of clients say, and which of them are refused."""

from __future__ import annotations

import json

import pytest

from tornchat.errors import ChatError
from tornchat.model import Mentions, More
from tornchat.wire import Said
from tornchat.wire.v1.reading import read


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        ({"type": "send", "message": "hi"}, Said("hi", "c1")),
        ({"type": "send", "message": "hi", "x": {"y": [1]}}, Said("hi", "c1")),
        ({"type": "send", "message": "hi", "reply_to": 3}, Said("hi", "c1", more=More(reply_to=3))),
        ({"type": "send", "message": "hi", "thread": 3}, Said("hi", "c1", more=More(thread=3))),
        (
            {"type": "send", "message": "hi", "mentions": {"users": ["a", "b", "a"]}},
            Said("hi", "c1", more=More(mentions=Mentions(("a", "b")))),
        ),
        ({"type": "send", "message": "hi", "mentions": {"users": []}}, Said("hi", "c1")),
        ({"type": "send", "message": "hi", "meta": {"a": 1}}, Said("hi", "c1", more=More(meta='{"a":1}'))),
        ({"type": "send", "message": "hi", "kind": "poll"}, Said("hi", "c1", "poll", more=More())),
        ({"type": "send", "message": "hi", "open": True}, Said("hi", "c1", more=More(status="open"))),
        (
            {"type": "edit", "seq": 3, "revision": 1, "message": "ho"},
            Said("ho", "c1", "edit", 3, 1),
        ),
        (
            {"type": "edit", "seq": 3, "revision": 1, "message": "ho", "meta": {}},
            Said("ho", "c1", "edit", 3, 1, More(meta="{}")),
        ),
        (
            {"type": "append", "seq": 3, "offset": 2, "message": "!"},
            Said("!", "c1", "append", 3, 2, More(offset=2)),
        ),
        (
            {"type": "close", "seq": 3, "status": "complete"},
            Said("", "c1", "close", 3, more=More(status="complete")),
        ),
        ({"type": "delete", "seq": 3}, Said("", "c1", "deletion", 3)),
        (
            {"type": "mark", "kind": "reaction", "seq": 3, "tokens": ["a"]},
            Said("", "c1", "reaction", 3, tokens=("a",)),
        ),
        ({"type": "revise", "kind": "close-poll", "seq": 3}, Said("", "c1", "close-poll", 3)),
        (
            {"type": "revise", "kind": "close-poll", "seq": 3, "data": {"a": 1}},
            Said("", "c1", "close-poll", 3, more=More(data='{"a":1}')),
        ),
    ],
)
def test_what_each_frame_says(frame, said):
    assert read(json.dumps({**frame, "id": "c1"}).encode()) == said


@pytest.mark.parametrize("payload", [b'{"type":"ping"}', b' { "type" : "ping" } ', b'{"x":1,"type":"ping"}'])
def test_a_ping_says_nothing(payload):
    assert read(payload) is None


def test_a_ping_with_a_repeated_key_is_refused():
    with pytest.raises(ChatError, match=r"twice|repeated|more than once"):
        read(b'{"type":"ping","type":"ping"}')


@pytest.mark.parametrize("kind", ["edit", "append", "close", "deletion", "reaction", "message"])
def test_built_in_kinds_are_no_revisions(kind):
    with pytest.raises(ChatError, match="built in") as refused:
        read(json.dumps({"type": "revise", "id": "c1", "kind": kind, "seq": 3}).encode())
    assert refused.value.client_id == "c1"


@pytest.mark.parametrize("frame", ["append", "close", "edit", "mark", "delete"])
def test_a_target_is_a_place(frame):
    rest = {"append": {"offset": 0, "message": ""}, "close": {"status": "complete"}}
    rest |= {"edit": {"revision": 0, "message": ""}, "mark": {"kind": "reaction", "tokens": []}, "delete": {}}
    for seq in (-1, 2**53, "3", 1.5, None):
        with pytest.raises(ChatError) as refused:
            read(json.dumps({"type": frame, "id": "c1", "seq": seq, **rest[frame]}).encode())
        assert (refused.value.code, refused.value.client_id) == ("invalid_message", "c1")


@pytest.mark.parametrize(
    ("payload", "code", "client_id"),
    [
        (b'{"message":"hi"}', "invalid_message", None),
        (b'{"type":"send","message":"hi"}', "invalid_message", None),
        (b'{"type":"send","id":"","message":"hi"}', "invalid_message", None),
        (b'{"type":"send","id":"' + b"x" * 65 + b'","message":"hi"}', "invalid_message", None),
        (b'{"type":"typing","id":"c1"}', "invalid_message", "c1"),
        (b'{"type":"send","id":"c1"}', "invalid_message", "c1"),
        (b'{"type":"send","id":"c1","id":"c2","message":"hi"}', "invalid_json", None),
    ],
)
def test_v1_says_which_one_was_refused(payload, code, client_id):
    with pytest.raises(ChatError) as refused:
        read(payload)
    assert (refused.value.code, refused.value.client_id) == (code, client_id)
