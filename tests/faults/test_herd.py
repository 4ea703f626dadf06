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
from tornchat.client.backoff import Backoff
from tornchat.client.websocket import masked_frame
from tornchat.wire.framing import TEXT

CLIENTS = COUNT * 100 or 300
PER_ROOM = 10
UNLIMITED = [
    word
    for name in (
        *("connections_per_address", "handshakes_per_second", "sockets_per_room", "sockets_per_user"),
        *("joins_per_second", "rooms_per_hour", "rooms_per_user"),
    )
    for word in ("--set", f"limits.{name}=0")
]
"""All come from one address."""
IN_SECONDS = 10.0
IN_NEW_ROOMS_SECONDS = 30.0
DELIVERY_SECONDS = 10.0
LONGEST_WORD = 20
"""Bytes kept of what came, so that a word that comes in two parts is found."""
PING_SECONDS = 0.15
"""How long a ping of somebody who is in may take meanwhile, at the 99th percentile.

Not asserted in the short run, in which a dozen pings are sent, beside other tests.
"""


class Comer(asyncio.Protocol):
    """One client: shakes hands, has `arrived` when its welcome is there, and is `told` the first message."""

    def __init__(self, head: bytes) -> None:
        self.arrived: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.told: asyncio.Future[float] = asyncio.get_running_loop().create_future()
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
            if b"chat_message" in self._heard[-LONGEST_WORD:] + data and not self.told.done():
                self.told.set_result(time.perf_counter())
            self._heard = data
            return
        self._heard += data
        found = re.search(rb'\{"type":"welcome".*?"recovered":(?:true|false)[^}]*\}', self._heard)
        if found:
            self.welcome = json.loads(found[0])
            self.arrived.set_result(time.perf_counter())

    def connection_lost(self, error: Exception | None) -> None:
        if not self.arrived.done():
            self.arrived.set_exception(ConnectionResetError("refused"))


def head_of(stage: Stage, number: int, query: str = "", room: str = "") -> bytes:
    room, user = room or f"room{number // PER_ROOM}", f"user{number}"
    head = stage.handshake(user, room, 3600).decode()
    head = head.replace(f"/{room}/ ", f"/{room}/{query} ", 1)
    return head.replace("\r\n\r\n", f"\r\nSec-WebSocket-Protocol: {V1}\r\n\r\n").encode()


class Wave:
    """All come at once, and who is told 1013 comes again as the documents say: later, with jitter."""

    def __init__(self) -> None:
        self.comers: list[Comer] = []
        self.seconds: list[float] = []
        self.felt: list[float] = []
        """The seconds that each ping of somebody who was in took meanwhile."""
        self.turned_away = 0
        self._began = time.perf_counter()

    async def come(self, stage: Stage, heads: list[bytes]) -> None:
        """Returns when the last is in."""
        async with asyncio.timeout(90):
            self.comers = await asyncio.gather(*(self._come_in(stage, head) for head in heads))

    async def _come_in(self, stage: Stage, head: bytes) -> Comer:
        backoff = Backoff()
        while True:
            comer = Comer(head)
            await asyncio.get_running_loop().create_connection(lambda c=comer: c, "127.0.0.1", stage.port)
            try:
                self.seconds.append(await comer.arrived - self._began)
                return comer
            except ConnectionResetError:
                self.turned_away += 1
                await asyncio.sleep(backoff.next())

    def leave(self) -> None:
        """All are cut off at once."""
        for comer in self.comers:
            assert comer.transport is not None
            comer.transport.abort()

    def told(self) -> str:
        """How many were in, and when."""
        shares = (0.1, 0.5, 0.9, 0.99)
        curve = ", ".join(f"{share:.0%} {percentile(self.seconds, share):.1f} s" for share in shares)
        return f"{curve}, all {max(self.seconds):.1f} s; {self.turned_away} refused"


def raise_descriptor_limit(needed: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < needed:
        pytest.skip(f"{needed} open files are needed, and {hard} allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))


@pytest.mark.timeout(200)
@pytest.mark.long
def test_a_herd_enters_new_rooms_and_comes_back_while_the_others_notice_little(
    tmp_path: Path, untraced: None
) -> None:
    async def play(stage: Stage) -> list[Wave]:
        heads = [head_of(stage, number) for number in range(CLIENTS)]
        first = await surge(stage, f"{CLIENTS} clients enter {CLIENTS // PER_ROOM} new rooms", heads)
        positions = [(comer.welcome["seq"], comer.welcome["epoch"]) for comer in first.comers]
        queries = [f"?since={seq}&epoch={epoch}" for seq, epoch in positions]
        first.leave()
        heads = [head_of(stage, number, query) for number, query in enumerate(queries)]
        back = await surge(stage, f"{CLIENTS} clients come back", heads)
        assert all(comer.welcome["recovered"] for comer in back.comers)
        back.leave()
        return [first, back]

    raise_descriptor_limit(CLIENTS + 500)
    with serving(tmp_path / "data", *UNLIMITED) as server:
        waves = asyncio.run(play(server.stage))
        assert server.stop() == 0
    for wave, limit in zip(waves, (IN_NEW_ROOMS_SECONDS, IN_SECONDS), strict=True):
        assert wave.turned_away == 0
        assert max(wave.seconds) < limit
        assert not COUNT or percentile(wave.felt, 0.99) < PING_SECONDS


@pytest.mark.timeout(200)
@pytest.mark.long
def test_one_room_of_all(tmp_path: Path, untraced: None) -> None:
    """Everybody enters the same room, and one message reaches everybody."""

    async def play(stage: Stage) -> tuple[Wave, float]:
        heads = [head_of(stage, number, room="agora") for number in range(CLIENTS)]
        wave = await surge(stage, f"{CLIENTS} clients enter one room", heads)
        first = wave.comers[0].transport
        assert first is not None
        began = time.perf_counter()
        first.write(masked_frame(TEXT, b'{"type":"send","id":"1","message":"to everybody"}'))
        async with asyncio.timeout(30):
            last = max(await asyncio.gather(*(comer.told for comer in wave.comers)))
        wave.leave()
        return wave, last - began

    raise_descriptor_limit(CLIENTS + 500)
    with serving(tmp_path / "data", *UNLIMITED) as server:
        wave, seconds = asyncio.run(play(server.stage))
        assert server.stop() == 0
    print(f"a message is with all {CLIENTS} after {seconds * 1000:.0f} ms")
    assert wave.turned_away == 0
    assert max(wave.seconds) < IN_NEW_ROOMS_SECONDS
    assert seconds < DELIVERY_SECONDS


async def surge(stage: Stage, title: str, heads: list[bytes]) -> Wave:
    """All come at once, while the server's pulse is felt from a process of its own."""
    with pulse(stage, "pulse") as felt:
        wave = Wave()
        await wave.come(stage, heads)
    wave.felt = felt.seconds
    print(f"\n{title}: {wave.told()}; a ping meanwhile: {told(felt.seconds)} ({len(felt.seconds)} of them)")
    return wave
