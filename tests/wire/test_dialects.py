"""The two dialects, to the letter: what is written, and what is refused."""

from __future__ import annotations

import json

import pytest

from tornchat.errors import ChatError
from tornchat.model import Entry, Participant, PresenceChange, User
from tornchat.wire import V1, Classic, Said, Welcome, encode_participant

CLASSIC, DIALECTS = Classic(), [Classic(), V1()]
SAID = Entry(7, "user-id", "user123", "Hello world!", 1_710_417_600_999, "d1")
DELETION = Entry(8, "user-id", "user123", "", 1_710_417_600_999, "d2", kind="deletion", target=7)
BLANKED = Entry(7, "user-id", "user123", "", 1_710_417_600_999, "d1")
USER = Participant("user-id", "user123")


def shown(frame):
    """The payload of one whole, unmasked text frame as JSON; None for nothing."""
    if not frame:
        return None
    assert frame[0] == 0x81
    start = {126: 4, 127: 10}.get(frame[1], 2)
    length = frame[1] if start == 2 else int.from_bytes(frame[2:start], "big")
    assert len(frame) == start + length
    return json.loads(frame[start:])


MESSAGE = {
    "type": "chat_message",
    "message": "Hello world!",
    "sender_username": "user123",
    "sender_id": "user-id",
    "timestamp": "2024-03-14T12:00:00Z",
}
REFUSED = ChatError("rate_limited", "", 1.5, "c1")
WELCOME = Welcome("hall", User("user-id", "user123", frozenset({"r"}), 9.0), "e1", 7, True)
WELCOMED = {
    "type": "welcome",
    "room": "hall",
    "user": {"id": "user-id", "username": "user123"},
    "epoch": "e1",
    "seq": 7,
    "recovered": True,
}
SLOWER = "Too many messages; slow down."
V1_REFUSED = {"type": "error", "code": "rate_limited", "error": SLOWER, "id": "c1", "retry_after": 1.5}


@pytest.mark.parametrize(
    ("write", "classic", "v1"),
    [
        (lambda d: d.entry(SAID), MESSAGE, {**MESSAGE, "seq": 7}),
        (lambda d: d.entry(DELETION), None, {"type": "message_deleted", "seq": 7, "position": 8}),
        (lambda d: d.entry(BLANKED), None, {**MESSAGE, "message": "", "seq": 7}),
        (
            lambda d: d.ack("c1", Entry(7, "u", "u", "hi", 0, "d1")),
            None,
            {"type": "ack", "id": "c1", "seq": 7},
        ),
        (lambda d: d.welcome(WELCOME), None, WELCOMED),
        (lambda d: d.error(REFUSED), {"error": SLOWER}, V1_REFUSED),
        (
            lambda d: d.error(ChatError("busy")),
            {"error": "The server is too busy. Please try again."},
            {"type": "error", "code": "busy", "error": "The server is too busy. Please try again."},
        ),
    ],
)
def test_frames_to_the_letter(write, classic, v1):
    assert shown(write(Classic())) == classic
    assert shown(write(V1())) == v1


@pytest.mark.parametrize("payload", [b'{"type":"ping"}', b' { "type" : "ping" } ', b'{"x":1,"type":"ping"}'])
def test_a_ping_is_no_message_and_only_v1_has_it(payload):
    assert V1().decode(payload) is None
    assert shown(V1().pong) == {"type": "pong"}
    with pytest.raises(ChatError, match="form"):
        CLASSIC.decode(payload)
    assert CLASSIC.pong == b""


@pytest.mark.parametrize("dialect", DIALECTS)
def test_presence_is_the_same_in_both(dialect):
    join, leave = (dialect.presence(PresenceChange(kind, USER)) for kind in ("join", "leave"))
    assert shown(join) == {"type": "user_join", "user_id": "user-id", "username": "user123"}
    assert shown(leave) == {"type": "user_leave", "user_id": "user-id", "username": "user123"}
    users = dialect.users([encode_participant(USER), encode_participant(Participant("2", "user456"))])
    assert shown(users) == {
        "type": "room_users_list",
        "users": [{"id": "user-id", "username": "user123"}, {"id": "2", "username": "user456"}],
    }
    assert shown(dialect.users([])) == {"type": "room_users_list", "users": []}


@pytest.mark.parametrize(
    ("sent_at", "stamp"),
    [(0, "1970-01-01T00:00:00Z"), (999, "1970-01-01T00:00:00Z"), (951_782_400_000, "2000-02-29T00:00:00Z")],
)
def test_timestamps_are_utc_in_whole_seconds(sent_at, stamp):
    entry = Entry(1, "1", "romeo", "hi", sent_at, "d")
    assert shown(CLASSIC.entry(entry))["timestamp"] == stamp


def nested(depth):
    return b'{"message":"hi","x":' + b"[" * depth + b"]" * depth + b"}"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", "invalid_json"),
        (b" ", "invalid_json"),
        (b"hello", "invalid_json"),
        (b'{"message":"hi"', "invalid_json"),
        (b'{"message":"hi"} x', "invalid_json"),
        (b'\xef\xbb\xbf{"message":"hi"}', "invalid_json"),
        (b'{"message":"\xff"}', "invalid_json"),
        (b'{"message":"\\ud800"}', "invalid_json"),
        (b'{"message":"a\nb"}', "invalid_json"),
        (b'{"message":"hi","x":NaN}', "invalid_json"),
        (nested(100_000), "invalid_json"),
        (b'{"message":"a","message":"b"}', "invalid_json"),
        (b'{"message":"a","\\u006dessage":"b"}', "invalid_json"),
        (b'{"message":"a","x":{"y":1,"y":2}}', "invalid_json"),
        (json.dumps({"message": "a"} | dict.fromkeys(map(str, range(100_000)))).encode(), "invalid_json"),
        (b"[]", "invalid_message"),
        (b'"message"', "invalid_message"),
        (b"null", "invalid_message"),
        (b"{}", "invalid_message"),
        (b'{"message":null}', "invalid_message"),
        (b'{"message":5}', "invalid_message"),
        (b'{"message":["hi"]}', "invalid_message"),
    ],
    ids=lambda value: repr(value[:32]),
)
def test_bad_json_is_refused(payload, code):
    with pytest.raises(ChatError) as refused:
        CLASSIC.decode(payload)
    assert refused.value.code == code
    with pytest.raises(ChatError):
        V1().decode(payload.replace(b"{", b'{"type":"send","id":"c1",', 1))


@pytest.mark.parametrize(
    "extra",
    ['"sender_id":"9"', '"sender_username":"root"', '"timestamp":"1999"', '"type":"admin"', '"x":{"y":[1]}'],
)
def test_other_keys_are_ignored(extra):
    payload = f'{{{extra},"message":"hi"}}'.encode()
    assert CLASSIC.decode(payload) == Said("hi")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "'; DROP TABLE users; --",
        "a\r\nb",
        "\x1b[31mred",
        "z̷̢a̸l̶g̵o̷",
        '"\\/\b\f\t',
        "🐙",
        "\u202e\u2028",
        "x" * 70_000,
    ],
)
def test_text_passes_verbatim(text):
    for ascii_only in (True, False):
        payload = json.dumps({"message": text}, ensure_ascii=ascii_only).encode()
        assert CLASSIC.decode(payload).text == text
        v1 = json.dumps({"type": "send", "id": "c1", "message": text}, ensure_ascii=ascii_only).encode()
        assert V1().decode(v1) == Said(text, "c1")
    for dialect in DIALECTS:
        assert shown(dialect.entry(Entry(1, "1", text[:99], text, 0, "d")))["message"] == text


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_entry_shows_its_own_second_in_any_order(dialect):
    """The encoder keeps the last second; history pages and imports come after newer entries."""
    times = [5_000, 3_000, 3_999, 5_000, 0]
    stamps = [shown(dialect.entry(Entry(1, "1", "r", "hi", time, "d")))["timestamp"] for time in times]
    assert stamps == [f"1970-01-01T00:00:0{second}Z" for second in (5, 3, 3, 5, 0)]
