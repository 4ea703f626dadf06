"""Kinds of plugins over HTTP: a poll is asked, read, voted on and closed, or refused."""

from __future__ import annotations

import pytest

from tests.polls import OPTIONS, PollsPlugin
from tests.server.http.web import ask
from tornchat.testing import running_chat

TEA = "/api/rooms/tea/messages"
DATA = {"options": OPTIONS, "closed": False}
POLL = {"message": "Tea or coffee?", "kind": "poll", "data": {"options": OPTIONS}}


async def closes(chat, user="ann", seq=1, kind="close-poll", key=None, **body):
    headers = {} if key is None else {"Idempotency-Key": key}
    return await ask(chat, "POST", f"{TEA}/{seq}/revisions/{kind}", user, body, headers=headers)


@pytest.mark.gen_test
async def test_a_poll_is_asked_read_voted_on_and_closed():
    async with running_chat(plugins={"polls": PollsPlugin}) as chat:
        await (await chat.connect("tea", "ann")).hear()
        assert (await ask(chat, "POST", TEA, "ann", POLL)).status == 201
        [message] = (await ask(chat, "GET", TEA, "bob")).json["messages"]
        assert (message["kind"], message["data"], message["revision"]) == ("poll", DATA, 0)
        vote = await ask(chat, "PUT", f"{TEA}/1/marks/vote", "bob", {"tokens": ["2"]})
        assert vote.json == {"seq": 1, "position": 2, "tokens": ["2"]}
        first = await closes(chat, key="k")
        assert first.status == 200
        assert {**first.json, "timestamp": ""} == {"seq": 1, "position": 3, "revision": 1, "timestamp": ""}
        assert (await closes(chat, key="k")).json == first.json, "a repeat"
        message = (await ask(chat, "GET", f"{TEA}/1", "bob")).json
        assert (message["message"], message["data"]) == ("Tea or coffee? (closed)", {**DATA, "closed": True})
        assert message["marks"]["vote"]["2"]["count"] == 1
        [found] = (await ask(chat, "GET", "/api/rooms/tea/search?q=coffee", "bob")).json["messages"]
        assert found["kind"] == "poll"


@pytest.mark.gen_test
async def test_a_plain_message_has_no_kind():
    async with running_chat() as chat:
        await (await chat.connect("tea", "ann")).hear()
        await ask(chat, "POST", TEA, "ann", {"message": "hello", "kind": "message"})
        [message] = (await ask(chat, "GET", TEA, "bob")).json["messages"]
        assert not {"kind", "data"} & {*message}


@pytest.mark.gen_test
async def test_what_does_not_fit_is_a_problem():
    async with running_chat(plugins={"polls": PollsPlugin}) as chat:
        await (await chat.connect("tea", "ann")).hear()
        await ask(chat, "POST", TEA, "ann", POLL)
        await ask(chat, "POST", TEA, "ann", {"message": "plain"})
        for body in ({"kind": "quiz"}, {"kind": "vote"}, {"data": {"options": ["one"]}}, {"data": None}):
            refused = await ask(chat, "POST", TEA, "ann", {**POLL, **body})
            assert (refused.status, refused.code) == (422, "invalid_message"), body
        assert (await ask(chat, "POST", TEA, "ann", {**POLL, "data": []})).code == "invalid_input"
        assert (await closes(chat, user="bob")).code == "forbidden"
        for fields in ({"kind": "quiz"}, {"kind": "edit"}, {"kind": "vote"}, {"seq": 2}, {"data": {"a": 1}}):
            refused = await closes(chat, **fields)
            assert (refused.status, refused.code) == (422, "invalid_message"), fields
        assert (await closes(chat, seq=3)).code == "not_found"
        assert (await closes(chat, kind="Poll")).code == "invalid_input"
        assert (await closes(chat)).status == 200
        assert (await closes(chat)).code == "rejected"


@pytest.mark.gen_test
async def test_the_kinds_are_in_the_document_of_the_socket_and_on_its_page():
    async with running_chat(plugins={"polls": PollsPlugin}) as chat:
        document = (await ask(chat, "GET", "/asyncapi.json")).json
        said = [one["$ref"].rpartition("/")[2] for one in document["operations"]["v1Say"]["messages"]]
        assert said[-3:] == ["V1Send.poll", "V1Mark.vote", "V1Revise.close-poll"]
        page = (await ask(chat, "GET", "/asyncapi/")).body.decode()
        assert "The kind close-poll" in page
