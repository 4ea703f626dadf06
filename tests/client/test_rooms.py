"""Direct rooms and invites in the client, and what a room says of itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.client.play import address
from tests.service.test_direct import a_city
from tests.service.test_directory import JULIET
from tornchat.client import (
    CallRefused,
    Message,
    NotConnected,
    RoomChanged,
    accept_invite,
    connect,
    open_direct,
)


def test_two_meet_in_their_direct_room(tmp_path: Path) -> None:
    async def play() -> None:
        async with a_city(tmp_path) as stage:
            url, romeo, juliet = address(stage), stage.token("romeo"), stage.token("juliet")
            room = await open_direct(url, romeo, ["juliet"])
            assert await open_direct(url, juliet, ["romeo"]) == room
            async with connect(room, romeo) as chat, connect(room, juliet) as other:
                await chat.send("hello")
                async for event in other:
                    if isinstance(event, Message):
                        assert event.text == "hello"
                        break
            with pytest.raises(CallRefused, match="not known here") as refused:
                await open_direct(url, romeo, ["nobody"])
            assert refused.value.code == "not_found"
        with pytest.raises(NotConnected):
            await open_direct(url, romeo, ["juliet"])

    asyncio.run(play())


def test_an_invite_leads_into_its_room(tmp_path: Path) -> None:
    async def play() -> None:
        async with a_city(tmp_path) as stage:
            await stage.chat.directory.create_room(JULIET, "balcony", private=True)
            _, invite = await stage.chat.inviting.invite(JULIET, "balcony")
            url, romeo = address(stage), stage.token("romeo")
            room = await accept_invite(url, romeo, invite)
            async with connect(room, romeo) as chat:
                await chat.send("here I am")
            assert await accept_invite(url, romeo, invite) == room
            with pytest.raises(CallRefused) as refused:
                await accept_invite(url, stage.token("paris"), invite)
            assert refused.value.code == "invite_used_up"

    asyncio.run(play())


def test_what_the_room_says_of_itself_is_an_event(tmp_path: Path) -> None:
    async def play() -> None:
        async with a_city(tmp_path) as stage:
            await stage.chat.directory.create_room(JULIET, "balcony")
            url = address(stage).rstrip("/").rpartition("/")[0] + "/balcony/"
            async with connect(url, stage.token("romeo")) as chat:
                await stage.chat.describing.describe(JULIET, "balcony", title="The balcony")
                async for event in chat:
                    if isinstance(event, RoomChanged):
                        assert event == RoomChanged("balcony", "The balcony", "", "open")
                        break

    asyncio.run(play())
