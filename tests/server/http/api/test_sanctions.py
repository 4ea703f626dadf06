"""Kick, ban, mute and disconnect over HTTP."""

from __future__ import annotations

import pytest

from tests.server.http.web import ask
from tornchat.testing import running_chat

TEA = "/api/rooms/tea"


@pytest.mark.gen_test
async def test_who_is_kicked_may_come_again():
    async with running_chat() as chat:
        await ask(chat, "POST", "/api/rooms", "ann", {"name": "tea"})
        bob = await chat.connect("tea", "bob")
        await bob.hear()
        assert (await ask(chat, "POST", f"{TEA}/kick", "eve", {"user_id": "id-bob"})).code == "forbidden"
        assert (await ask(chat, "POST", f"{TEA}/kick", "ann", {"user_id": "id-bob"})).status == 204
        assert await bob.closed() == 4003
        again = await chat.connect("tea", "bob")
        assert (await again.hear())["type"] == "room_users_list"


@pytest.mark.gen_test
async def test_who_is_banned_finds_no_such_room_until_the_ban_is_lifted():
    async with running_chat() as chat:
        await ask(chat, "POST", "/api/rooms", "ann", {"name": "tea"})
        bob = await chat.connect("tea", "bob")
        await bob.hear()
        assert (await ask(chat, "PUT", f"{TEA}/bans/id-bob", "ann", {"seconds": 600})).status == 204
        assert await bob.closed() == 4003
        assert await (await chat.connect("tea", "bob")).closed() == 4000
        assert (await ask(chat, "GET", f"{TEA}/messages", "bob")).status == 404
        own = (await ask(chat, "GET", f"{TEA}/me", "bob")).json
        assert own["actions"] == []
        assert own["banned_until"].endswith("Z")
        [one] = (await ask(chat, "GET", f"{TEA}/sanctions", "ann")).json["sanctions"]
        assert (one["user_id"], one["kind"], one["by"]) == ("id-bob", "ban", "id-ann")
        assert (await ask(chat, "GET", f"{TEA}/sanctions", "eve")).code == "forbidden"
        assert (await ask(chat, "DELETE", f"{TEA}/bans/id-bob", "ann")).status == 204
        assert (await ask(chat, "DELETE", f"{TEA}/bans/id-bob", "ann")).code == "not_found"
        assert (await ask(chat, "GET", f"{TEA}/messages", "bob")).status == 200


@pytest.mark.gen_test
async def test_who_is_muted_says_nothing():
    async with running_chat() as chat:
        await ask(chat, "POST", "/api/rooms", "ann", {"name": "tea"})
        assert (await ask(chat, "PUT", f"{TEA}/mutes/id-bob", "ann", {"seconds": 600})).status == 204
        told = await ask(chat, "POST", f"{TEA}/messages", "bob", {"message": "x"})
        assert (told.status, told.code) == (403, "muted")
        assert (await ask(chat, "GET", f"{TEA}/me", "bob")).json["muted_until"].endswith("Z")
        lifted = await ask(chat, "DELETE", f"{TEA}/mutes/id-bob", "eve", roles=("moderator",))
        assert lifted.status == 204, "the token's role counts in every room"
        assert (await ask(chat, "POST", f"{TEA}/messages", "bob", {"message": "x"})).status == 201


@pytest.mark.gen_test
async def test_nobody_locks_themselves_out():
    """An admin who is banned could not lift it: to who is banned the room is not there."""
    async with running_chat() as chat:
        await ask(chat, "POST", "/api/rooms", "ann", {"name": "tea"})
        for user, role in (("ann", "admin"), ("eve", "moderator")):
            for kind in ("bans", "mutes"):
                place = f"{TEA}/{kind}/id-{user}"
                told = await ask(chat, "PUT", place, user, {"seconds": 600}, roles=(role,))
                assert (told.status, told.code) == (403, "forbidden"), (user, kind)
            assert (await ask(chat, "GET", f"{TEA}/sanctions", user, roles=(role,))).status == 200


@pytest.mark.gen_test
async def test_a_sanction_lasts_a_time_that_can_be():
    async with running_chat() as chat:
        await ask(chat, "POST", "/api/rooms", "ann", {"name": "tea"})
        for seconds in (0, -1, 1e300, "600", None, 10**400, True):
            told = await ask(chat, "PUT", f"{TEA}/bans/id-bob", "ann", {"seconds": seconds})
            assert told.status == 422, seconds


@pytest.mark.gen_test
async def test_an_admin_disconnects_a_user_everywhere():
    async with running_chat() as chat:
        bobs = [await chat.connect(room, "bob") for room in ("tea", "den")]
        for bob in bobs:
            await bob.hear()
        assert (
            await ask(chat, "POST", "/api/users/id-bob/disconnect", "root", roles=("admin",))
        ).status == 204
        assert [await bob.closed() for bob in bobs] == [4003, 4003]
