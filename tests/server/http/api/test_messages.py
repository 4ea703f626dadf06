"""Messages over HTTP: they are said, read, deleted and found as those over a socket are."""

from __future__ import annotations

import functools
import operator
import re

import msgspec
import pytest

from tests.server.http.web import ask
from tornchat import Rejected, hookimpl
from tornchat.server.http.api.paging import MOST_PAGE_BYTES
from tornchat.testing import running_chat

TEA = "/api/rooms/tea/messages"


async def say(chat, user, text, key=None):
    headers = {} if key is None else {"Idempotency-Key": key}
    return await ask(chat, "POST", TEA, user, {"message": text}, headers=headers)


@pytest.mark.gen_test
async def test_what_is_said_over_http_is_heard_over_sockets_and_the_other_way_round():
    async with running_chat() as chat:
        bob = await chat.connect("tea", "bob")
        await bob.hear()
        said = await say(chat, "ann", "hello")
        assert (said.status, said.json["seq"]) == (201, 1)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", said.json["timestamp"])
        assert await bob.hear_message() == "hello"
        await bob.say("hi")
        assert await bob.hear_message() == "hi"
        page = (await ask(chat, "GET", TEA, "ann")).json
        assert [(one["seq"], one["message"], one["sender_id"]) for one in page["messages"]] == [
            (1, "hello", "id-ann"),
            (2, "hi", "id-bob"),
        ]
        assert page["messages"][0]["timestamp"] == said.json["timestamp"]
        assert (page["first_seq"], page["head_seq"], page["from_seq"], page["to_seq"]) == (1, 2, 1, 2)


@pytest.mark.gen_test
async def test_the_same_key_says_nothing_twice():
    async with running_chat() as chat:
        await (await chat.connect("tea", "ann")).hear()
        first = await say(chat, "ann", "hello", "key-1")
        again = await say(chat, "ann", "hello", "key-1")
        assert (first.status, again.status) == (201, 200)
        assert first.json == again.json
        other = await say(chat, "ann", "something else", "key-1")
        assert (other.status, other.code) == (409, "conflict")
        assert (await say(chat, "bob", "hello", "key-1")).status == 201, "each user has keys of their own"
        for bad in ("", "x" * 65):
            assert (await say(chat, "ann", "x", bad)).code == "invalid_input"


@pytest.mark.gen_test
async def test_the_log_is_read_in_parts():
    async with running_chat({"limits": {"messages_per_second": 0}}) as chat:
        await (await chat.connect("tea", "ann")).hear()
        for number in range(1, 6):
            await say(chat, "ann", f"m{number}")

        async def seqs(query):
            page = (await ask(chat, "GET", TEA + query, "bob")).json
            return [one["seq"] for one in page["messages"]]

        assert await seqs("") == [1, 2, 3, 4, 5]
        assert await seqs("?limit=2") == [4, 5]
        assert await seqs("?before=4&limit=2") == [2, 3]
        assert await seqs("?after=1&limit=2") == [2, 3]
        assert await seqs("?after=1&before=3") == [2]
        assert await seqs("?after=99") == []


@pytest.mark.gen_test
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty_message"),
        (" \n", "empty_message"),
        ("x" * 4001, "message_too_long"),
        ("a\0b", "invalid_message"),
        (5, "invalid_input"),
        (None, "invalid_input"),
    ],
)
async def test_what_no_socket_may_say_nobody_says_over_http(text, code):
    async with running_chat() as chat:
        await (await chat.connect("tea", "ann")).hear()
        told = await say(chat, "ann", text)
        assert (told.status, told.code) == (422, code)


@pytest.mark.gen_test
async def test_markup_and_all_scripts_pass_verbatim():
    async with running_chat() as chat:
        await (await chat.connect("tea", "ann")).hear()
        texts = [
            "<script>alert(1)</script>",
            "'; DROP TABLE rooms;--",
            "a\r\nb\x1b[31m",
            "日本語 Z͑ͫ",
            "\u202ex",
            "👩‍🚀",
        ]
        for text in texts:
            assert (await say(chat, "ann", text)).status == 201
        page = (await ask(chat, "GET", TEA, "ann")).json
        assert [one["message"] for one in page["messages"]] == texts


@pytest.mark.gen_test
async def test_filters_and_authorization_hold():
    class Strict:
        @hookimpl
        def filter_message(self, draft):
            raise Rejected("Mind your words.")

    class Mute:
        @hookimpl
        def authorize(self, user, action):
            return action != "send"

    for plugin, status, code in ((Strict, 422, "rejected"), (Mute, 403, "forbidden")):
        async with running_chat(plugins={"extra": plugin}) as chat:
            await (await chat.connect("tea", "ann")).hear()
            told = await say(chat, "ann", "hello")
            assert (told.status, told.code) == (status, code)
            assert (await ask(chat, "GET", TEA, "ann")).json["messages"] == []


@pytest.mark.gen_test
async def test_a_message_is_deleted_by_its_sender_or_a_moderator():
    async with running_chat() as chat:
        ann = await chat.connect("tea", "ann")
        await ann.hear()
        for user in ("bob", "bob"):
            await say(chat, user, "oops")
        assert (await ask(chat, "DELETE", f"{TEA}/1", "eve")).code == "forbidden"
        assert (await ask(chat, "DELETE", f"{TEA}/1", "bob")).status == 204
        assert (await ask(chat, "DELETE", f"{TEA}/1", "bob")).status == 204
        assert (await ask(chat, "DELETE", f"{TEA}/2", "ann")).status == 204, "the owner moderates"
        assert (await ask(chat, "DELETE", f"{TEA}/99", "ann")).code == "not_found"
        assert (await ask(chat, "DELETE", f"{TEA}/x", "ann")).code == "invalid_input"
        page = (await ask(chat, "GET", TEA, "eve")).json
        assert [(one["message"], one["deleted"]) for one in page["messages"]] == [("", True), ("", True)]
        assert (page["head_seq"], page["to_seq"]) == (4, 2)


@pytest.mark.gen_test
async def test_messages_are_found_by_their_words():
    async with running_chat() as chat:
        await (await chat.connect("tea", "ann")).hear()
        for text in ("green tea", "black tea", "coffee"):
            await say(chat, "ann", text)
        found = (await ask(chat, "GET", "/api/rooms/tea/search?q=tea", "bob")).json["messages"]
        assert [one["message"] for one in found] == ["black tea", "green tea"]
        found = (await ask(chat, "GET", "/api/rooms/tea/search?q=tea&before=2&limit=1", "bob")).json[
            "messages"
        ]
        assert [one["message"] for one in found] == ["green tea"]
        for bad in ("", "?q=", "?q=" + "x" * 401):
            assert (await ask(chat, "GET", f"/api/rooms/tea/search{bad}", "bob")).code == "invalid_input"
        for odd in ("%22", "%27)%20OR%201=1", "*", "NEAR(", "a%00b", "-", "%e2%80%ae"):
            assert (await ask(chat, "GET", f"/api/rooms/tea/search?q={odd}", "bob")).status == 200, odd


@pytest.mark.gen_test
async def test_a_message_is_edited_by_its_sender():
    async with running_chat() as chat:
        ann = await chat.connect("tea", "ann")
        await ann.hear()
        await say(chat, "bob", "helo")
        change = {"message": "hello", "revision": 0}
        edited = await ask(chat, "PATCH", f"{TEA}/1", "bob", change, headers={"Idempotency-Key": "k"})
        assert edited.status == 200
        assert edited.json | {"timestamp": ""} == {"seq": 1, "position": 2, "revision": 1, "timestamp": ""}
        again = await ask(chat, "PATCH", f"{TEA}/1", "bob", change, headers={"Idempotency-Key": "k"})
        assert again.json == edited.json
        stale = await ask(chat, "PATCH", f"{TEA}/1", "bob", change)
        assert (stale.status, stale.code, stale.json["revision"]) == (409, "stale", 1)
        for user, seq, body, code in (
            ("ann", 1, {"message": "x", "revision": 1}, "forbidden"),
            ("bob", 9, {"message": "x", "revision": 0}, "not_found"),
            ("bob", 2, {"message": "x", "revision": 0}, "not_found"),
            ("bob", 1, {"message": "", "revision": 1}, "empty_message"),
            ("bob", 1, {"message": "x"}, "invalid_input"),
            ("bob", 1, {"message": "x", "revision": -1}, "invalid_input"),
        ):
            assert (await ask(chat, "PATCH", f"{TEA}/{seq}", user, body)).code == code
        one = (await ask(chat, "GET", f"{TEA}/1", "eve")).json
        assert (one["message"], one["revision"], one["position"], one["deleted"]) == ("hello", 1, 2, False)
        assert one["edited_at"] == edited.json["timestamp"]
        assert (await ask(chat, "GET", f"{TEA}/2", "eve")).code == "not_found"


LONG = "\N{ROLLING ON THE FLOOR LAUGHING}" * 4000
"""The longest text, of 16,000 bytes."""


async def pages_of(chat, query):
    """The numbers of the messages of each page, up to the end of the log."""
    pages = []
    while True:
        answer = await ask(chat, "GET", f"{TEA}?limit=200&{query}", "ann")
        assert len(msgspec.json.encode(answer.json)) < 1.2 * MOST_PAGE_BYTES
        if not answer.json["messages"]:
            return pages
        pages.append([one["seq"] for one in answer.json["messages"]])
        first, last = answer.json["from_seq"], answer.json["to_seq"]
        assert (first, last) == (pages[-1][0], pages[-1][-1])
        query = f"after={last}" if query.startswith("after") else f"before={first}"


@pytest.mark.gen_test
@pytest.mark.long
async def test_a_page_of_long_messages_is_bounded_in_bytes_and_goes_on_where_it_ended():
    """Else 3 MB would wait for each client that reads slowly."""
    async with running_chat({"limits": {"messages_per_second": 0, "bytes_per_second": 0}}) as chat:
        await (await chat.connect("tea", "ann")).hear()
        for _ in range(70):
            assert (await say(chat, "ann", LONG)).status == 201
        forward = await pages_of(chat, "after=0")
        assert [len(page) for page in forward] == [32, 32, 6]
        assert functools.reduce(operator.iadd, forward, []) == list(range(1, 71))
        back = await pages_of(chat, "before=71")
        assert [len(page) for page in back] == [32, 32, 6]
        assert functools.reduce(operator.iadd, reversed(back), []) == list(range(1, 71))


@pytest.mark.gen_test
async def test_threads_mentions_and_meta_over_http():
    async with running_chat() as chat:
        await (await chat.connect("tea", "ann")).hear()
        more = {"thread": 1, "reply_to": 1, "mentions": {"users": ["bob"], "room": True}, "meta": {"a": [1]}}
        await say(chat, "ann", "root")
        key = {"Idempotency-Key": "k"}
        first, again = [
            await ask(chat, "POST", TEA, "ann", {"message": "reply", **more}, headers=key) for _ in range(2)
        ]
        assert (first.status, again.status, first.json) == (201, 200, again.json)
        other = {"message": "reply", **more, "meta": {"a": [2]}}
        other = await ask(chat, "POST", TEA, "ann", other, headers=key)
        assert (other.status, other.code) == (409, "conflict")
        for number in range(4):
            where = {"thread": 1} if number % 2 else {}
            await ask(chat, "POST", TEA, "bob", {"message": f"{number}", **where})
        page = (await ask(chat, "GET", TEA, "ann")).json["messages"]
        assert page[0]["replies"] == {"count": 3, "last_seq": 6}
        assert {key: page[1][key] for key in more} == more
        assert not {"thread", "reply_to", "mentions", "meta", "replies"} & {*page[2]}
        for path in (f"{TEA}/1/thread", f"{TEA}?thread=1"):
            found = (await ask(chat, "GET", path, "ann")).json
            assert ([one["seq"] for one in found["messages"]], found["from_seq"]) == ([2, 4, 6], 2)
        found = (await ask(chat, "GET", f"{TEA}/1/thread?before=6&limit=1", "ann")).json["messages"]
        assert [one["seq"] for one in found] == [4]
        for around, limit, wanted in ((3, 3, [2, 3, 4]), (3, 1, [3]), (1, 4, [1, 2, 3, 4]), (99, 2, [6])):
            found = (await ask(chat, "GET", f"{TEA}?around={around}&limit={limit}", "ann")).json["messages"]
            assert [one["seq"] for one in found] == wanted, (around, limit)
        change = {"message": "new", "revision": 0, "meta": {}}
        assert (await ask(chat, "PATCH", f"{TEA}/2", "ann", change)).status == 200
        found = (await ask(chat, "GET", f"{TEA}/2", "ann")).json
        wanted = {**more, "meta": {}, "message": "new"}
        assert {key: found[key] for key in wanted} == wanted


BAD = [
    ({"thread": 2}, 422, "invalid_message"),
    ({"thread": 9}, 404, "not_found"),
    ({"reply_to": 9}, 404, "not_found"),
    ({"reply_to": -1}, 422, "invalid_input"),
    ({"mentions": {"users": ["u"] * 51}}, 422, "invalid_input"),
    ({"meta": []}, 422, "invalid_input"),
    ({"meta": {"a": "x" * 8192}}, 422, "invalid_message"),
    ({"meta": functools.reduce(lambda inner, _: {"x": inner}, range(33), 1)}, 422, "invalid_message"),
]


@pytest.mark.gen_test
async def test_what_can_not_be_said_of_a_message_is_refused_over_http():
    async with running_chat() as chat:
        await (await chat.connect("tea", "ann")).hear()
        await say(chat, "ann", "root")
        await ask(chat, "POST", TEA, "ann", {"message": "reply", "thread": 1})
        for more, status, code in BAD:
            answer = await ask(chat, "POST", TEA, "ann", {"message": "x", **more})
            assert (answer.status, answer.code) == (status, code), more
        answer = await ask(chat, "PATCH", f"{TEA}/1", "ann", {"message": "x", "revision": 0, "meta": []})
        assert answer.code == "invalid_input"
        assert (await ask(chat, "GET", TEA, "ann")).json["head_seq"] == 2


class Reader:
    """Forbids to mention everybody, and writes into `meta`."""

    @hookimpl
    def authorize(self, user, action, room):
        return False if action == "mention_room" else None

    @hookimpl
    def filter_message(self, draft, user):
        seen = msgspec.json.decode(draft.meta) if draft.meta else {}
        if seen.get("bad") == "filter":
            return draft.with_meta("[]")
        return draft.with_meta(msgspec.json.encode({**seen, "seen": len(seen)}).decode())


@pytest.mark.gen_test
async def test_filters_see_and_change_meta_and_plugins_forbid_to_mention_everybody():
    async with running_chat(plugins={"extra": Reader}) as chat:
        await (await chat.connect("tea", "ann")).hear()
        refused = await ask(chat, "POST", TEA, "ann", {"message": "all", "mentions": {"room": True}})
        assert (refused.status, refused.code) == (403, "forbidden")
        key = {"Idempotency-Key": "k"}
        for status in (201, 200):
            said = await ask(chat, "POST", TEA, "ann", {"message": "x", "meta": {"a": 1}}, headers=key)
            assert said.status == status, "a repeat is known by what its sender sent"
        plain = await say(chat, "ann", "plain", "p")
        assert (await say(chat, "ann", "plain", "p")).json == plain.json
        await ask(chat, "PATCH", f"{TEA}/1", "ann", {"message": "y", "revision": 0, "meta": {}})
        found = (await ask(chat, "GET", TEA, "ann")).json["messages"]
        assert [one["meta"] for one in found] == [{"seen": 0}, {"seen": 0}]
        bad = await ask(chat, "POST", TEA, "ann", {"message": "x", "meta": {"bad": "filter"}})
        assert (bad.status, bad.code) == (503, "unavailable"), "a filter that fails stores nothing"
