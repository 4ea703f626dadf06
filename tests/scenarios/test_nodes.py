"""Plays on several nodes that share one Valkey and one database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nodes import open_nodes
from tests.valkey import Valkey, valkey


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as running:
        yield running


def test_what_is_said_on_one_node_is_heard_on_the_other(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with open_nodes(2, server, tmp_path) as [verona, mantua]:
            romeo = await mantua.enters("romeo", "hall")
            juliet = await verona.enters("juliet", "hall")
            await juliet.says("Wherefore art thou?")
            assert await romeo.hears() == "Wherefore art thou?"
            await romeo.says("I take thee at thy word.")
            assert [await juliet.hears(), await juliet.hears()] == [
                "Wherefore art thou?",
                "I take thee at thy word.",
            ]

    asyncio.run(play())


def test_users_are_counted_over_all_nodes_and_not_their_tabs(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with open_nodes(2, server, tmp_path) as [verona, mantua]:
            romeo = await mantua.enters("romeo", "balcony")
            juliet = await verona.enters("juliet", "balcony")
            assert (await romeo.next_of("user_join"))["user_id"] == "romeo"
            assert (await romeo.next_of("user_join"))["user_id"] == "juliet"
            again = await mantua.enters("juliet", "balcony")
            assert {user["id"] for user in (await again.next())["users"]} == {"romeo", "juliet"}
            await juliet.leaves()
            await again.says("I am here still.")
            frame = await romeo.next()
            assert (frame["type"], frame["sender_id"]) == ("chat_message", "juliet")
            await again.leaves()
            async with asyncio.timeout(1):
                assert (await romeo.next())["type"] == "user_leave"

    asyncio.run(play())


def test_who_enters_on_one_node_resumes_on_another(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with open_nodes(2, server, tmp_path) as [verona, mantua]:
            juliet = await verona.enters("juliet", "garden")
            romeo = await mantua.enters("romeo", "garden", v1=True)
            welcome = await romeo.next_of("welcome")
            await romeo.leaves()
            await juliet.says("Good night, good night!")
            since = {"since": welcome["seq"], "epoch": welcome["epoch"]}
            back = await verona.enters("romeo", "garden", v1=True, query=since)
            assert (await back.next_of("welcome"))["recovered"] is True
            assert await back.hears() == "Good night, good night!"

    asyncio.run(play())
