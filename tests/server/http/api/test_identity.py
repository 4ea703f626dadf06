# ruff: noqa: RUF001 (letters that look like others are what this is about)
"""What a page asks first: what server this is, a guest's token, who one is."""

from __future__ import annotations

import time
from datetime import datetime
from urllib.parse import quote

import pytest

from tests.server.http.web import ask
from tornchat import Unavailable, User, hookimpl
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
        assert (await zoe.hear())["users"] == [{"id": told.json["user"]["id"], "username": "Zoë"}]


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


@pytest.mark.gen_test
@pytest.mark.parametrize("user_id", [".", ".."])
async def test_an_id_that_no_url_can_name_is_refused(user_id):
    async with running_chat() as chat:
        token = chat.app.hooks.issue_token(User(user_id, "dot"), 60)
        headers = {"Authorization": f"Bearer {token}"}
        assert (await ask(chat, "GET", "/api/me", headers=headers)).status == 401
        assert await (await chat.connect("tea", **headers)).closed() == 4001


@pytest.mark.gen_test
async def test_every_other_id_can_be_banned_and_the_ban_lifted():
    async with running_chat() as chat:
        await ask(chat, "POST", "/api/rooms", "ann", {"name": "tea"})
        for user_id in ("...", "a/b", "%2e", "a?b#c", "é 😀", "..;", "a+b", "a\\b"):
            path = f"/api/rooms/tea/bans/{quote(user_id, safe='')}"
            assert (await ask(chat, "PUT", path, "ann", {"seconds": 60})).status == 204, user_id
            listed = await ask(chat, "GET", "/api/rooms/tea/sanctions", "ann")
            assert [one["user_id"] for one in listed.json["sanctions"]] == [user_id]
            assert (await ask(chat, "DELETE", path, "ann")).status == 204, user_id
        assert (await ask(chat, "GET", "/api/rooms/tea", "ann")).status == 200


class Own:
    """A site's own login: a cookie. It may be away."""

    @hookimpl
    def authenticate(self, credentials):
        who = credentials.cookies.get("login")
        if who == "away":
            raise Unavailable("the session store is away")
        return User(f"id-{who}", who) if who else None


@pytest.mark.gen_test
async def test_who_is_logged_in_to_the_site_is_told_and_nobody_else():
    given = {"tornchat": {"plugins": "own, jwt, peewee, local"}, "limits": {"failed_logins_per_minute": 1}}
    async with running_chat(given, {"own": Own}) as chat:
        told = await ask(chat, "GET", "/api/", headers={"Cookie": "login=ann"})
        assert told.json["me"] == {"id": "id-ann", "username": "ann", "roles": [], "expires_at": None}
        for headers in ({}, {"Cookie": "other=1"}, {"Authorization": "Bearer none", "Cookie": "login=ann"}):
            for _ in range(3):  # a visitor without a login has not failed at one
                told = await ask(chat, "GET", "/api/", headers=headers)
                assert (told.status, told.json["me"]) == (200, None)
        assert sum(chat.app._chat.counts.auth_failures.values()) == 0
        away = await ask(chat, "GET", "/api/", headers={"Cookie": "login=away"})
        assert (away.status, away.code) == (503, "unavailable")


@pytest.mark.gen_test
async def test_a_guest_is_renewed_as_the_same_one():
    async with running_chat({"guest": {"lifetime": 60}}) as chat:
        first = (await ask(chat, "POST", "/api/guest", body={"username": "Zoe"})).json
        bearer = {"Authorization": f"Bearer {first['token']}"}
        again = await ask(chat, "POST", "/api/guest/renew", headers=bearer)
        assert again.status == 200
        assert again.json["user"] == first["user"]
        assert again.json["expires_at"] >= first["expires_at"]
        zoe = await chat.connect("tea", Authorization=f"Bearer {again.json['token']}")
        assert (await zoe.hear())["users"] == [{"id": first["user"]["id"], "username": "Zoe"}]


@pytest.mark.gen_test
async def test_only_guests_who_are_still_let_in_are_renewed():
    async with running_chat(HERE) as chat:
        assert (await ask(chat, "POST", "/api/guest/renew")).status == 401
        for roles in ((), ("guest",), ("admin",)):
            told = await ask(chat, "POST", "/api/guest/renew", "ann", roles=roles)
            assert (told.status, told.code) == (403, "forbidden"), roles
        token = chat.app.hooks.issue_token(User("guest-x", "Zoe", frozenset({"guest", "admin"})), 60)
        bearer = {"Authorization": f"Bearer {token}"}
        renewed = (await ask(chat, "POST", "/api/guest/renew", headers=bearer)).json["token"]
        me = await ask(chat, "GET", "/api/me", headers={"Authorization": f"Bearer {renewed}"})
        assert me.json["roles"] == ["guest"]
    async with running_chat({"guest": {"enabled": "no"}}) as chat:
        token = chat.app.hooks.issue_token(User("guest-x", "Zoe", frozenset({"guest"})), 60)
        told = await ask(chat, "POST", "/api/guest/renew", headers={"Authorization": f"Bearer {token}"})
        assert (told.status, told.code) == (403, "forbidden")


V1 = {"Sec-WebSocket-Protocol": "tornchat.v1"}
MANY = {"guest": {"per_minute": 0}}


async def become(chat, name):
    return await ask(chat, "POST", "/api/guest", body={"username": name})


@pytest.mark.gen_test
async def test_a_guests_name_is_made_plain():
    async with running_chat(MANY) as chat:
        for given, plain in (("Zoe\u0308 ", "Zoë"), ("Ann\u3000Lee", "Ann Lee"), ("A  B", "A B")):
            assert (await become(chat, given)).json["user"]["username"] == plain
        for hidden in (
            "An\u200bn",
            "\u115f",
            "A\u00adnn",
            "A\ufe0f",
            "\u2800",
            "Z\u0301\u0301\u0301a",
            "\ue000",
        ):
            assert (await become(chat, hidden)).status == 422, ascii(hidden)


@pytest.mark.gen_test
async def test_a_guest_can_not_be_called_like_who_has_a_token_or_is_here():
    async with running_chat(MANY) as chat:
        assert (await ask(chat, "GET", "/api/me", "paypal")).status == 200
        await chat.app._chat.people.write()  # from now on it is looked up in storage
        for name in ("Paypal", "P a y p a l", "раураl", "PAYPAL.", "pаypa1", "páypal"):
            told = await become(chat, name)
            assert (told.status, told.code) == (409, "name_taken"), name
        assert (await become(chat, "payback")).status == 201
        visitor = (await become(chat, "Visitor")).json
        assert (await become(chat, "visit0r")).status == 201  # nobody of that name is in a room yet
        socket = await chat.connect("tea", Authorization=f"Bearer {visitor['token']}")
        await socket.hear()
        assert (await become(chat, "VISIT0R")).code == "name_taken"
        socket.close()


@pytest.mark.gen_test
async def test_guests_are_marked_in_lists_of_v1_and_http_and_never_in_classic():
    async with running_chat(MANY) as chat:
        ann = await chat.connect("tea", "ann", **V1)
        classic = await chat.connect("tea", "bob")
        for client in (ann, classic):
            while (await client.hear())["type"] != "room_users_list":
                pass
        guest = (await become(chat, "Visitor")).json
        assert guest["user"]["guest"] is True
        headers = {"Authorization": f"Bearer {guest['token']}"}
        socket = await chat.connect("tea", **headers, **V1)
        me = {"id": guest["user"]["id"], "username": "Visitor"}
        assert (await socket.hear())["user"] == {**me, "guest": True}
        assert {**me, "guest": True} in (await socket.hear())["users"]
        joined = {"type": "user_join", "user_id": me["id"], "username": "Visitor"}
        told = [frame async for frame in until_join(ann, me["id"])][-1]
        assert told == {**joined, "guest": True}
        assert [frame async for frame in until_join(classic, me["id"])][-1] == joined
        late = await chat.connect("tea", "cat")
        assert me in (await late.hear())["users"]
        people = (await ask(chat, "GET", "/api/rooms/tea/users", "ann")).json["users"]
        assert {one["username"]: one["guest"] for one in people}["Visitor"] is True
        assert not {one["username"]: one["guest"] for one in people}["ann"]


async def until_join(client, user_id):
    while True:
        frame = await client.hear()
        yield frame
        if frame["type"] == "user_join" and frame["user_id"] == user_id:
            return


@pytest.mark.gen_test
async def test_who_has_a_guests_id_is_a_guest_whatever_the_token_says():
    async with running_chat(MANY) as chat:
        token = chat.app.hooks.issue_token(User("guest-root", "Root"), 60)
        me = await ask(chat, "GET", "/api/me", headers={"Authorization": f"Bearer {token}"})
        assert me.json["roles"] == ["guest"]
