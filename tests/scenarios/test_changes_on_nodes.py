"""Edits and deletions of one message at the same time on two nodes: the lock of the room orders them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.nodes import open_nodes
from tests.scenarios.test_changes import _answer, deletes, edits, enters, history, says
from tests.stage import Player, Stage
from tests.valkey import Valkey, valkey

ROUNDS = 10


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as running:
        yield running


Play = Callable[[list[Stage], Player, Player], Awaitable[None]]


def on_two_nodes(server: Valkey, tmp_path: Path, play: Play) -> None:
    """Romeo is on both nodes."""

    async def main() -> None:
        async with open_nodes(2, server, tmp_path) as nodes:
            await play(nodes, *[await enters(node, "romeo") for node in nodes])

    asyncio.run(main())


async def said(here: Player, nodes: list[Stage], text: str) -> int:
    """Say something; its place."""
    await says(here, text)
    return int((await nodes[0].chat._hooks.latest_positions(["general"]))["general"].seq)


async def shown(node: Stage) -> dict[int, str]:
    """The messages that a newcomer is shown."""
    *messages, _ = await history(await enters(node, "paris"))
    return {message["seq"]: message["message"] for message in messages}


async def until_all_heard(nodes: list[Stage]) -> None:
    head = (await nodes[0].chat._hooks.latest_positions(["general"]))["general"].seq
    async with asyncio.timeout(10):
        while any(node.chat.rooms.get("general").seq < head for node in nodes):  # noqa: ASYNC110 (of rooms)
            await asyncio.sleep(0.01)


def test_of_two_edits_with_one_revision_on_two_nodes_one_wins(server: Valkey, tmp_path: Path) -> None:
    async def play(nodes: list[Stage], here: Player, there: Player) -> None:
        wanted: dict[int, str] = {}
        for number in range(ROUNDS):
            seq = await said(here, nodes, f"one {number}")
            calls = [edits(here, f"h{number}", seq, 0, "here"), edits(there, f"t{number}", seq, 0, "there")]
            await asyncio.gather(*(calls if number % 2 else reversed(calls)))
            answers: dict[str, Any] = {
                "here": await _answer(here, f"h{number}"),
                "there": await _answer(there, f"t{number}"),
            }
            [stale] = [one for one in answers.values() if one["type"] == "error"]
            assert (stale["code"], stale["revision"]) == ("stale", 1)
            [wanted[seq]] = [text for text, one in answers.items() if one["type"] == "ack"]
        await until_all_heard(nodes)
        assert [await shown(node) for node in nodes] == [wanted, wanted]

    on_two_nodes(server, tmp_path, play)


def test_a_deletion_wins_against_an_edit_on_another_node(server: Valkey, tmp_path: Path) -> None:
    async def play(nodes: list[Stage], here: Player, there: Player) -> None:
        seqs = []
        for number in range(ROUNDS):
            seqs.append(await said(here, nodes, f"one {number}"))
            calls = [edits(here, f"e{number}", seqs[-1], 0, "two"), deletes(there, f"d{number}", seqs[-1])]
            await asyncio.gather(*(calls if number % 2 else reversed(calls)))
            assert (await _answer(here, f"e{number}")).get("code") in (None, "not_found")
            assert (await _answer(there, f"d{number}"))["type"] == "ack"
        await until_all_heard(nodes)
        assert [await shown(node) for node in nodes] == [dict.fromkeys(seqs, "")] * 2
        page = await nodes[0].chat._hooks.read_history("general", 0, None, 200)
        assert {entry.text for entry in page.entries} == {""}, "the edits keep no text, either"

    on_two_nodes(server, tmp_path, play)


def test_repeats_of_everything_on_the_other_node_get_the_first_acks(server: Valkey, tmp_path: Path) -> None:
    async def play(nodes: list[Stage], here: Player, there: Player) -> None:
        await here.says("one", "s1")
        first = [await _answer(here, "s1")]
        calls = {
            "e1": lambda who: edits(who, "e1", 1, 0, "two"),
            "e2": lambda who: edits(who, "e2", 1, 1, "three"),
            "d1": lambda who: deletes(who, "d1", 1),
        }
        for name, call in calls.items():
            await call(here)
            first.append(await _answer(here, name))
        for who in (there, here):
            again = []
            for name, call in {**calls, "s1": lambda who: who.says("one", "s1")}.items():
                await call(who)
                again.append(await _answer(who, name))
            assert sorted(again, key=str) == sorted(first, key=str)
        assert (await nodes[1].chat._hooks.latest_positions(["general"]))["general"].seq == 4

    on_two_nodes(server, tmp_path, play)
