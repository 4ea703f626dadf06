"""Many rooms on one connection, on three nodes: order, repair of lost payloads, resuming elsewhere."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nodes import open_nodes
from tests.stage import Player, Stage
from tests.valkey import Valkey, valkey

ROOMS = ("tea", "hall", "garden")
EACH = 60


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as running:
        yield running


async def talk(nodes: list[Stage], first: int) -> None:
    """In each room somebody on another node says numbers."""
    speakers = [await nodes[n].enters(f"romeo{n}", room, v1=True) for n, room in enumerate(ROOMS)]
    for number in range(first, first + EACH):
        for speaker in speakers:
            await speaker.says(str(number), client_id=str(number))
    for speaker in speakers:
        while (await speaker.next_of("ack"))["id"] != str(first + EACH - 1):
            pass
        await speaker.leaves()


async def hears(juliet: Player, count: int) -> dict[str, list[tuple[int, int]]]:
    """The next `count` messages of all rooms: room -> their places and numbers."""
    heard: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for _ in range(count):
        frame = await juliet.next_of("chat_message")
        heard[frame["room"]].append((frame["seq"], int(frame["message"])))
    return heard


def numbers(first: int, end: int) -> dict[str, list[tuple[int, int]]]:
    return {room: [(number + 1, number) for number in range(first, end)] for room in ROOMS}


@pytest.mark.long
def test_each_room_is_told_in_order_on_each_node_also_if_the_bus_loses_payloads(
    server: Valkey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play() -> None:
        async with open_nodes(3, server, tmp_path) as nodes:
            juliets = [await node.connects(f"juliet{n}") for n, node in enumerate(nodes)]
            for juliet in juliets:
                for room in ROOMS:
                    await juliet.joins(room)
            listening = [asyncio.create_task(hears(juliet, EACH * 3)) for juliet in juliets]
            came = lost = 0
            for node in nodes:
                deliver = node.chat.deliver

                def loses(topic: str, payload: bytes, deliver=deliver) -> None:  # type: ignore[no-untyped-def]
                    """Lose every third payload of a room. How many there are depends on the commits."""
                    nonlocal came, lost
                    came += topic.startswith("room:")
                    if topic.startswith("room:") and came % 3 == 0:
                        lost += 1
                    else:
                        deliver(topic, payload)

                monkeypatch.setattr(node.chat, "deliver", loses)
            await talk(nodes, 0)
            assert await asyncio.gather(*listening) == [numbers(0, EACH)] * 3
            assert lost > 0

    asyncio.run(play())


def test_after_its_node_is_gone_each_room_resumes_on_another(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with open_nodes(3, server, tmp_path) as nodes:
            juliet = await nodes[0].connects("juliet")
            epochs = {room: (await juliet.joins(room))["epoch"] for room in ROOMS}
            await talk(nodes, 0)
            before = await hears(juliet, 100)
            for connection in nodes[0].connections.all():
                connection.abort()  # as when the machine is gone
            await talk(nodes, EACH)
            again = await nodes[1].connects("juliet")
            for room in ROOMS:
                place = {"since": before[room][-1][0] if before[room] else 0, "epoch": epochs[room]}
                await again.asks("join", id=room, room=room, **place)
            after = await hears(again, EACH * 6 - 100)
            assert {room: before[room] + after[room] for room in ROOMS} == numbers(0, EACH * 2)

    asyncio.run(play())
