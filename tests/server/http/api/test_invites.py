"""Invites over HTTP: made with a token in the fragment of a URL, listed without it, accepted, revoked."""

from __future__ import annotations

import pytest

from tests.server.http.web import ask
from tornchat.testing import running_chat

INVITES = "/api/rooms/tea/invites"


@pytest.mark.gen_test
async def test_an_invite_from_making_to_revoking():
    async with running_chat() as chat:
        await ask(chat, "POST", "/api/rooms", "ann", {"name": "tea", "private": True})
        assert (await ask(chat, "POST", INVITES, "bob", {})).code == "room_not_found"
        made = await ask(chat, "POST", INVITES, "ann", {"role": "moderator", "seconds": 600, "uses": 2})
        assert made.status == 201
        invite = made.json
        token = invite.pop("token")
        assert invite.pop("url") == f"/#invite={token}"
        listed = await ask(chat, "GET", INVITES, "ann")
        assert listed.json == {"invites": [invite]}
        assert token not in listed.body.decode()
        accepted = await ask(chat, "POST", "/api/invites/accept", "bob", {"token": token})
        assert accepted.json == {"room": "tea", "role": "moderator"}
        assert (await ask(chat, "GET", "/api/rooms/tea", "bob")).status == 200
        assert (await ask(chat, "GET", INVITES, "ann")).json["invites"][0]["used"] == 1
        path = f"{INVITES}/{invite['id']}"
        assert (await ask(chat, "DELETE", path, "bob")).code == "forbidden"
        assert (await ask(chat, "DELETE", path, "ann")).status == 204
        assert (await ask(chat, "DELETE", path, "ann")).status == 404
        gone = await ask(chat, "POST", "/api/invites/accept", "cat", {"token": token})
        assert (gone.status, gone.code) == (404, "not_found")


@pytest.mark.gen_test
async def test_an_invite_that_is_used_up_is_gone():
    async with running_chat() as chat:
        await ask(chat, "POST", "/api/rooms", "ann", {"name": "tea", "private": True})
        token = (await ask(chat, "POST", INVITES, "ann", {})).json["token"]
        assert (await ask(chat, "POST", "/api/invites/accept", "bob", {"token": token})).status == 200
        told = await ask(chat, "POST", "/api/invites/accept", "cat", {"token": token})
        assert (told.status, told.code) == (410, "invite_used_up")


@pytest.mark.gen_test
@pytest.mark.parametrize(
    "body", [{"role": "owner"}, {"seconds": 59}, {"uses": 0}, {"uses": 1.5}, {"token": "mine"}, []]
)
async def test_what_no_invite_is(body):
    async with running_chat() as chat:
        await ask(chat, "POST", "/api/rooms", "ann", {"name": "tea"})
        assert (await ask(chat, "POST", INVITES, "ann", body)).status == 422
