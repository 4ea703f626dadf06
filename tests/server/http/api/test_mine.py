"""A user's own over HTTP: rooms with what is not read yet, and the inbox."""

from __future__ import annotations

import pytest

from tests.server.http.web import ask
from tornchat.testing import running_chat

ROOMS, INBOX = "/api/me/rooms", "/api/me/inbox"


@pytest.mark.gen_test
async def test_rooms_say_what_is_not_read_yet():
    async with running_chat() as chat:
        for room in ("tea", "coffee"):
            await ask(chat, "POST", "/api/rooms", "ann", {"name": room})
        for number in range(3):
            mention = {"message": str(number), "mentions": {"users": ["id-ann"]}}
            assert (await ask(chat, "POST", "/api/rooms/tea/messages", "bob", mention)).status == 201
        rooms = (await ask(chat, "GET", ROOMS, "ann")).json["rooms"]
        told = [(room["name"], room["role"], room["unread"], room["mentions"]) for room in rooms]
        assert told == [("coffee", "owner", 0, 0), ("tea", "owner", 3, 3)]
        await ask(chat, "POST", "/api/rooms/tea/messages", "ann", {"message": "I have read it."})
        [_, tea] = (await ask(chat, "GET", ROOMS, "ann")).json["rooms"]
        assert (tea["seq"], tea["read_seq"], tea["unread"], tea["mentions"]) == (4, 4, 0, 0)
        [tea] = (await ask(chat, "GET", ROOMS, "bob")).json["rooms"]
        assert (tea["name"], tea["role"], tea["read_seq"], tea["unread"]) == ("tea", None, 3, 1)
        page = (await ask(chat, "GET", f"{ROOMS}?limit=1", "ann")).json
        assert ([room["name"] for room in page["rooms"]], page["next"]) == (["coffee"], "coffee")
        rest = (await ask(chat, "GET", f"{ROOMS}?limit=1&after=coffee", "ann")).json
        assert [room["name"] for room in rest["rooms"]] == ["tea"]
        assert (await ask(chat, "GET", ROOMS)).status == 401


@pytest.mark.gen_test
async def test_the_inbox_has_what_one_may_see_at_this_moment():
    async with running_chat() as chat:
        await ask(chat, "POST", "/api/rooms", "bob", {"name": "secret", "private": True})
        await ask(chat, "POST", "/api/rooms", "bob", {"name": "tea"})
        await ask(chat, "PUT", "/api/rooms/secret/members/id-ann", "bob", {"role": "member"})
        for room in ("secret", "tea", "secret"):
            mention = {"message": f"in {room}", "mentions": {"users": ["id-ann", "id-cat"]}}
            await ask(chat, "POST", f"/api/rooms/{room}/messages", "bob", mention)
        assert await inbox(chat, "ann") == [("secret", 2), ("tea", 1), ("secret", 1)]
        assert await inbox(chat, "cat") == [("tea", 1)]
        page = (await ask(chat, "GET", f"{INBOX}?limit=2", "ann")).json
        assert [one["message"] for one in page["mentions"]] == ["in secret", "in tea"]
        rest = (await ask(chat, "GET", f"{INBOX}?limit=2&before={page['next']}", "ann")).json
        assert ([one["seq"] for one in rest["mentions"]], rest["next"]) == ([1], None)
        await ask(chat, "DELETE", "/api/rooms/secret/messages/2", "bob")
        assert await inbox(chat, "ann") == [("tea", 1), ("secret", 1)]
        await ask(chat, "DELETE", "/api/rooms/secret/members/id-ann", "bob")
        assert await inbox(chat, "ann") == [("tea", 1)]
        await ask(chat, "PUT", "/api/me/blocks/id-bob", "ann")
        assert await inbox(chat, "ann") == []
        for bad in ("before=0", "limit=0", "limit=201", "before=x"):
            assert (await ask(chat, "GET", f"{INBOX}?{bad}", "ann")).status == 422


@pytest.mark.gen_test
async def test_who_is_banned_finds_nothing_of_the_room():
    async with running_chat() as chat:
        await ask(chat, "POST", "/api/rooms", "bob", {"name": "tea"})
        mention = {"message": "hello", "mentions": {"users": ["id-ann"]}}
        await ask(chat, "POST", "/api/rooms/tea/messages", "bob", mention)
        await ask(chat, "POST", "/api/rooms/tea/messages", "ann", {"message": "hello"})
        assert len((await ask(chat, "GET", ROOMS, "ann")).json["rooms"]) == 1
        await ask(chat, "PUT", "/api/rooms/tea/bans/id-ann", "bob", {"seconds": 60})
        assert await inbox(chat, "ann") == []
        assert (await ask(chat, "GET", ROOMS, "ann")).json["rooms"] == []


async def inbox(chat, name):
    """Where the messages are that the inbox has."""
    return [(one["room"], one["seq"]) for one in (await ask(chat, "GET", INBOX, name)).json["mentions"]]
