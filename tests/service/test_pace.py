"""How often one user may join rooms and create them."""

from __future__ import annotations

import asyncio

from tests.service.test_directory import JULIET, ROMEO, refused
from tests.stage import open_stage


def test_who_joins_too_often_is_closed_with_1013_and_the_time_to_wait(tmp_path):
    async def play():
        limits = {"joins_per_second": 0.5, "join_burst": 2}
        async with open_stage(tmp_path, {"limits": limits}) as stage:
            for _ in range(2):
                romeo = await stage.enters("romeo", "general", v1=True)
                await romeo.next_of("welcome")
                await romeo.leaves()
            refused = await stage.enters("romeo", "general", v1=True)
            assert await refused.is_closed() == 1013
            assert 1 <= float(refused.socket.close_reason.removeprefix("retry_after=")) <= 2
            juliet = await stage.enters("juliet", "general", v1=True)
            assert await juliet.next_of("welcome")
            assert stage.chat.counts.limits["joins_per_second"] == 1

    asyncio.run(play())


def test_so_many_rooms_are_created_in_an_hour_by_joining_and_over_http(tmp_path):
    async def play():
        async with open_stage(tmp_path, {"limits": {"rooms_per_hour": 2}}) as stage:
            await stage.chat.directory.create_room(ROMEO, "first")
            second = await stage.enters("romeo", "second", v1=True)
            assert await second.next_of("welcome")
            third = await stage.enters("romeo", "third", v1=True)
            assert await third.is_closed() == 1013
            assert 0 < float(third.socket.close_reason.removeprefix("retry_after=")) <= 1800
            assert await refused(stage.chat.directory.create_room(ROMEO, "third")) == "rate_limited"
            await stage.chat.directory.create_room(JULIET, "third")
            again = await stage.enters("romeo", "third", v1=True)
            assert await again.next_of("welcome")  # rooms that are there can be entered

    asyncio.run(play())


def test_guests_create_so_many_rooms_together_since_one_client_may_be_any_number_of_them(tmp_path):
    async def play():
        async with open_stage(tmp_path, {"guest": {"rooms_per_hour": 2}}) as stage:
            roles = {"roles": ["guest"]}
            for number in range(2):
                token = stage.token(f"guest-{number}", **roles)
                guest = await stage.enters("guest", f"room{number}", v1=True, token=token)
                assert await guest.next_of("welcome")
            late = await stage.enters("guest", "room2", v1=True, token=stage.token("guest-2", **roles))
            assert await late.is_closed() == 1013
            assert stage.chat.counts.limits["guest_rooms_per_hour"] == 1
            romeo = await stage.enters("romeo", "room2", v1=True)
            assert await romeo.next_of("welcome")

    asyncio.run(play())


def test_a_flood_slows_only_its_sender_down_and_is_counted_and_logged_once(tmp_path, caplog):
    async def play():
        limits = {"messages_per_second": 20, "burst": 5}
        async with open_stage(tmp_path, {"limits": limits}) as stage:
            romeo = await stage.enters("romeo", "general", v1=True)
            juliet = await stage.enters("juliet", "verona", v1=True)
            for number in range(15):
                await romeo.says("flood", client_id=str(number))
            await juliet.says("hello", client_id="1")
            assert await asyncio.wait_for(juliet.next_of("ack"), 0.4)
            for number in range(15):
                assert (await romeo.next_of("ack"))["id"] == str(number)
            assert stage.chat.counts.limits["messages_per_user"] >= 1

    asyncio.run(play())
    assert caplog.text.count("has reached the limit messages_per_user") == 1
