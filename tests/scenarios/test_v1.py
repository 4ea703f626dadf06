"""The subprotocol `tornchat.v1` as plays: positions, acknowledgements, resending, resuming."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.stage import V1, Player, Stage, open_stage


async def messages_until_live(player: Player, count: int) -> list[int]:
    return [(await player.next_of("chat_message"))["seq"] for _ in range(count)]


async def talk(verona: Stage, room: str, count: int) -> None:
    """Romeo says `count` things, the last of them heard, and leaves."""
    romeo = await verona.enters("romeo", room)
    for number in range(count):
        await romeo.says(str(number))
    for _ in range(count):
        await romeo.hears()
    await romeo.leaves()


def test_a_session_begins_with_its_position_even_in_an_empty_room(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "general", v1=True)
            welcome = await romeo.next()
            epoch = welcome.pop("epoch")
            assert epoch
            assert welcome == {
                "type": "welcome",
                "room": "general",
                "user": {"id": "romeo", "username": "Romeo"},
                "seq": 0,
                "recovered": False,
                "read_seq": 0,
                "unread": 0,
            }
            assert (await romeo.next())["type"] == "room_users_list"

    asyncio.run(play())


def test_an_ack_follows_ones_own_message(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "general", v1=True)
            for number in range(1, 6):
                await romeo.says(f"line {number}", client_id=f"id-{number}")
            await romeo.next_of("user_join")
            for number in range(1, 6):
                assert (await romeo.next())["seq"] == number
                assert await romeo.next() == {"type": "ack", "id": f"id-{number}", "seq": number}

    asyncio.run(play())


def test_the_same_id_again_gives_the_same_ack_and_no_second_message(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "general", v1=True)
            await romeo.says("once", client_id="a")
            await romeo.next_of("ack")
            await romeo.says("once", client_id="a")
            assert await romeo.next() == {"type": "ack", "id": "a", "seq": 1}
            await romeo.says("twice", client_id="a")
            refused = await romeo.next()
            assert (refused["type"], refused["code"], refused["id"]) == ("error", "conflict", "a")
            juliet = await verona.enters("juliet", "general", v1=True)
            assert (await juliet.next())["seq"] == 1

    asyncio.run(play())


def test_resuming_replays_all_that_came_after(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            juliet = await verona.enters("juliet", "general", v1=True)
            epoch = (await juliet.next())["epoch"]
            await talk(verona, "general", 3)
            await messages_until_live(juliet, 2)
            await juliet.leaves()
            await talk(verona, "general", 200)
            juliet = await verona.enters("juliet", "general", v1=True, query={"since": 2, "epoch": epoch})
            welcome = await juliet.next()
            assert (welcome["recovered"], welcome["seq"]) == (True, 203)
            assert await messages_until_live(juliet, 201) == list(range(3, 204))

    asyncio.run(play())


def test_resuming_reads_storage_where_the_tail_ends(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            juliet = await verona.enters("juliet", "general", v1=True)
            epoch = (await juliet.next())["epoch"]
            await talk(verona, "general", 2000)
            again = await verona.enters("paris", "general", v1=True, query={"since": 0, "epoch": epoch})
            assert (await again.next())["recovered"] is True
            assert await messages_until_live(again, 2000) == list(range(1, 2001))

    asyncio.run(play())


def test_a_classic_client_is_not_resumed(tmp_path: Path) -> None:
    """It could not be told whether it was: it gets the usual history, whatever it asks for."""

    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            juliet = await verona.enters("juliet", "general", v1=True)
            epoch = (await juliet.next())["epoch"]
            await talk(verona, "general", 3)
            paris = await verona.enters("paris", "general", query={"since": 2, "epoch": epoch})
            assert [await paris.hears() for _ in range(3)] == ["0", "1", "2"]

    asyncio.run(play())


@pytest.mark.parametrize(
    ("since", "epoch", "limit"),
    [
        ("1", "another", 0),
        ("9", None, 0),
        ("0", None, 3),
        ("x", None, 0),
        ("-1", None, 0),
        ("9" * 30, None, 0),
    ],
    ids=["other epoch", "after the head", "too much", "no number", "negative", "huge"],
)
def test_what_can_not_be_resumed_gets_the_usual_history(
    tmp_path: Path, since: str, epoch: str | None, limit: int
) -> None:
    async def play() -> None:
        settings = {"limits": {"resume_messages": limit}, "rooms": {"history_limit": 2}}
        async with open_stage(tmp_path, settings) as verona:
            first = await verona.enters("juliet", "general", v1=True)
            own = (await first.next())["epoch"]
            await talk(verona, "general", 5)
            query = {"since": since, "epoch": epoch or own}
            juliet = await verona.enters("juliet", "general", v1=True, query=query)
            welcome = await juliet.next()
            assert (welcome["recovered"], welcome["seq"]) == (False, 5)
            assert await messages_until_live(juliet, 2) == [4, 5]

    asyncio.run(play())


def test_the_token_may_ride_as_a_subprotocol(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            offered = [V1, f"bearer.{verona.token('romeo')}"]
            uri = f"ws://127.0.0.1:{verona.port}/ws/chat/general/"
            async with connect(uri, subprotocols=offered, proxy=None) as socket:
                assert socket.subprotocol == V1
                assert (await Player("romeo", socket).next())["user"]["id"] == "romeo"

    asyncio.run(play())


def test_two_tokens_that_differ_are_none(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            query = {"token": verona.token("juliet")}
            assert await (await verona.enters("romeo", "general", query=query)).is_closed() == 4001

    asyncio.run(play())


@pytest.mark.parametrize(
    ("payload", "code", "client_id"),
    [
        ("nope", "invalid_json", None),
        ('{"type":"dance","id":"a","message":"x"}', "invalid_message", "a"),
        ('{"type":"send","message":"x"}', "invalid_message", None),
        ('{"type":"send","id":"","message":"x"}', "invalid_message", None),
        ('{"type":"send","id":"' + "a" * 65 + '","message":"x"}', "invalid_message", None),
        ('{"type":"send","id":"a","message":" "}', "empty_message", "a"),
        ('{"type":"send","id":"a","message":"' + "x" * 4001 + '"}', "message_too_long", "a"),
    ],
)
def test_an_error_names_its_code_and_the_message(
    tmp_path: Path, payload: str, code: str, client_id: str | None
) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "general", v1=True)
            await romeo.next_of("user_join")
            await romeo.socket.send(payload)
            error = await romeo.next()
            assert (error["type"], error["code"], error.get("id")) == ("error", code, client_id)
            assert error["error"]

    asyncio.run(play())


def test_a_user_above_the_rate_is_slowed_down_over_all_connections_without_an_error(tmp_path: Path) -> None:
    async def play() -> None:
        settings = {"limits": {"messages_per_second": 10, "burst": 2}}
        async with open_stage(tmp_path, settings) as verona:
            tabs = [await verona.enters("romeo", "general", v1=True) for _ in range(2)]
            began = asyncio.get_running_loop().time()
            for number in range(8):
                await tabs[number % 2].says("quick", client_id=str(number))
            acks = [(await tab.next_of("ack"))["id"] for _ in range(4) for tab in tabs]
            assert acks == [str(number) for number in range(8)]
            assert asyncio.get_running_loop().time() - began > 0.5

    asyncio.run(play())


def test_bytes_have_a_rate_of_their_own(tmp_path: Path) -> None:
    async def play() -> None:
        settings = {"limits": {"bytes_per_second": 10_000, "bytes_burst": 4_000, "messages_per_second": 0}}
        async with open_stage(tmp_path, settings) as verona:
            romeo = await verona.enters("romeo", "general", v1=True)
            began = asyncio.get_running_loop().time()
            for number in range(4):
                await romeo.says("x" * 2_500, client_id=str(number))
            for number in range(4):
                assert (await romeo.next_of("ack"))["id"] == str(number)
            assert asyncio.get_running_loop().time() - began > 0.5

    asyncio.run(play())

    asyncio.run(play())
