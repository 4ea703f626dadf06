"""Marks over HTTP: they are set, counted and read, by those who may."""

from __future__ import annotations

import pytest

from tests.server.http.web import ask
from tornchat import hookimpl
from tornchat.testing import running_chat

TEA = "/api/rooms/tea/messages"
UP, PARTY, HEART = "\N{THUMBS UP SIGN}", "\N{PARTY POPPER}", "\N{HEAVY BLACK HEART}"
UNLIMITED = {"limits": {"messages_per_second": 0}}


async def marks(chat, user, *tokens, seq=1, key=None, room="tea", kind="reaction", **more):
    path = f"/api/rooms/{room}/messages/{seq}/marks/{kind}"
    headers = {} if key is None else {"Idempotency-Key": key}
    return await ask(chat, "PUT", path, user, {"tokens": tokens}, headers=headers, **more)


async def opens(chat, *texts):
    """Ann owns the room `tea` and says these texts in it; returns her client."""
    ann = await chat.connect("tea", "ann")
    await ann.hear()
    for text in texts:
        assert (await ask(chat, "POST", TEA, "ann", {"message": text})).status == 201
    return ann


@pytest.mark.gen_test
async def test_a_set_of_tokens_replaces_the_one_before_and_an_empty_one_removes_it():
    async with running_chat() as chat:
        await opens(chat, "one")
        first = await marks(chat, "bob", UP, HEART + "\N{VARIATION SELECTOR-16}", UP)
        assert (first.status, first.json) == (200, {"seq": 1, "position": 2, "tokens": [UP, HEART]})
        assert (await marks(chat, "eve", UP)).json["position"] == 3
        assert (await marks(chat, "bob", PARTY, UP)).json["position"] == 4
        same = await marks(chat, "bob", UP, PARTY)
        assert (same.status, same.json["position"]) == (200, 4), "nothing is stored"
        [message] = (await ask(chat, "GET", TEA, "zoe")).json["messages"]
        both = {"count": 2, "users": ["id-bob", "id-eve"]}
        assert message["marks"] == {"reaction": {UP: both, PARTY: {"count": 1, "users": ["id-bob"]}}}
        assert (message["position"], message["revision"]) == (4, 0)
        assert (await marks(chat, "bob")).json == {"seq": 1, "position": 5, "tokens": []}
        one = (await ask(chat, "GET", f"{TEA}/1", "zoe")).json
        assert one["marks"] == {"reaction": {UP: {"count": 1, "users": ["id-eve"]}}}


@pytest.mark.gen_test
async def test_the_same_key_marks_nothing_twice():
    async with running_chat() as chat:
        await opens(chat, "one", "two")
        first = await marks(chat, "bob", UP, key="k")
        await marks(chat, "bob", PARTY)
        assert (await marks(chat, "bob", UP, key="k")).json == first.json
        for other in ({"seq": 2}, {}):
            told = await marks(chat, "bob", HEART, key="k", **other)
            assert (told.status, told.code) == (409, "conflict")
        assert (await marks(chat, "eve", UP, key="k")).json["position"] == 5, (
            "each user has keys of their own"
        )
        assert (await marks(chat, "eve", UP, key="x" * 65)).code == "invalid_input"


BAD = [
    (["x" * 33], 422, "invalid_message"),
    ([""], 422, "invalid_message"),
    ([" "], 422, "invalid_message"),
    (["\N{VARIATION SELECTOR-16}"], 422, "invalid_message"),
    (["a\nb"], 422, "invalid_message"),
    (["\0"], 422, "invalid_message"),
    (["\N{RIGHT-TO-LEFT OVERRIDE}x"], 422, "invalid_message"),
    ([f"t{n}" for n in range(21)], 422, "invalid_message"),
    ([1], 422, "invalid_input"),
    (UP, 422, "invalid_input"),
    (None, 422, "invalid_input"),
    ({UP: 1}, 422, "invalid_input"),
]


@pytest.mark.gen_test
async def test_what_is_no_token_is_refused_and_nothing_is_stored():
    async with running_chat(UNLIMITED) as chat:
        await opens(chat, "one")
        path = f"{TEA}/1/marks/reaction"
        for tokens, status, code in BAD:
            told = await ask(chat, "PUT", path, "ann", {"tokens": tokens})
            assert (told.status, told.code) == (status, code), tokens
        json = {"Content-Type": "application/json"}
        for raw in (b"{}", b"[]", b'{"tokens":["\\ud800"]}', b'{"tokens":[]', b""):
            told = await ask(chat, "PUT", path, "ann", headers=json, raw=raw)
            assert told.status in (400, 422), raw
        for kind in ("edit", "message", "deletion", "vote", "Vote", "%00", "x" * 65):
            told = await marks(chat, "ann", UP, kind=kind)
            assert told.status in (404, 422), kind
        page = (await ask(chat, "GET", TEA, "ann")).json
        assert (page["head_seq"], page["messages"][0].get("marks", {})) == (1, {})


@pytest.mark.gen_test
async def test_a_message_has_at_most_fifty_different_tokens():
    async with running_chat(UNLIMITED) as chat:
        await opens(chat, "one")
        for number, size in enumerate((20, 20, 10)):
            told = await marks(chat, f"user{number}", *[f"t{number}-{n}" for n in range(size)])
            assert told.status == 200
        told = await marks(chat, "bob", "one more")
        assert (told.status, told.code) == (409, "too_many_marks")
        assert (await marks(chat, "bob", "t0-0")).status == 200


@pytest.mark.gen_test
@pytest.mark.long
async def test_only_messages_of_the_room_can_be_marked():
    async with running_chat(UNLIMITED) as chat:
        await opens(chat, "one", "gone")
        other = await chat.connect("coffee", "ann")
        await other.hear()
        for n in range(5):
            await ask(chat, "POST", "/api/rooms/coffee/messages", "ann", {"message": f"{n}"})
        await marks(chat, "ann", UP, seq=2)
        assert (await ask(chat, "DELETE", f"{TEA}/2", "ann")).status == 204
        for seq in (
            0,
            2,
            3,
            4,
            5,
            99,
            1 << 52,
        ):  # 2 is deleted, 3 and 4 are no messages, 5 is in another room
            told = await marks(chat, "ann", UP, seq=seq)
            assert (told.status, told.code) == (404, "not_found"), seq
        for seq in ("-1", "x", "1.0", 1 << 64):
            assert (await marks(chat, "ann", UP, seq=seq)).code == "invalid_input", seq
        assert (await marks(chat, "ann", UP, room="nowhere")).code == "room_not_found"
        assert (await ask(chat, "GET", TEA, "ann")).json["head_seq"] == 4


@pytest.mark.gen_test
async def test_who_has_marked_a_message_is_read_in_pages():
    async with running_chat(UNLIMITED) as chat:
        await opens(chat, "one", "two")
        for n in range(5):
            await marks(chat, f"user{n}", UP)
        await marks(chat, "user0", PARTY, HEART)
        await marks(chat, "user1")
        await marks(chat, "user1", UP, seq=2)
        path = f"{TEA}/1/marks"
        found = (await ask(chat, "GET", path, "bob")).json
        assert [(one["user_id"], one["position"]) for one in found["marks"]] == [
            ("id-user2", 5),
            ("id-user3", 6),
            ("id-user4", 7),
            ("id-user0", 8),
        ]
        last = {"user_id": "id-user0", "kind": "reaction", "tokens": [PARTY, HEART], "position": 8}
        assert (found["marks"][-1] | {"tokens": sorted(found["marks"][-1]["tokens"])}) == (
            last | {"tokens": sorted(last["tokens"])}
        )
        assert found["next"] is None
        places, after = [], 0
        while after is not None:
            page = (await ask(chat, "GET", f"{path}?limit=2&after={after}", "bob")).json
            places += [one["position"] for one in page["marks"]]
            after = page["next"]
        assert places == [5, 6, 7, 8]
        for seq in (0, 3, 99):
            assert (await ask(chat, "GET", f"{TEA}/{seq}/marks", "bob")).code == "not_found", seq
        for query in ("after=-1", "after=x", "limit=0", "limit=201", "limit=x", "other=1"):
            assert (await ask(chat, "GET", f"{path}?{query}", "bob")).code == "invalid_input", query


@pytest.mark.gen_test
async def test_a_deleted_message_has_no_marks():
    async with running_chat() as chat:
        await opens(chat, "one")
        await marks(chat, "bob", UP)
        await ask(chat, "DELETE", f"{TEA}/1", "ann")
        assert (await ask(chat, "GET", f"{TEA}/1/marks", "bob")).json == {"marks": [], "next": None}
        one = (await ask(chat, "GET", f"{TEA}/1?mine=1", "bob")).json
        assert (one["deleted"], one.get("marks", {}), one.get("mine", {})) == (True, {}, {})


@pytest.mark.gen_test
async def test_pages_say_what_the_caller_has_marked_only_if_asked():
    async with running_chat(UNLIMITED) as chat:
        await opens(chat, "root", "two", "three")
        reply = {"message": "reply", "thread": 1}
        assert (await ask(chat, "POST", TEA, "ann", reply)).status == 201
        await marks(chat, "bob", UP, seq=1)
        await marks(chat, "eve", UP, PARTY, seq=2)
        await marks(chat, "bob", HEART, seq=4)
        wanted = {"bob": {1: [UP], 4: [HEART]}, "eve": {2: [UP, PARTY]}, "zoe": {}}
        for user, mine in wanted.items():
            for query in ("mine=1", "mine=true", "mine=1&after=0", "mine=1&around=2"):
                page = (await ask(chat, "GET", f"{TEA}?{query}", user)).json["messages"]
                told = {one["seq"]: one["mine"].get("reaction") for one in page if one.get("mine")}
                assert {seq: sorted(tokens) for seq, tokens in told.items()} == {
                    seq: sorted(tokens) for seq, tokens in mine.items()
                }, (user, query)
        [one] = (await ask(chat, "GET", f"{TEA}/1/thread?mine=1", "bob")).json["messages"]
        assert one["mine"] == {"reaction": [HEART]}
        assert (await ask(chat, "GET", f"{TEA}/1?mine=1", "bob")).json["mine"] == {"reaction": [UP]}
        for path in (TEA, f"{TEA}?mine=0"):
            page = (await ask(chat, "GET", path, "bob")).json["messages"]
            assert not any("mine" in one for one in page), path
        assert (await ask(chat, "GET", f"{TEA}?mine=x", "bob")).code == "invalid_input"


@pytest.mark.gen_test
async def test_a_guest_marks_and_reads_as_others_do():
    async with running_chat({"guest": {"lifetime": 60}}) as chat:
        await opens(chat, "one")
        guest = (await ask(chat, "POST", "/api/guest", body={"username": "Zoë"})).json
        name, auth = guest["user"]["id"], {"Authorization": f"Bearer {guest['token']}"}
        path = f"{TEA}/1/marks"
        told = await ask(chat, "PUT", f"{path}/reaction", body={"tokens": [UP]}, headers=dict(auth))
        assert (told.status, told.json["tokens"]) == (200, [UP])
        [one] = (await ask(chat, "GET", path, headers=auth)).json["marks"]
        assert one["user_id"] == name
        [message] = (await ask(chat, "GET", f"{TEA}?mine=1", headers=auth)).json["messages"]
        assert message["mine"] == {"reaction": [UP]}


@pytest.mark.gen_test
async def test_who_is_not_logged_in_marks_and_reads_nothing():
    async with running_chat() as chat:
        await opens(chat, "one")
        for headers in ({}, {"Authorization": "Bearer x"}):
            for method, path, body in (
                ("PUT", f"{TEA}/1/marks/reaction", {"tokens": [UP]}),
                ("GET", f"{TEA}/1/marks", None),
                ("GET", f"{TEA}?mine=1", None),
            ):
                told = await ask(chat, method, path, body=body, headers=headers)
                assert told.status == 401, (method, path)


@pytest.mark.gen_test
async def test_who_is_banned_or_no_member_finds_no_such_room_and_who_is_muted_reads_only():
    async with running_chat(UNLIMITED) as chat:
        await opens(chat, "one")
        await marks(chat, "bob", UP)
        for what in ("bans", "mutes"):
            path = f"/api/rooms/tea/{what}/id-bob"
            assert (await ask(chat, "PUT", path, "ann", {"seconds": 600})).status == 204
            refused = await marks(chat, "bob", PARTY)
            read = await ask(chat, "GET", f"{TEA}/1/marks", "bob")
            mine = await ask(chat, "GET", f"{TEA}?mine=1", "bob")
            if what == "bans":
                assert {told.code for told in (refused, read, mine)} == {"room_not_found"}
            else:
                assert (refused.code, read.status, mine.status) == ("muted", 200, 200)
            assert (await ask(chat, "DELETE", path, "ann")).status == 204
        made = await ask(chat, "POST", "/api/rooms", "ann", {"name": "den", "private": True})
        assert made.status == 201
        den = "/api/rooms/den/messages"
        assert (await ask(chat, "POST", den, "ann", {"message": "secret"})).status == 201
        assert (await marks(chat, "ann", UP, room="den")).status == 200
        told = [
            await marks(chat, "bob", UP, room="den"),
            await ask(chat, "GET", f"{den}/1/marks", "bob"),
            await ask(chat, "GET", f"{den}?mine=1", "bob"),
        ]
        assert {one.code for one in told} == {"room_not_found"}
        assert (await ask(chat, "GET", TEA, "ann")).json["head_seq"] == 2, "nothing of it was stored"


@pytest.mark.gen_test
async def test_plugins_forbid_to_mark():
    class NoMarks:
        @hookimpl
        def authorize(self, user, action, room):
            return False if user.id == "id-bob" and action == "send" else None

    async with running_chat(plugins={"extra": NoMarks}) as chat:
        await opens(chat, "one")
        told = await marks(chat, "bob", UP)
        assert (told.status, told.code) == (403, "forbidden")
        assert (await marks(chat, "eve", UP)).status == 200


@pytest.mark.gen_test
async def test_a_mark_over_http_counts_as_a_message_in_the_rate():
    limits = {"limits": {"messages_per_second": 1, "burst": 2}}
    async with running_chat(limits) as chat:
        await opens(chat, "one")
        told = [await marks(chat, "bob", *[UP] * (n % 2)) for n in range(1, 9)]
        assert told[0].status == 200
        assert (told[-1].status, told[-1].code) == (429, "rate_limited")
