"""Plays on several nodes that share one Valkey and one database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.nodes import open_nodes, until
from tests.scenarios.test_changes import _answer, deletes, edits, enters, history, says, short, tells
from tests.stage import Player
from tests.valkey import Valkey, valkey
from tornchat.model import Entry, More


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


def test_changes_reach_the_other_node_and_a_deletion_wins_over_edits_there(
    server: Valkey, tmp_path: Path
) -> None:
    async def play() -> None:
        async with open_nodes(2, server, tmp_path) as [verona, mantua]:
            here, there = await enters(verona, "romeo"), await enters(mantua, "romeo")
            await says(here, "one")
            await edits(there, "e0", 1, 0, "uno")
            changed = ("message_changed", 1, "uno", 1, 2)
            assert short(await here.next_of("message_changed")) == changed
            assert short(await there.next_of("message_changed")) == changed
            for number in range(8):
                seq = number * 3 + 3
                await says(here, f"line {number}")
                calls = [edits(there, f"e{number + 1}", seq, 0, "x"), deletes(here, f"d{number}", seq)]
                await asyncio.gather(*(calls if number % 2 else reversed(calls)))
                answers = await _answer(there, f"e{number + 1}"), await _answer(here, f"d{number}")
                assert answers[1]["type"] == "ack"
                if answers[0]["type"] == "error":
                    assert answers[0]["code"] == "not_found"
                    await says(there, f"fill {number}")  # so that each round has three entries
            frames = [await history(await enters(node, "paris")) for node in (verona, mantua)]
            assert frames[0] == frames[1]
            found = {frame["seq"]: frame["message"] for frame in frames[0][:-1]}
            assert {found[number * 3 + 3] for number in range(8)} == {""}

    asyncio.run(play())


def test_replies_and_the_deletion_of_their_root_on_two_nodes(server: Valkey, tmp_path: Path) -> None:
    """Whatever the order, a reply after the deletion is refused, and all show what is stored."""

    async def play() -> None:
        async with open_nodes(2, server, tmp_path) as [verona, mantua]:
            here, there = await enters(verona, "romeo"), await enters(mantua, "juliet")
            stored = refused = 0
            for number in range(ROUNDS):
                await says(here, f"root {number}")
                root = (await verona.chat._hooks.latest_positions(["general"]))["general"].seq
                calls = [deletes(here, f"d{number}", root)]
                calls += [_replies(there, f"r{number}.{again}", root) for again in range(3)]
                await asyncio.gather(*(calls if number % 2 else reversed(calls)))
                deletion = (await _answer(here, f"d{number}"))["position"]
                for answer in await _answers(there, {f"r{number}.{again}" for again in range(3)}):
                    stored += answer["type"] == "ack"
                    if answer["type"] == "ack":
                        assert answer["seq"] < deletion
                    else:
                        assert answer["code"] == "not_found"
                        refused += 1
                await _replies(there, f"late {number}", root)
                assert (await _answer(there, f"late {number}"))["code"] == "not_found"
            assert stored + refused == 3 * ROUNDS
            page = await verona.chat._hooks.read_messages("general", None, None, None, None, 200)
            wanted = {one.seq: _said(one) for one in page.entries}
            for node in (verona, mantua):
                room = node.chat.rooms.get("general")
                await until(lambda room=room: room.seq >= page.head_seq, 10, "not all was heard")
                assert {one.seq: _said(one) for one in room.tail.messages} == wanted

    asyncio.run(play())


ROUNDS = 12


async def _answers(player: Player, client_ids: set[str]) -> list[dict[str, Any]]:
    """The answers to these messages, in the order in which they come."""
    found: list[dict[str, Any]] = []
    while {answer["id"] for answer in found} < client_ids:
        frame = await player.next()
        found += [frame] if frame.get("id") in client_ids else []
    return found


async def _replies(player: Player, client_id: str, root: int) -> None:
    await tells(player, type="send", id=client_id, message="a reply", thread=root, meta={"of": root})


def _said(message: Entry) -> tuple[object, ...]:
    """What a node says of a message."""
    more = message.more or More()
    return message.text, more.thread, more.meta, more.replies


def test_an_edit_and_a_deletion_at_once_on_two_nodes(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with open_nodes(2, server, tmp_path) as [verona, mantua]:
            here, there = await enters(verona, "romeo"), await enters(mantua, "romeo")
            for number in range(ROUNDS):
                await says(here, f"one {number}")
                seq = (await verona.chat._hooks.latest_positions(["general"]))["general"].seq
                calls = [deletes(here, f"d{number}", seq), edits(there, f"e{number}", seq, 0, "two")]
                await asyncio.gather(*(calls if number % 2 else reversed(calls)))
                assert (await _answer(here, f"d{number}"))["type"] == "ack"
                assert (await _answer(there, f"e{number}")).get("code") in (None, "not_found")
            page = await verona.chat._hooks.read_history("general", 0, None, 1000)
            assert {entry.text for entry in page.entries} == {""}, "no edit outlives the deletion"

    asyncio.run(play())
