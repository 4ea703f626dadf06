"""Messages over HTTP: they are said, read, deleted and found as those over a socket are."""

from __future__ import annotations

import functools
import operator
import re

import msgspec
import pytest

from tests.server.http.web import ask
from tornchat import Rejected, hookimpl
from tornchat.server.http.api.messages import MOST_PAGE_BYTES
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
        assert (page["head_seq"], page["to_seq"]) == (4, 4)


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
