"""What a page asks first: what server this is, a guest's token, who one is."""

from __future__ import annotations

import time
from datetime import datetime

import pytest

from tests.server.http.web import ask
from tornchat.testing import running_chat

HERE = {"guest": {"enabled": "yes"}}


@pytest.mark.gen_test
async def test_anybody_may_ask_what_this_server_is():
    async with running_chat({"rooms": {"default": "lobby"}}) as chat:
        told = await ask(chat, "GET", "/api/")
        assert told.status == 200
        assert told.headers["Content-Type"] == "application/json"
        assert told.json["name"] == "tornchat"
        assert told.json["guest"] is True
        assert told.json["rooms"] == {"default": "lobby"}


@pytest.mark.gen_test
async def test_a_guest_is_a_user_like_others_for_a_while():
    async with running_chat({"guest": {"lifetime": 60}}) as chat:
        told = await ask(chat, "POST", "/api/guest", body={"username": "Zoë"})
        assert told.status == 201
        assert told.json["user"]["username"] == "Zoë"
        me = await ask(chat, "GET", "/api/me", headers={"Authorization": f"Bearer {told.json['token']}"})
        assert (me.json["id"], me.json["roles"]) == (told.json["user"]["id"], ["guest"])
        ends = [datetime.fromisoformat(one.json["expires_at"]).timestamp() for one in (told, me)]
        assert 0 <= ends[1] - ends[0] <= 1, "a token's end is a whole second"
        assert 50 < ends[0] - time.time() <= 60
        zoe = await chat.connect("tea", Authorization=f"Bearer {told.json['token']}")
        assert (await zoe.hear())["users"] == [told.json["user"]]


@pytest.mark.gen_test
async def test_two_guests_of_one_name_are_two_users_and_nobody_else():
    async with running_chat() as chat:
        guests = [(await ask(chat, "POST", "/api/guest", body={"username": "id-ann"})).json for _ in "12"]
        ids = {guest["user"]["id"] for guest in guests}
        assert len(ids) == 2
        assert all(one.startswith("guest-") for one in ids)


@pytest.mark.gen_test
async def test_a_guest_needs_a_name_that_can_be_shown():
    async with running_chat() as chat:
        names = ["", " ", "\t", "a\0", "a\nb", "\u202eevil", "a\u2066b", "x" * 65, " x", 5, None, ["a"]]
        for name in names:
            told = await ask(chat, "POST", "/api/guest", body={"username": name})
            assert (told.status, told.code) == (422, "invalid_input"), name
            assert told.json["errors"][0]["path"] == "body.username", name


@pytest.mark.gen_test
async def test_one_address_gets_so_many_tokens_in_a_minute():
    async with running_chat({"guest": {"per_minute": 2}}) as chat:
        told = [await ask(chat, "POST", "/api/guest", body={"username": "x"}) for _ in range(3)]
        assert [one.status for one in told] == [201, 201, 429]
        assert 1 <= int(told[2].headers["Retry-After"]) <= 30


@pytest.mark.gen_test
async def test_with_public_keys_only_there_is_nobody_to_sign_a_guests_token():
    class Verifier:
        from tornchat import hookimpl

        @hookimpl
        def authenticate(self, credentials):
            return None

    given = {"tornchat": {"plugins": "verifier, peewee, local"}, **HERE}
    async with running_chat(given, {"verifier": Verifier}) as chat:
        assert (await ask(chat, "GET", "/api/")).json["guest"] is False
        told = await ask(chat, "POST", "/api/guest", body={"username": "x"})
        assert (told.status, told.code) == (501, "not_provided")


@pytest.mark.gen_test
async def test_one_may_ask_who_one_is():
    async with running_chat() as chat:
        told = await ask(chat, "GET", "/api/me", "ann", roles=("admin",))
        assert told.status == 200
        assert told.json.pop("expires_at").endswith("Z")
        assert told.json == {"id": "id-ann", "username": "ann", "roles": ["admin"], **told.json}
