"""Nodes that write to the same storage, and that the broadcast does not connect with this one."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

import pytest

from tests.nodes import open_nodes, until
from tests.proxy import proxy
from tests.stage import Stage
from tests.valkey import valkey
from tornchat.cluster import strangers
from tornchat.cluster.strangers import FINDS, HELLO_SECONDS, MOST_AGE_MS, MOST_NODES, SPAN_SECONDS, Strangers
from tornchat.model import Entry

OWN, OTHER = "0123456789ab", "ba9876543210"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def found(clock: Clock) -> Strangers:
    return Strangers(OWN, False, clock)


def entry(draft_id: str, age_ms: int = 0) -> Entry:
    return Entry(1, "romeo", "Romeo", "Hist", int(time.time() * 1000) - age_ms, draft_id)


def passes(clock: Clock, found: Strangers, entry: Entry, times: int = FINDS) -> None:
    """The check of positions finds such an entry again and again, for longer than a node may take to end."""
    for _ in range(times):
        found.read([entry])
        clock.now += SPAN_SECONDS / (FINDS - 1)


def test_a_node_that_writes_and_is_never_heard_is_told_once_with_the_cure(
    clock: Clock, found: Strangers, caplog: pytest.LogCaptureFixture
) -> None:
    passes(clock, found, entry(f"{OTHER}-1"), 2 * FINDS)
    assert found.found == 1
    passes(clock, found, entry("aaaaaaaaaaaa-1"), 2 * FINDS)
    assert found.found == 2
    [line] = caplog.records
    assert line.levelno == logging.ERROR
    assert OTHER in line.getMessage()
    assert "give both the same [redis] url and prefix" in line.getMessage()


def test_without_a_broadcast_the_cure_is_another_one(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    passes(clock, Strangers(OWN, True, clock), entry(f"{OTHER}-1"))
    assert "make both one chat with redis" in caplog.text


@pytest.mark.parametrize(
    "entry",
    [
        entry(f"{OWN}-1"),
        entry("import-1"),
        entry("whatever another program writes"),
        entry(f"{OTHER}-1", age_ms=MOST_AGE_MS + 1000),
    ],
    ids=["its own", "an import", "another program", "an old one"],
)
def test_other_entries_are_no_sign(clock: Clock, found: Strangers, entry: Entry) -> None:
    passes(clock, found, entry, 2 * FINDS)
    assert found.found == 0


def test_who_was_heard_is_no_stranger_however_long_the_bus_is_down(clock: Clock, found: Strangers) -> None:
    assert found.heard(OTHER)
    assert not found.heard(OTHER)
    passes(clock, found, entry(f"{OTHER}-1"), 5 * FINDS)
    assert found.found == 0


def test_who_is_heard_late_is_no_stranger(clock: Clock, found: Strangers) -> None:
    passes(clock, found, entry(f"{OTHER}-1"), FINDS - 1)
    found.heard(OTHER)
    passes(clock, found, entry(f"{OTHER}-1"), 2 * FINDS)
    assert found.found == 0


def test_what_came_before_lost_payloads_does_not_count(clock: Clock, found: Strangers) -> None:
    for _ in range(3):
        passes(clock, found, entry(f"{OTHER}-1"), FINDS - 1)
        found.may_have_missed()
    assert found.found == 0


def test_while_the_bus_returns_nothing_nobody_is_suspected(clock: Clock, found: Strangers) -> None:
    found.echoed()
    clock.now += 3 * HELLO_SECONDS
    passes(clock, found, entry(f"{OTHER}-1"), 2 * FINDS)
    assert found.found == 0


def test_many_nodes_are_not_all_remembered(clock: Clock, found: Strangers) -> None:
    for number in range(MOST_NODES + 100):
        found.heard(f"{number:012x}")
        found.read([entry(f"{number + 2**40:012x}-1")])
    assert len(found._heard) == len(found._suspects) == MOST_NODES


async def says_and_checks(speaker: Stage, listener: Stage, room: str, times: int) -> None:
    """What is said on one node reaches the member of another one by the check of positions."""
    romeo, juliet = await speaker.enters("romeo", room), await listener.enters("juliet", room)
    for number in range(times):
        await romeo.says(f"line {number}")
        assert await romeo.hears() == f"line {number}"
        await listener.chat.rooms.check_positions()
        assert await juliet.hears() == f"line {number}"


def test_two_clusters_on_one_database_find_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(strangers, "SPAN_SECONDS", 0.0)

    async def play() -> None:
        with valkey() as bus:
            async with (
                open_nodes(1, bus, tmp_path, prefix="verona") as [verona],
                open_nodes(1, bus, tmp_path, prefix="mantua") as [mantua],
            ):
                await says_and_checks(verona, mantua, "hall", 2 * FINDS)
                assert (verona.chat.strangers.found, mantua.chat.strangers.found) == (0, 1)
                await says_and_checks(mantua, verona, "attic", FINDS)
                assert (verona.chat.strangers.found, mantua.chat.strangers.found) == (1, 1)

    asyncio.run(play())
    assert [record.levelno for record in caplog.records if record.name == "tornchat.cluster"] == [
        logging.ERROR
    ] * 2


@pytest.mark.long
def test_nodes_of_one_cluster_are_no_strangers_while_their_bus_is_down_and_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strangers, "SPAN_SECONDS", 0.0)

    async def play() -> None:
        with valkey() as bus:
            async with (
                proxy(bus.url.removeprefix("unix://"), tmp_path) as way,
                open_nodes(2, way, tmp_path) as (verona, mantua),
            ):
                nodes = (verona.chat, mantua.chat)
                await until(lambda: all(len(node.strangers._heard) == 1 for node in nodes), 10, "a hello")
                way.swallows = True
                await says_and_checks(verona, mantua, "hall", 2 * FINDS)
                way.swallows = False
                way.cut()
                await says_and_checks(mantua, verona, "attic", 2 * FINDS)
                assert (verona.chat.strangers.found, mantua.chat.strangers.found) == (0, 0)

    asyncio.run(play())
