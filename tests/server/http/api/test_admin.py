"""What the dashboard asks for: only by admins, and as things are."""

from __future__ import annotations

import pytest

from tests.server.http.web import ask
from tornchat.testing import RunningChat, running_chat

ADMIN = {"user": "prince", "roles": ("admin",)}
CALLS = ("overview", "rooms", "sessions", "hooks")


async def see(chat: RunningChat, path: str):
    answer = await ask(chat, "GET", f"/api/admin/{path}", **ADMIN)
    assert answer.status == 200, answer.body
    return answer.json


@pytest.mark.gen_test
@pytest.mark.parametrize("call", CALLS)
async def test_only_admins_are_answered(call):
    async with running_chat() as chat:
        assert (await ask(chat, "GET", f"/api/admin/{call}")).status == 401
        assert (await ask(chat, "GET", f"/api/admin/{call}", "romeo", roles=("moderator",))).status == 403
        assert (await ask(chat, "GET", f"/api/admin/{call}", **ADMIN)).status == 200


@pytest.mark.gen_test
async def test_rooms_and_sessions_are_those_that_there_are_sorted_and_searched():
    async with running_chat() as chat:
        for room, name in (("hall", "romeo"), ("hall", "juliet"), ("cell", "laurence")):
            client = await chat.connect(room, name)
            await client.say("Good morrow.")
            await client.hear_message()
        rooms = await see(chat, "rooms?sort=sessions&order=down")
        assert [(room["name"], room["sessions"], room["users"], room["seq"]) for room in rooms["rooms"]] == [
            ("hall", 2, 2, 2),
            ("cell", 1, 1, 1),
        ]
        assert (await see(chat, "rooms?sort=name&order=up&limit=1"))["rooms"][0]["name"] == "cell"
        assert (await see(chat, "rooms?limit=1"))["found"] == 2
        nothing = {"node": chat.app._site.chat.node_id, "rooms": [], "found": 0}
        assert await see(chat, "rooms?q=nowhere") == nothing
        found = await see(chat, "sessions?q=ROM")
        [romeo] = found["sessions"]
        assert (romeo["user_id"], romeo["room"], romeo["remote_ip"]) == ("id-romeo", "hall", "127.0.0.1")
        assert romeo["behind_bytes"] == 0
        by_name = (await see(chat, "sessions?sort=username&order=down"))["sessions"]
        assert [row["username"] for row in by_name] == ["romeo", "laurence", "juliet"]


@pytest.mark.gen_test
async def test_the_overview_counts_what_happened_and_keeps_what_was():
    async with running_chat() as chat:
        romeo = await chat.connect("hall", "romeo")
        for number in range(3):
            await romeo.say(f"number {number}")
            await romeo.hear_message()
        chat.app._site.samples.take()
        told = await see(chat, "overview?since=0")
        assert told["node"]["scope"] == "process"
        assert told["node"]["plugins"] == ["jwt", "peewee", "local"]
        assert told["health"]["peewee"]["storage"] == "ok"
        assert (told["now"]["connections"], told["now"]["sessions"], told["now"]["rooms"]) == (1, 1, 1)
        assert (told["totals"]["received"], told["totals"]["stored"], told["totals"]["delivered"]) == (
            3,
            3,
            3,
        )
        times, values = told["series"]["times"], told["series"]["values"]
        assert {len(column) for column in values.values()} == {len(times)}
        assert values["connections"][-1] == 1
        assert values["received"][-1] > 0
        assert 0 < values["commit_p50"][-1] <= values["commit_p99"][-1]
        later = await see(chat, f"overview?since={times[-1]}")
        assert later["series"]["times"] == []


@pytest.mark.gen_test
async def test_hooks_are_told_with_what_they_took():
    async with running_chat() as chat:
        romeo = await chat.connect("hall", "romeo")
        await romeo.say("How long?")
        await romeo.hear_message()
        hooks = (await see(chat, "hooks"))["hooks"]
    [store] = [hook for hook in hooks if (hook["plugin"], hook["hook"]) == ("peewee", "store_messages")]
    assert store["calls"] == 1
    assert 0 < store["total"] < 5
    assert store["failures"] == {}
