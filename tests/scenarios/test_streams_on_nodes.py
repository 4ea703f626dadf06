"""Streamed messages on several nodes that share one Valkey and one database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nodes import node_options, open_nodes
from tests.proxy import proxy
from tests.scenarios.test_changes import enters, history
from tests.scenarios.test_streams import appends, begins, closed, closes, messages_until
from tests.stage import serving
from tests.valkey import Valkey, valkey
from tornchat import User

BOT = User("bot", "Bot")


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as running:
        yield running


def test_members_of_the_other_node_see_it_grow(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with open_nodes(2, server, tmp_path) as [verona, mantua]:
            here, there = await enters(verona, "romeo"), await enters(mantua, "juliet")
            classic = await mantua.enters("nurse", "general")
            async with verona.app.stream("general", sender=BOT) as answer:
                for number in range(50):
                    await answer.write(f"{number} ")
            await here.says("end", "say end")
            for player in (here, there):
                found = await messages_until(player, "end")
                assert found[1].text == "".join(f"{number} " for number in range(50))
                assert (found[1].open, found[1].status) == (False, "complete")
            assert [await classic.hears(), await classic.hears()] == [found[1].text, "end"]
            await begins(there, "from there")  # whose sender goes to the other node
            seq = (await here.next_of("chat_message"))["seq"]
            juliet = await enters(verona, "juliet")
            await appends(juliet, seq, 10, " to here")
            await closes(juliet, seq)
            assert await closed(there) == {"seq": seq, "open": False, "status": "complete"}

    asyncio.run(play())


def test_what_the_bus_loses_is_read_from_the_log(server: Valkey, tmp_path: Path) -> None:
    """Also when the pieces have no text any more, since the message was closed meanwhile."""

    async def play() -> None:
        target = server.url.removeprefix("unix://")
        async with (
            proxy(target, Path(target).parent) as between,
            open_nodes(1, server, tmp_path) as [verona],
            open_nodes(1, between, tmp_path) as [mantua],
        ):
            there, classic = await enters(mantua, "juliet"), await mantua.enters("nurse", "general")
            async with verona.app.stream("general", sender=BOT) as answer:
                await answer.write("heard, ")
                found = await messages_until(there, "heard, ")
                between.swallows = True
                await answer.write("lost, ")
                await answer.write("lost, too.")
            between.swallows = False
            await verona.app.say("general", "end", sender=BOT)
            found = await messages_until(there, "end", found)
            assert found[1].text == "heard, lost, lost, too."
            assert found[1].status == "complete"
            assert [await classic.hears(), await classic.hears()] == [found[1].text, "end"]

    asyncio.run(play())


@pytest.mark.long
def test_another_node_closes_what_a_killed_one_left_open(server: Valkey, tmp_path: Path) -> None:
    data = tmp_path / "data"
    options = [*node_options(server, data, 8.0), "--set", "messages.open_seconds=1"]

    async def play() -> None:
        with serving(data, *options) as first, serving(data, *options) as second:
            romeo, juliet = await enters(first.stage, "romeo"), await enters(second.stage, "juliet")
            await begins(romeo, "one")
            await appends(romeo, 1, 3, " two")
            await juliet.next_of("message_appended")
            first.kill()
            assert await closed(juliet) == {"seq": 1, "open": False, "status": "failed"}
            [message, _] = await history(await enters(second.stage, "paris"))
            assert (message["message"], message["status"]) == ("one two", "failed")
            await juliet.leaves()

    asyncio.run(play())
