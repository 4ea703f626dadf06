"""`meta` is a JSON object within its limits, and goes into frames as it was checked."""

from __future__ import annotations

import json
from functools import reduce
from typing import Any

import msgspec
import pytest

from tornchat.errors import ChatError
from tornchat.wire.meta import MOST_BYTES, MOST_DEPTH, check_text, is_text, spliced, text_of


def nested(depth: int, inner: Any = 1) -> Any:
    """Objects and arrays in turn, the outermost one being an object."""
    return reduce(lambda found, n: {"x": found} if (depth - n) % 2 else [found], range(depth), inner)


@pytest.mark.parametrize("meta", [None, {}, {"a": [1, 2.5, None, True, "ü😀\0"]}, nested(MOST_DEPTH)])
def test_an_object_becomes_compact_json_and_is_the_same_in_a_frame(meta: Any) -> None:
    text = text_of(meta)
    assert (json.loads(text) if text else None) == meta
    frame = msgspec.json.encode({"meta": spliced(text)})
    assert json.loads(frame) == {"meta": meta}
    assert not text or is_text(text)


def test_its_size_counts_in_bytes_of_utf_8() -> None:
    for sign in ("x", "ü"):
        most = (MOST_BYTES - len('{"a":""}')) // len(sign.encode())
        assert len(text_of({"a": sign * most}).encode()) == MOST_BYTES
        with pytest.raises(ChatError, match="it may have 8192"):
            text_of({"a": sign * (most + 1)})


def test_its_depth_is_limited_however_deep_it_is() -> None:
    for depth in (MOST_DEPTH + 1, 900):
        with pytest.raises(ChatError, match="more than 32 levels"):
            text_of(nested(depth))


NOT_OBJECTS = ["", "[]", "1", "null", '"x"', "{"]
NOT_OBJECTS += ['{"a":NaN}', '{"a":1}{', '{"a":"\ud800"}', '{"a":1e999}', "[" * 9999]
TOO_MUCH = [json.dumps(nested(33)), json.dumps({"a": "x" * MOST_BYTES}), "{}" + " " * MOST_BYTES]


@pytest.mark.parametrize("text", [*NOT_OBJECTS, *TOO_MUCH], ids=range(len(NOT_OBJECTS) + len(TOO_MUCH)))
def test_what_is_no_meta_is_not_sent_on(text: str) -> None:
    with pytest.raises(ChatError) as refused:
        check_text(text)
    assert refused.value.code == "invalid_message"
