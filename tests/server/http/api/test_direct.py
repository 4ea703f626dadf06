"""Direct rooms and the directory of users over HTTP."""

from __future__ import annotations

import pytest

from tests.server.http.web import ask
from tornchat import KnownUser
from tornchat.testing import running_chat


@pytest.mark.gen_test
async def test_it_is_created_once():
    async with running_chat() as chat:
        await chat.app.hooks.store_users([KnownUser("id-bob", "bob", "bob")])
        made = await ask(chat, "POST", "/api/direct", "ann", {"user_ids": ["id-bob"]})
        assert (made.status, made.json["kind"], made.json["private"]) == (201, "direct", True)
        assert made.json["owner"] is None
        again = await ask(chat, "POST", "/api/direct", "ann", {"user_ids": ["id-bob", "id-ann"]})
        assert (again.status, again.json) == (200, made.json)
        listed = (await ask(chat, "GET", "/api/rooms", "bob")).json["rooms"]
        assert listed == [made.json]
        assert (await ask(chat, "GET", f"/api/rooms/{made.json['name']}", "cat")).status == 404


@pytest.mark.gen_test
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"user_ids": ["id-ann"]}, 422),
        ({"user_ids": [f"u{number}" for number in range(10)]}, 422),
        ({"user_ids": ["u"] * 101}, 422),
        ({"user_ids": "id-bob"}, 422),
        ({"user_ids": [""]}, 422),
        ({}, 422),
        ({"user_ids": ["nobody"]}, 404),
    ],
)
async def test_whom_no_direct_room_has(body, status):
    async with running_chat() as chat:
        assert (await ask(chat, "POST", "/api/direct", "ann", body)).status == status


@pytest.mark.gen_test
async def test_users_are_found_only_where_there_is_a_directory():
    for directory, status in ((False, 404), (True, 200)):
        async with running_chat({"users": {"directory": directory}}) as chat:
            await chat.app.hooks.store_users([KnownUser("id-bob", "Bob", "bob", ("admin",))])
            found = await ask(chat, "GET", "/api/users?q=BO", "ann")
            assert found.status == status
            if directory:
                assert found.json == {"users": [{"id": "id-bob", "username": "Bob"}]}
                assert (await ask(chat, "GET", "/api/users", "ann")).status == 422
