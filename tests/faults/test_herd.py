"""P15: everybody is cut off at once and comes back at once. All are in soon, and the loop keeps turning."""

from __future__ import annotations

import asyncio
import json
import re
import resource
import time
from pathlib import Path

import pytest

from tests.figures import percentile, told
from tests.pulse import pulse
from tests.stage import COUNT, V1, Stage, serving

CLIENTS = COUNT * 100 or 300
PER_ROOM = 50
IN_SECONDS = 30.0


class Comer(asyncio.Protocol):
    """One client: shakes hands, and has `arrived` when its welcome is there."""

    def __init__(self, head: bytes) -> None:
        self.arrived: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.welcome: dict[str, object] = {}
        self.transport: asyncio.Transport | None = None
        self._head = head
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._head)

    def data_received(self, data: bytes) -> None:
        if self.arrived.done():
            return
        self._heard += data
        found = re.search(rb'\{"type":"welcome".*?"recovered":(?:true|false)\}', self._heard)
        if found:
            self.welcome = json.loads(found[0])
            self.arrived.set_result(time.perf_counter())

    def connection_lost(self, error: Exception | None) -> None:
        if not self.arrived.done():
            self.arrived.set_exception(ConnectionResetError("refused"))


def head_of(stage: Stage, number: int, query: str = "") -> bytes:
    room, user = f"room{number // PER_ROOM}", f"user{number}"
    head = stage.handshake(user, room, 3600).decode()
    head = head.replace(f"/{room}/ ", f"/{room}/{query} ", 1)
    return head.replace("\r\n\r\n", f"\r\nSec-WebSocket-Protocol: {V1}\r\n\r\n").encode()


async def come(stage: Stage, heads: list[bytes]) -> tuple[list[Comer], list[float]]:
    """All at once; gives them, and after how many seconds each was in."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    async with asyncio.timeout(60):
        comers = [Comer(head) for head in heads]
        await asyncio.gather(
            *(loop.create_connection(lambda c=comer: c, "127.0.0.1", stage.port) for comer in comers)
        )
        return comers, [at - began for at in await asyncio.gather(*(comer.arrived for comer in comers))]


def raise_descriptor_limit(needed: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < needed:
        pytest.skip(f"{needed} open files are needed, and {hard} allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))


@pytest.mark.timeout(200)
def test_a_herd_that_comes_back_is_let_in(tmp_path: Path) -> None:
    async def play(stage: Stage) -> list[float]:
        comers, first = await come(stage, [head_of(stage, number) for number in range(CLIENTS)])
        heads = []
        for number, comer in enumerate(comers):
            query = f"?since={comer.welcome['seq']}&epoch={comer.welcome['epoch']}"
            heads.append(head_of(stage, number, query))
        for comer in comers:
            assert comer.transport is not None
            comer.transport.abort()
        back, seconds = await come(stage, heads)
        assert all(comer.welcome["recovered"] for comer in back)
        for comer in back:
            assert comer.transport is not None
            comer.transport.abort()
        print(f"\nthe first time all were in after {max(first):.1f} s")
        return seconds

    raise_descriptor_limit(CLIENTS + 500)
    with serving(tmp_path / "data") as server:
        with pulse(server.stage, "pulse") as felt:
            seconds = asyncio.run(play(server.stage))
        shares = (0.1, 0.5, 0.9, 0.99)
        curve = ", ".join(f"{share:.0%} {percentile(seconds, share):.1f} s" for share in shares)
        print(f"{CLIENTS} clients come back at once: {curve}, all {max(seconds):.1f} s")
        print(f"a ping meanwhile: {told(felt.seconds)} ({len(felt.seconds)} of them)")
        assert server.stop() == 0
    assert max(seconds) < IN_SECONDS
