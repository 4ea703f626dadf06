"""Rooms over HTTP: which there are, making and removing one, what one may do, who is there."""

from __future__ import annotations

import pytest

from tests.server.http.web import ask
from tornchat.testing import running_chat

HOSTILE = [
    "..%2f..%2fetc",
    "%00",
    "a%0d%0ab",
    "%ff%fe",
    "*",
    "%7bx%7d",
    "a:b",
    "x' OR 1=1--",
    "%e2%80%aeevil",
]
HOSTILE += ["x" * 65, "a%20b", "%2e%2e", "a%25b", "<script>"]


@pytest.mark.gen_test
async def test_a_room_is_made_shown_listed_and_removed():
    async with running_chat() as chat:
        made = await ask(chat, "POST", "/api/rooms", "ann", {"name": "tea"})
        assert made.status == 201
        said = {"name", "title", "topic", "kind", "private", "owner", "epoch", "seq", "slow_seconds"}
        assert set(made.json) == said
        assert (made.json["owner"], made.json["private"], made.json["seq"]) == ("id-ann", False, 0)
        assert (await ask(chat, "POST", "/api/rooms", "bob", {"name": "tea"})).code == "room_taken"
        assert (await ask(chat, "GET", "/api/rooms/tea", "bob")).json == made.json
        listed = await ask(chat, "GET", "/api/rooms", "bob")
        assert listed.json == {"rooms": [made.json], "next": None}
        assert (await ask(chat, "DELETE", "/api/rooms/tea", "bob")).code == "forbidden"
        gone = await ask(chat, "DELETE", "/api/rooms/tea", "ann")
        assert (gone.status, gone.body) == (204, b"")
        assert (await ask(chat, "GET", "/api/rooms/tea", "ann")).status == 404


@pytest.mark.gen_test
async def test_who_is_in_a_room_that_is_removed_is_told_with_4000():
    async with running_chat() as chat:
        bob = await chat.connect("tea", "bob")
        await bob.hear()
        assert (await ask(chat, "DELETE", "/api/rooms/tea", "root", roles=("admin",))).status == 204
        assert await bob.closed() == 4000


@pytest.mark.gen_test
async def test_the_list_comes_in_parts():
    async with running_chat() as chat:
        for name in "cab":
            await ask(chat, "POST", "/api/rooms", "ann", {"name": name})
        first = (await ask(chat, "GET", "/api/rooms?limit=2", "bob")).json
        assert [room["name"] for room in first["rooms"]] == ["a", "b"]
        rest = (await ask(chat, "GET", f"/api/rooms?after={first['next']}", "bob")).json
        assert [room["name"] for room in rest["rooms"]] == ["c"]
        assert rest["next"] is None


@pytest.mark.gen_test
async def test_a_room_may_be_called_null():
    async with running_chat() as chat:
        for name in ("null", "zebra"):
            await ask(chat, "POST", "/api/rooms", "ann", {"name": name})
        assert (await ask(chat, "GET", "/api/rooms/null", "ann")).json["name"] == "null"
        rest = (await ask(chat, "GET", "/api/rooms?after=null", "ann")).json["rooms"]
        assert [room["name"] for room in rest] == ["zebra"]


@pytest.mark.gen_test
async def test_a_private_room_is_there_for_its_members_only():
    async with running_chat() as chat:
        await ask(chat, "POST", "/api/rooms", "ann", {"name": "den", "private": True})
        for path in ("", "/me", "/users", "/members", "/messages", "/search?q=x"):
            told = await ask(chat, "GET", f"/api/rooms/den{path}", "bob")
            assert told.status == 404, path
        assert (await ask(chat, "POST", "/api/rooms/den/messages", "bob", {"message": "x"})).status == 404
        assert (await ask(chat, "GET", "/api/rooms", "bob")).json["rooms"] == []
        member = await ask(chat, "PUT", "/api/rooms/den/members/id-bob", "ann", {"role": "member"})
        assert member.status == 204
        assert (await ask(chat, "GET", "/api/rooms/den", "bob")).status == 200
        assert [r["name"] for r in (await ask(chat, "GET", "/api/rooms", "bob")).json["rooms"]] == ["den"]


@pytest.mark.gen_test
async def test_one_is_told_what_one_may_do():
    async with running_chat() as chat:
        await ask(chat, "POST", "/api/rooms", "ann", {"name": "tea"})
        own = (await ask(chat, "GET", "/api/rooms/tea/me", "ann")).json
        assert (own["role"], own["actions"]) == ("owner", ["join", "send", "moderate", "manage"])
        bob = (await ask(chat, "GET", "/api/rooms/tea/me", "bob")).json
        assert (bob["role"], bob["actions"], bob["muted_until"]) == (None, ["join", "send"], None)
        root = (await ask(chat, "GET", "/api/rooms/tea/me", "root", roles=("admin",))).json
        assert root["actions"] == ["join", "send", "moderate", "manage"]


@pytest.mark.gen_test
async def test_one_is_told_who_is_there():
    async with running_chat() as chat:
        bob = await chat.connect("tea", "bob")
        await bob.hear()
        told = await ask(chat, "GET", "/api/rooms/tea/users", "ann")
        assert told.json == {"users": [{"id": "id-bob", "username": "bob", "guest": False}], "complete": True}


@pytest.mark.gen_test
async def test_a_hostile_name_is_a_room_that_is_not_there():
    async with running_chat() as chat:
        for name in HOSTILE:
            path = f"/api/rooms/{name}".replace(" ", "%20").replace("<", "%3C").replace(">", "%3E")
            for method, rest in (("GET", ""), ("GET", "/messages"), ("DELETE", ""), ("GET", "/users")):
                told = await ask(chat, method, path + rest, "ann")
                assert told.status == 404, (name, method, rest)
                assert len(told.body) < 500, name


@pytest.mark.gen_test
async def test_no_room_gets_a_hostile_name():
    async with running_chat() as chat:
        for name in ("", "a b", "../x", "a\0", "a\nb", "x" * 65, "x" * 2000, "\u202ex", 5, None):
            told = await ask(chat, "POST", "/api/rooms", "ann", {"name": name})
            assert told.status == 422, name
            assert told.code in ("invalid_input", "invalid_message"), name


@pytest.mark.gen_test
async def test_one_user_makes_so_many_rooms():
    async with running_chat({"limits": {"rooms_per_user": 1}}) as chat:
        assert (await ask(chat, "POST", "/api/rooms", "ann", {"name": "one"})).status == 201
        told = await ask(chat, "POST", "/api/rooms", "ann", {"name": "two"})
        assert (told.status, told.code) == (403, "too_many_rooms")


@pytest.mark.gen_test
async def test_a_list_that_has_not_changed_is_not_sent_again():
    async with running_chat() as chat:
        await ask(chat, "POST", "/api/rooms", "ann", {"name": "tea"})
        first = await ask(chat, "GET", "/api/rooms", "bob")
        known = {"If-None-Match": first.headers["ETag"]}
        again = await ask(chat, "GET", "/api/rooms", "bob", headers=known)
        assert (again.status, again.body) == (304, b"")
        await ask(chat, "POST", "/api/rooms", "ann", {"name": "soup"})
        changed = await ask(chat, "GET", "/api/rooms", "bob", headers=known)
        assert (changed.status, len(changed.json["rooms"])) == (200, 2)
        assert "ETag" not in (await ask(chat, "GET", "/api/rooms/tea", "bob")).headers


@pytest.mark.gen_test
async def test_a_room_says_what_it_is():
    async with running_chat() as chat:
        made = (await ask(chat, "POST", "/api/rooms", "ann", {"name": "tea"})).json
        assert (made["title"], made["topic"], made["kind"]) == ("", "", "open")
        change = {"title": "Tea time", "topic": "What we drink", "kind": "private", "slow_seconds": 30}
        changed = await ask(chat, "PATCH", "/api/rooms/tea", "ann", change)
        assert (changed.status, changed.json) == (200, {**made, **change, "private": True})
        assert (await ask(chat, "GET", "/api/rooms/tea", "bob")).status == 404
        assert (await ask(chat, "GET", "/api/rooms", "ann")).json["rooms"] == [changed.json]
        opened = await ask(chat, "PATCH", "/api/rooms/tea", "ann", {"kind": "open", "title": ""})
        assert (opened.json["title"], opened.json["topic"]) == ("", "What we drink")
        assert (await ask(chat, "PATCH", "/api/rooms/tea", "bob", {"title": "Mine"})).code == "forbidden"


@pytest.mark.gen_test
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"title": "x" * 81},
        {"topic": "x" * 251},
        {"title": "a\u202eb"},
        {"topic": "a\nb"},
        {"title": "a\u0000b"},
        {"title": 5},
        {"kind": "direct"},
        {"kind": "secret"},
        {"name": "coffee"},
        {"kind": "private", "title": "x" * 81},
    ],
)
async def test_what_no_room_says_changes_nothing(change):
    async with running_chat() as chat:
        made = (await ask(chat, "POST", "/api/rooms", "ann", {"name": "tea"})).json
        assert (await ask(chat, "PATCH", "/api/rooms/tea", "ann", change)).status == 422
        assert (await ask(chat, "GET", "/api/rooms/tea", "ann")).json == made
