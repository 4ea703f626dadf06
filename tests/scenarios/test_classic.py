"""The documented wire format as plays. Clients written against that page work unchanged."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.hostile.corpus import NOT_MESSAGES, NOT_ROOMS
from tests.stage import Player, open_stage


def test_the_pages_example_flow(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "general")
            assert await romeo.next() == {
                "type": "room_users_list",
                "users": [{"id": "romeo", "username": "Romeo"}],
            }
            assert await romeo.next() == {"type": "user_join", "user_id": "romeo", "username": "Romeo"}

            await romeo.says("Hi!")
            heard = await romeo.next()
            stamp = heard.pop("timestamp")
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp)
            assert heard == {
                "type": "chat_message",
                "message": "Hi!",
                "sender_username": "Romeo",
                "sender_id": "romeo",
            }

            juliet = await verona.enters("juliet", "general")
            assert (await juliet.next())["users"] == [
                {"id": "romeo", "username": "Romeo"},
                {"id": "juliet", "username": "Juliet"},
            ]
            assert await juliet.next() == {**heard, "timestamp": stamp}
            assert await juliet.next() == {"type": "user_join", "user_id": "juliet", "username": "Juliet"}
            assert await romeo.next() == {"type": "user_join", "user_id": "juliet", "username": "Juliet"}

            await juliet.leaves()
            assert await romeo.next() == {"type": "user_leave", "user_id": "juliet", "username": "Juliet"}

    asyncio.run(play())


def test_two_tabs_are_one_user(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "general")
            await romeo.next_of("user_join")
            juliet = await verona.enters("juliet", "general")
            assert (await romeo.next_of("user_join"))["user_id"] == "juliet"
            tab = await verona.enters("juliet", "general")
            assert len((await tab.next())["users"]) == 2
            await tab.leaves()
            await juliet.says("still here")
            assert (await romeo.next())["message"] == "still here"  # neither join nor leave between
            await juliet.leaves()
            assert (await romeo.next())["type"] == "user_leave"

    asyncio.run(play())


def test_history_is_the_newest_fifty_oldest_first(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "general")
            for number in range(60):
                await romeo.says(str(number))
            for number in range(60):
                assert await romeo.hears() == str(number)
            juliet = await verona.enters("juliet", "general")
            assert [await juliet.hears() for _ in range(50)] == [str(n) for n in range(10, 60)]

    asyncio.run(play())


@pytest.mark.parametrize("limit", [0, 3, 400, 1500])
def test_history_limit_has_no_maximum(tmp_path: Path, limit: int) -> None:
    async def play() -> None:
        settings = {"rooms": {"history_limit": limit}}
        async with open_stage(tmp_path, settings) as verona:
            romeo = await verona.enters("romeo", "general")
            for number in range(1600):
                await romeo.says(str(number))
            for _ in range(1600):
                await romeo.hears()
            juliet = await verona.enters("juliet", "general")
            assert [await juliet.hears() for _ in range(limit)] == [str(n) for n in range(1600 - limit, 1600)]
            await romeo.says("live")
            assert await juliet.hears() == "live"

    asyncio.run(play())


def test_history_outlives_the_server(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "general")
            await romeo.says("remember me")
            await romeo.hears()
        async with open_stage(tmp_path) as verona:
            juliet = await verona.enters("juliet", "general")
            assert await juliet.hears() == "remember me"

    asyncio.run(play())


@pytest.mark.parametrize("room", [*NOT_ROOMS, ""], ids=lambda room: room[:24])
def test_a_room_that_may_not_be_is_not_found(tmp_path: Path, room: str) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", room)
            assert await romeo.is_closed() == 4000

    asyncio.run(play())


def test_an_unknown_room_is_not_found_unless_it_may_be_created(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path, {"rooms": {"auto_create": False}}) as verona:
            assert await (await verona.enters("romeo", "general")).is_closed() == 4000

    asyncio.run(play())


def test_a_bad_token_is_told_nothing(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            tybalt = await verona.enters("tybalt", "general", token="not.a.token")
            assert await tybalt.is_closed() == 4001
            romeo = await verona.enters("romeo", "general")
            assert (await romeo.next())["users"] == [{"id": "romeo", "username": "Romeo"}]

    asyncio.run(play())


@pytest.mark.parametrize("path", ["/ws/chat/general", "/ws/chat/general/"])
def test_the_last_slash_may_be_left_out(tmp_path: Path, path: str) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            from websockets.asyncio.client import connect

            uri = f"ws://127.0.0.1:{verona.port}{path}?token={verona.token('romeo')}"
            async with connect(uri, proxy=None) as socket:
                assert (await Player("romeo", socket).next())["type"] == "room_users_list"

    asyncio.run(play())


def test_what_a_client_claims_is_ignored(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            tybalt = await verona.enters("tybalt", "general")
            await tybalt.socket.send(
                '{"message":"I am Romeo","sender_id":"romeo","sender_username":"Romeo",'
                '"timestamp":"1999-01-01T00:00:00Z","type":"user_leave"}'
            )
            heard = await tybalt.next_of("chat_message")
            assert (heard["sender_id"], heard["sender_username"]) == ("tybalt", "Tybalt")
            assert not heard["timestamp"].startswith("1999")

    asyncio.run(play())


@pytest.mark.parametrize("payload", NOT_MESSAGES, ids=lambda payload: repr(payload[:24]))
def test_what_is_no_message_is_answered_and_the_connection_stays(tmp_path: Path, payload: str) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "general")
            await romeo.next_of("user_join")
            await romeo.socket.send(payload)
            answer = await romeo.next()
            assert list(answer) == ["error"]
            assert answer["error"]
            await romeo.says("fine")
            assert await romeo.hears() == "fine"

    asyncio.run(play())


def test_who_breaks_the_rules_again_and_again_is_closed(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            tybalt = await verona.enters("tybalt", "general")
            for _ in range(21):
                await tybalt.socket.send("nope")
            assert await tybalt.is_closed() == 1008

    asyncio.run(play())


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "'; DROP TABLE log;--", "a\r\nb", "\x1b[31mred", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢", "👩‍👩‍👧", '"\\'],
)
def test_text_passes_verbatim(tmp_path: Path, text: str) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "general")
            await romeo.says(text)
            assert await romeo.hears() == text

    asyncio.run(play())


def test_a_connection_ends_with_its_token(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "general", token=verona.token("romeo", lifetime=1.5))
            assert await romeo.is_closed() == 4001

    asyncio.run(play())


def test_a_stop_closes_with_a_hint_when_to_come_back(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "general")
            waiting = asyncio.create_task(romeo.is_closed())
            await romeo.socket.ping()
        assert await waiting == 1001
        assert re.fullmatch(r"retry_after=\d+\.\d", romeo.socket.close_reason or "")

    asyncio.run(play())


def test_who_comes_after_the_room_was_empty_is_told_to_the_others(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            for name in ("romeo", "juliet"):
                player = await verona.enters(name, "general")
                await player.next_of("user_join")
                await player.leaves()
            tybalt = await verona.enters("tybalt", "general")
            assert (await tybalt.next_of("user_join"))["user_id"] == "tybalt"
            await verona.enters("paris", "general")
            assert (await tybalt.next_of("user_join"))["user_id"] == "paris"
            nurse = await verona.enters("nurse", "general")
            assert [user["id"] for user in (await nurse.next())["users"]] == ["tybalt", "paris", "nurse"]

    asyncio.run(play())


def test_a_long_list_and_history_arrive_whole_while_the_client_reads_slowly(tmp_path: Path) -> None:
    """More than a slice: it is sent at the pace of the socket, between whole frames."""

    async def play() -> None:
        async with open_stage(tmp_path, {"rooms": {"history_limit": 300}}) as verona:
            romeo = await verona.enters("romeo", "general")
            for number in range(250):
                await romeo.says(f"{number} " + "x" * 3900)
            for _ in range(250):
                await romeo.hears()
            juliet = await verona.enters("juliet", "general", max_queue=1)
            waiting = [juliet.hears() for _ in range(251)]
            await romeo.says("live")
            heard = [(await text).split()[0] for text in waiting]
            assert heard == [*(str(number) for number in range(250)), "live"]

    asyncio.run(play())
