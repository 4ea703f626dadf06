"""Marks on several nodes that share one Valkey and one database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.nodes import open_nodes, until
from tests.scenarios.test_changes import _answer, deletes, enters, history, says
from tests.scenarios.test_marks import HEART, PARTY, UP, reacted, reacts
from tests.stage import Player, Stage
from tests.valkey import Valkey, valkey
from tornchat.marks import MarkChange, Tally, counted

ROUNDS = 12


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as running:
        yield running


async def counted_upto(player: Player, position: int) -> dict[str, Tally]:
    """What a client has of the first message after the frames up to a position."""
    tallies: dict[str, Tally] = {}
    while True:
        frame = await player.next_of("marked")
        changes = [
            MarkChange(one["user_id"], tuple(one["added"]), tuple(one["removed"])) for one in frame["changes"]
        ]
        tallies = counted(tallies, frame["counts"], changes)
        if frame["position"] >= position:
            return tallies


async def stored_marks(node: Stage) -> tuple[int, dict[str, Tally], dict[str, tuple[str, ...]]]:
    """The head of the log, the tallies of the first message, and whose tokens these are."""
    page = await node.chat._hooks.read_messages("general", 0, 2, None, None, 1)
    sets = await node.chat._hooks.read_marks("general", [1], None, 0, 200)
    return page.head_seq, page.entries[0].marks.get("reaction", {}), {one.user_id: one.tokens for one in sets}


def as_told(tallies: dict[str, Tally]) -> dict[str, dict[str, Any]]:
    return {token: {"count": tally.count, "users": list(tally.users)} for token, tally in tallies.items()}


def test_members_of_the_other_node_are_told_of_marks(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with open_nodes(2, server, tmp_path) as [verona, mantua]:
            here, there = await enters(verona, "romeo"), await enters(mantua, "juliet")
            await says(here, "one")
            assert (await there.next_of("chat_message"))["seq"] == 1
            await reacts(there, "m1", 1, UP, PARTY)
            assert (await here.next_of("marked"))["position"] == 2
            await reacted(here, "m2", 1, UP)
            wanted = [
                {
                    "type": "marked",
                    "kind": "reaction",
                    "seq": 1,
                    "position": position,
                    "counts": counts,
                    "changes": [{"user_id": user, "added": added, "removed": []}],
                }
                for position, user, added, counts in (
                    (2, "juliet", [UP, PARTY], {UP: 1, PARTY: 1}),
                    (3, "romeo", [UP], {UP: 2}),
                )
            ]
            assert [await there.next_of("marked") for _ in range(2)] == wanted
            for node in (verona, mantua):
                [message, end] = await history(await enters(node, "paris"))
                assert (message["position"], end["position"]) == (3, 3)
                assert message["marks"]["reaction"][UP] == {"count": 2, "users": ["juliet", "romeo"]}

    asyncio.run(play())


def test_one_user_marks_at_once_on_two_nodes(server: Valkey, tmp_path: Path) -> None:
    """The room's lock orders the two: the later one replaces the earlier, and all agree which it was."""

    async def play() -> None:
        async with open_nodes(2, server, tmp_path) as [verona, mantua]:
            here, there = await enters(verona, "romeo"), await enters(mantua, "romeo")
            watchers = [await enters(node, "nurse") for node in (verona, mantua)]
            await says(here, "one")
            for number in range(ROUNDS):
                calls = [reacts(here, f"h{number}", 1, UP, HEART), reacts(there, f"t{number}", 1, UP, PARTY)]
                await asyncio.gather(*(calls if number % 2 else reversed(calls)))
                places = {}
                for player, client_id, own in ((here, f"h{number}", HEART), (there, f"t{number}", PARTY)):
                    answer = await _answer(player, client_id)
                    assert answer["type"] == "ack"
                    places[own] = answer["position"]
                head, tallies, sets = await stored_marks(verona)
                assert set(places.values()) <= {head, head - 1}, "one of them may have stood already"
                last = max(places, key=lambda own: places[own])
                assert tallies == {UP: Tally(1, ("romeo",)), last: Tally(1, ("romeo",))}
                assert {user: set(tokens) for user, tokens in sets.items()} == {"romeo": {UP, last}}
            head, tallies, _ = await stored_marks(mantua)
            for watcher in watchers:
                assert await counted_upto(watcher, head) == tallies
            for node in (verona, mantua):
                [message, _] = await history(await enters(node, "paris"))
                assert message["marks"] == {"reaction": as_told(tallies)}

    asyncio.run(play())


def test_the_same_mark_with_one_id_on_two_nodes_is_stored_once(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with open_nodes(2, server, tmp_path) as [verona, mantua]:
            here, there = await enters(verona, "romeo"), await enters(mantua, "romeo")
            await says(here, "one")
            for number in range(ROUNDS):
                tokens = [] if number % 2 else [UP]
                await asyncio.gather(*(reacts(who, f"m{number}", 1, *tokens) for who in (here, there)))
                answers = [await _answer(who, f"m{number}") for who in (here, there)]
                assert answers[0] == answers[1]
                assert answers[0]["position"] == number + 2

    asyncio.run(play())


def test_a_mark_and_the_deletion_of_its_message_at_once_on_two_nodes(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with open_nodes(2, server, tmp_path) as [verona, mantua]:
            here, there = await enters(verona, "romeo"), await enters(mantua, "juliet")
            for number in range(ROUNDS):
                await says(here, f"one {number}")
                seq = (await verona.chat._hooks.latest_positions(["general"]))["general"].seq
                calls = [deletes(here, f"d{number}", seq), reacts(there, f"m{number}", seq, UP)]
                await asyncio.gather(*(calls if number % 2 else reversed(calls)))
                assert (await _answer(here, f"d{number}"))["type"] == "ack"
                assert (await _answer(there, f"m{number}")).get("code") in (None, "not_found")
            page = await verona.chat._hooks.read_messages("general", None, None, None, None, 200)
            assert len(page.entries) == ROUNDS
            assert not any(one.text or one.marks for one in page.entries)
            seqs = [one.seq for one in page.entries]
            assert not await verona.chat._hooks.read_marks("general", seqs, None, 0, 200)
            for node in (verona, mantua):
                room = node.chat.rooms.get("general")
                await until(lambda room=room: room.seq >= page.head_seq, 10, "not all was heard")
                assert not any(one.marks for one in room.tail.messages)

    asyncio.run(play())


def test_many_users_mark_one_message_on_two_nodes_and_all_count_the_same(
    server: Valkey, tmp_path: Path
) -> None:
    async def play() -> None:
        async with open_nodes(2, server, tmp_path) as nodes:
            watchers = [await enters(node, "nurse") for node in nodes]
            await says(watchers[0], "one")
            users = [await enters(nodes[n % 2], f"user{n}") for n in range(24)]

            async def toggle(user: Player, number: int) -> None:
                for turn in range(3 + number % 2):
                    answer = await reacted(user, f"m{turn}", 1, *([] if turn % 2 else [UP, f"t{number % 3}"]))
                    assert answer["type"] == "ack"

            await asyncio.gather(*(toggle(user, number) for number, user in enumerate(users)))
            head, tallies, sets = await stored_marks(nodes[0])
            assert head == 1 + 12 * 3 + 12 * 4
            assert tallies[UP].count == 12
            assert set(sets) == {f"user{n}" for n in range(0, 24, 2)}
            for watcher in watchers:
                found = await counted_upto(watcher, head)
                assert {token: tally.count for token, tally in found.items()} == {
                    token: tally.count for token, tally in tallies.items()
                }

    asyncio.run(play())
