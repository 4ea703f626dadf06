"""Members over HTTP: who is what in a room, and who may change it."""

from __future__ import annotations

import pytest

from tests.server.http.web import ask
from tornchat.testing import running_chat

BOB = "/api/rooms/tea/members/id-bob"


@pytest.mark.gen_test
async def test_the_owner_says_who_is_what():
    async with running_chat() as chat:
        await ask(chat, "POST", "/api/rooms", "ann", {"name": "tea"})
        assert (await ask(chat, "PUT", BOB, "bob", {"role": "moderator"})).code == "forbidden"
        assert (await ask(chat, "PUT", BOB, "ann", {"role": "moderator"})).status == 204
        listed = (await ask(chat, "GET", "/api/rooms/tea/members", "eve")).json["members"]
        assert sorted((one["user_id"], one["role"]) for one in listed) == [
            ("id-ann", "owner"),
            ("id-bob", "moderator"),
        ]
        assert (await ask(chat, "DELETE", BOB, "eve")).code == "forbidden"
        assert (await ask(chat, "DELETE", BOB, "bob")).status == 204, "everybody may leave"
        assert (await ask(chat, "DELETE", BOB, "ann")).code == "not_found"


@pytest.mark.gen_test
async def test_there_are_three_roles():
    async with running_chat() as chat:
        await ask(chat, "POST", "/api/rooms", "ann", {"name": "tea"})
        for role in ("admin", "", None, 1, "Owner"):
            told = await ask(chat, "PUT", BOB, "ann", {"role": role})
            assert (told.code, told.json["errors"][0]["path"]) == ("invalid_input", "body.role"), role


@pytest.mark.gen_test
async def test_an_id_may_be_any_text_and_means_nobody_else():
    async with running_chat() as chat:
        await ask(chat, "POST", "/api/rooms", "ann", {"name": "tea"})
        for written, meant in (
            ("a%2fb", "a/b"),
            ("%C3%A9", "é"),
            ("a%3Ab", "a:b"),
            ("%25", "%"),
        ):
            place = f"/api/rooms/tea/members/{written}"
            if (await ask(chat, "PUT", place, "ann", {"role": "member"})).status == 204:
                listed = (await ask(chat, "GET", "/api/rooms/tea/members", "ann")).json["members"]
                assert {"user_id": meant, "role": "member"} in listed
                assert (await ask(chat, "DELETE", place, "ann")).status == 204
        told = await ask(chat, "PUT", f"/api/rooms/tea/members/{'x' * 257}", "ann", {"role": "member"})
        assert told.code == "invalid_input"
