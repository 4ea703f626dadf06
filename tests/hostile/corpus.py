"""Inputs that no client should send, and what they are answered. What the fuzzers find is kept here."""

from __future__ import annotations

import json
import pickle

import msgspec

from tornchat.model import Entry

NOT_MESSAGES = [
    "",
    "nope",
    '\ufeff{"message":"x"}',
    "[]",
    '"x"',
    "null",
    "{}",
    "1",
    '{"message":null}',
    '{"message":1}',
    '{"message":[]}',
    '{"message":{}}',
    '{"message":""}',
    '{"message":"  "}',
    '{"message":"\\u2003\\u00a0"}',
    '{"message":"a\\u0000b"}',
    '{"message":"\\ud800"}',
    '{"message":NaN}',
    '{"message":"x","n":' + "9" * 5000 + "}",
    '{"message":' + "9" * 5000 + "}",
    "[" * 10_000,
    "[" * 60_000,
    '{"a":' * 12_000,
    '{"message":' + "[" * 30_000 + "]" * 30_000 + "}",
    '{"message":"x","message":"y"}',
    '{"message":"x","message":"x"}',
    "{" + ",".join(f'"{n}":1' for n in range(6_500)) + "}",
    '{"message":"' + "x" * 4001 + '"}',
    '{"message":"x"',
    '{"message":"x"}}',
    '{"message":"x"}\x00',
    '{"message":"\x01"}',
]
"""Texts that are answered with an error; the connection stays."""

VERBATIM = [
    "<script>alert(1)</script>",
    "'; DROP TABLE log;--",
    "a\r\nb",
    "\x1b[31mred",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢",
    "👩‍👩‍👧",
    '"\\',
    "\u202egnp.exe",
]
"""Texts that are messages like any other."""

NOT_ROOMS = [
    "..%2f",
    "%2e%2e%2fadmin",
    "%00",
    "%0d%0aFLUSHALL%0d%0a",
    "%ff",
    "%C3%28",
    "%ED%A0%80",
    "a" * 65,
    "*",
    "%7Bx%7D",
    "a:b",
    "a'--",
    "x'%20UNION%20SELECT%201--",
    "%E2%80%AEx",
    "%E2%80%8B",
    "a" * 60_000,
]
"""Names of rooms, as in a URL, that are answered with 4000."""

ENTRY = Entry(7, "1", "romeo", "hello", 1_700_000_000_000, "d1")
AS_ARRAY = msgspec.to_builtins(ENTRY)


def packed(*fields: object) -> bytes:
    """A payload as the nodes send them."""
    return msgspec.msgpack.encode(fields)


NOT_PAYLOADS = [
    b"",
    b"hello",
    b"\xff" * 100,
    b'[1,"n2","hall","e1",[]]',
    b"\x91" * 100_000,
    pickle.dumps({"room": "hall"}),
    packed(),
    packed(2, "n2", "hall", "e1"),
    packed(3, "n2", "hall", "e1", []),
    packed(0, "n2", "hall", "e1", []),
    packed(1, "n2", "hall", "e1", []),  # of the version before
    packed("2", "n2", "hall", "e1", []),
    packed(2, 2, "hall", "e1", []),
    packed(2, "n2", "hall", None, []),
    packed(2, "n2", "hall", "e1", [5]),
    packed(2, "n2", "hall", "e1", [{**AS_ARRAY, "seq": "7"}]),
    packed(2, "n2", "hall", "e1", [{**AS_ARRAY, "text": None}]),
    packed(2, "n2", "hall", "e1", [{**AS_ARRAY, "kind": "Coup!"}]),
    packed(2, "n2", "hall", "e1", [{**AS_ARRAY, "more": [1]}]),
    packed(2, "n2", "hall", "e1", [{**AS_ARRAY, "more": {"revision": "1"}}]),
    packed(2, "n2", "hall", "e1", [{"seq": 7}]),
    packed(2, "n2", "garden", "e1", [AS_ARRAY]),
    packed(2, "n2", "hall", "e1", []).replace(b"hall", b"h\xffll"),
    packed(2, "n2", "hall", "e1", [AS_ARRAY]) + b"more",
]
"""Payloads that are dropped and counted on the topic of the room `hall`."""


def odd_objects() -> list[str]:
    """Messages whose other fields are claims, which are never believed."""
    claims = {"sender_id": "near", "sender_username": "Near", "timestamp": "1999-01-01T00:00:00Z"}
    return [
        json.dumps({"message": "I am near", **claims, "type": "chat_message"}),
        json.dumps({"message": "I am near", **claims, "seq": -1, "type": "user_leave", "user_id": "near"}),
    ]
