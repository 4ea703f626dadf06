"""While Redis is dead or hangs, who is removed on one node is out on every node within five seconds."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.figures import told
from tests.nodes import open_nodes
from tests.service.test_directory import JULIET
from tests.service.test_removal import WAYS
from tests.stage import Player
from tests.valkey import Valkey, valkey


@pytest.fixture
def server() -> Iterator[Valkey]:
    with valkey() as running:
        yield running


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.long
def test_whatever_removes_somebody_holds_on_every_node(
    fault: signal.Signals, server: Valkey, tmp_path: Path
) -> None:
    async def play() -> None:
        async with open_nodes(2, server, tmp_path) as [verona, mantua]:
            victims = []
            for way in WAYS:
                room = f"crypt-{way.__name__}"
                await verona.chat.directory.create_room(JULIET, room, private=True)
                await verona.chat.directory.set_member(JULIET, room, way.__name__, "member")
                victim = await mantua.enters(way.__name__, room)
                assert await victim.next_of("room_users_list")
                victims.append(victim)
            server.send(fault)
            began = time.monotonic()
            try:
                acts = [way(verona, f"crypt-{way.__name__}", way.__name__) for way in WAYS]
                codes, _ = await asyncio.gather(
                    asyncio.gather(*(ended(victim, began) for victim in victims)), asyncio.gather(*acts)
                )
            finally:
                if fault == signal.SIGSTOP:
                    server.send(signal.SIGCONT)
            assert [code for code, _ in codes] == [4003, 4003, 4003, 4000, 4003, 4003, 4001]
            seconds = [took for _, took in codes]
            assert max(seconds) < 5
            print(f"\n{fault.name}: {len(seconds)} ways, seconds until closed: {told(seconds)}")

    async def ended(victim: Player, began: float) -> tuple[int, float]:
        return await victim.is_closed(), time.monotonic() - began

    asyncio.run(play())
