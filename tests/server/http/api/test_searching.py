"""`GET /api/search`: all rooms of the caller, and nothing of others."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.server.http.web import ask
from tornchat.testing import RunningChat, running_chat

SEARCH = "/api/search"


async def found(chat: RunningChat, who: str, query: str) -> list[tuple[str, str]]:
    """Room and text of what somebody finds."""
    answer = await ask(chat, "GET", f"{SEARCH}?{query}", who)
    assert answer.status == 200, answer.json
    return [(one["room"], one["message"]["message"]) for one in answer.json["found"]]


async def say(chat: RunningChat, who: str, room: str, *texts: str) -> None:
    for text in texts:
        answer = await ask(chat, "POST", f"/api/rooms/{room}/messages", who, {"message": text})
        assert answer.status == 201, answer.json


@pytest.mark.gen_test
async def test_the_rooms_of_the_caller_are_searched_newest_first():
    async with running_chat() as chat:
        for room in ("tea", "coffee"):
            await ask(chat, "POST", "/api/rooms", "ann", {"name": room})
        await ask(chat, "POST", "/api/rooms", "bob", {"name": "pot"})
        await say(chat, "ann", "tea", "green leaves")
        await say(chat, "bob", "pot", "leaves in a pot")
        await say(chat, "ann", "coffee", "no leaves, but beans")
        assert await found(chat, "ann", "q=leaves") == [
            ("coffee", "no leaves, but beans"),
            ("tea", "green leaves"),
        ]
        assert await found(chat, "ann", "q=leav+gre") == [("tea", "green leaves")]
        assert await found(chat, "ann", "q=leav+gre&prefix=0") == []
        assert await found(chat, "ann", "q=leaves&room=pot") == [("pot", "leaves in a pot")]
        assert await found(chat, "ann", "q=leaves&room=pot&sender_id=id-ann") == []
        assert await found(chat, "ann", "q=leaves&before=2020-01-01T00:00:00Z") == []
        later = quote("2999-01-01T00:00:00+01:00")
        assert len(await found(chat, "ann", f"q=leaves&before={later}")) == 2
        assert await found(chat, "cat", "q=leaves") == []
        assert (await ask(chat, "GET", f"{SEARCH}?q=leaves")).status == 401


@pytest.mark.gen_test
async def test_parts_follow_each_other():
    async with running_chat() as chat:
        for room in ("tea", "pot-1"):
            await ask(chat, "POST", "/api/rooms", "ann", {"name": room})
            await say(chat, "ann", quote(room), *(f"leaf {number}" for number in range(5)))
        everything = await found(chat, "ann", "q=leaf")
        assert len(everything) == 10
        parts, after = [], ""
        while True:
            answer = (await ask(chat, "GET", f"{SEARCH}?q=leaf&limit=3{after}", "ann")).json
            parts += [(one["room"], one["message"]["message"]) for one in answer["found"]]
            if answer["next"] is None:
                break
            after = f"&after={quote(answer['next'])}"
        assert parts == everything


@pytest.mark.gen_test
async def test_nobody_finds_what_they_may_not_see():
    async with running_chat() as chat:
        await ask(chat, "POST", "/api/rooms", "bob", {"name": "secret", "private": True})
        await say(chat, "bob", "secret", "the word is sesame")
        assert await found(chat, "ann", "q=sesame") == []
        assert (await ask(chat, "GET", f"{SEARCH}?q=sesame&room=secret", "ann")).status == 404
        await ask(chat, "PUT", "/api/rooms/secret/members/id-ann", "bob", {"role": "member"})
        assert await found(chat, "ann", "q=sesame") == [("secret", "the word is sesame")]
        await ask(chat, "DELETE", "/api/rooms/secret/members/id-ann", "bob")
        assert await found(chat, "ann", "q=sesame") == []
        await ask(chat, "POST", "/api/rooms", "bob", {"name": "tea"})
        await say(chat, "ann", "tea", "sesame seeds")
        assert await found(chat, "ann", "q=sesame") == [("tea", "sesame seeds")]
        await ask(chat, "PUT", "/api/rooms/tea/bans/id-ann", "bob", {"seconds": 60})
        assert await found(chat, "ann", "q=sesame") == []


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "q=",
        "q=tea&before=yesterday",
        "q=tea&before=2026-01-01",
        "q=tea&after=x",
        "q=tea&limit=0",
        "q=a&b=c",
    ],
)
@pytest.mark.gen_test
async def test_bad_queries_are_refused(bad):
    async with running_chat() as chat:
        assert (await ask(chat, "GET", f"{SEARCH}?{bad}", "ann")).status == 422
