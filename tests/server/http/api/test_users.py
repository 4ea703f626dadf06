"""Users over HTTP, on the whole site, and the audit of what was done."""

from __future__ import annotations

import pytest

from tests.server.http.web import ask
from tornchat.testing import running_chat

ADMIN = ("admin",)


@pytest.mark.gen_test
async def test_a_user_is_banned_from_the_site_and_let_in_again():
    async with running_chat() as chat:
        bob = await chat.connect("tea", "bob")
        await bob.hear()
        assert (await ask(chat, "PUT", "/api/users/id-bob/ban", "ann", {"seconds": 60})).code == "forbidden"
        banned = await ask(chat, "PUT", "/api/users/id-bob/ban", "root", {"seconds": 60}, roles=ADMIN)
        assert banned.status == 204
        assert await bob.closed() == 4003
        assert (await ask(chat, "GET", "/api/me", "bob")).code == "forbidden"
        assert (await ask(chat, "POST", "/api/rooms/tea/messages", "bob", {"message": "hi"})).status == 403
        [told] = (await ask(chat, "GET", "/api/admin/sanctions", "root", roles=ADMIN)).json["sanctions"]
        assert (told["user_id"], told["kind"], told["by"]) == ("id-bob", "ban", "id-root")
        assert (await ask(chat, "DELETE", "/api/users/id-bob/ban", "root", roles=ADMIN)).status == 204
        assert (await ask(chat, "GET", "/api/me", "bob")).status == 200
        assert (await ask(chat, "DELETE", "/api/users/id-bob/ban", "root", roles=ADMIN)).code == "not_found"


@pytest.mark.gen_test
async def test_tokens_are_revoked():
    async with running_chat() as chat:
        token = {"Authorization": f"Bearer {chat.token('bob')}"}
        bob = await chat.connect("tea", **token)
        await bob.hear()
        revoke = "/api/users/id-bob/revoke"
        assert (await ask(chat, "POST", revoke, "root", {}, roles=ADMIN)).status == 204
        assert await bob.closed() == 4001
        assert (await ask(chat, "GET", "/api/me", headers=token)).code == "unauthorized"
        ahead = await ask(chat, "POST", revoke, "root", {"before": 4e9}, roles=ADMIN)
        assert ahead.code == "invalid_message"


@pytest.mark.gen_test
async def test_the_audit_is_read_in_parts_by_admins_only():
    async with running_chat() as chat:
        await ask(chat, "POST", "/api/rooms", "ann", {"name": "tea"})
        for name in ("bob", "cat"):
            await ask(chat, "PUT", f"/api/rooms/tea/mutes/id-{name}", "ann", {"seconds": 60})
        await ask(chat, "POST", "/api/users/id-bob/disconnect", "root", roles=ADMIN)
        assert (await ask(chat, "GET", "/api/admin/audit", "ann")).code == "forbidden"
        first = (await ask(chat, "GET", "/api/admin/audit?limit=2", "root", roles=ADMIN)).json
        acts = [(one["actor"], one["action"], one["target"], one["room"]) for one in first["entries"]]
        assert acts == [("id-root", "disconnect", "id-bob", None), ("id-ann", "mute", "id-cat", "tea")]
        after = f"/api/admin/audit?limit=3&before={first['next']}"
        rest = (await ask(chat, "GET", after, "root", roles=ADMIN)).json
        assert [one["action"] for one in rest["entries"]] == ["mute", "create room"]
        assert rest["entries"][1]["target"] is None
        assert rest["next"] is None
        bobs = (await ask(chat, "GET", "/api/admin/audit?user_id=id-bob&room=tea", "root", roles=ADMIN)).json
        assert [one["action"] for one in bobs["entries"]] == ["mute"]
