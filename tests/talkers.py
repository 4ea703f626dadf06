"""Clients that talk on, whatever happens to their server: they resume, resend, and count what they miss."""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.stage import Player, Stage

GONE = (ConnectionClosed, InvalidHandshake, ConnectionError, TimeoutError)
PATIENCE = 30


class Talker:
    """Says one thing after the other in one room. `heard` is all it heard, by place in the log."""

    def __init__(self, name: str, room: str, pause: float) -> None:
        """`pause` is the time between two messages, in seconds."""
        self.name = name
        self.room = room
        self.heard: dict[int, str] = {}
        self.said: dict[str, str] = {}
        self.acked: set[str] = set()
        self.repeated = 0
        self.visits = 0
        self.connected = False
        self.closes: Counter[int] = Counter()
        self.talking = True
        self._pause = pause
        self._seq = 0
        self._epoch = ""

    async def run(self, stage: Stage) -> None:
        """Enter again and again, until this is cancelled."""
        while True:
            try:
                await self._visit(stage)
            except GONE:
                pass
            self.connected = False
            await asyncio.sleep(random.uniform(0.02, 0.2))  # shorter than the hint, which is for a herd

    async def _visit(self, stage: Stage) -> None:
        query = {"since": self._seq, "epoch": self._epoch} if self._epoch else None
        player = await stage.enters(self.name, self.room, v1=True, query=query)
        speaking = asyncio.create_task(self._speak(player))
        try:
            while True:
                self._take(json.loads(await player.receive()))
        except ConnectionClosed as end:
            self.closes[end.rcvd.code if end.rcvd else 1006] += 1
        finally:
            speaking.cancel()
            player.socket.transport.abort()

    async def _speak(self, player: Player) -> None:
        try:
            for client_id in [one for one in self.said if one not in self.acked]:
                await player.says(self.said[client_id], client_id)
            while True:
                await asyncio.sleep(self._pause)
                if self.talking:
                    client_id = f"{self.name}-{len(self.said)}"
                    self.said[client_id] = f"text {client_id}"
                    await player.says(self.said[client_id], client_id)
        except ConnectionClosed:
            return

    def _take(self, frame: dict[str, object]) -> None:
        match frame:
            case {"type": "welcome", "recovered": bool(recovered), "epoch": str(epoch)}:
                assert recovered or not self._epoch, "a resume was not possible"
                self._epoch, self.connected = epoch, True
                self.visits += 1
            case {"type": "chat_message", "seq": int(seq), "message": str(text)}:
                self.repeated += seq in self.heard
                assert seq == self._seq + 1, f"{self.name} was sent {seq} after {self._seq}"
                self.heard[seq], self._seq = text, seq
            case {"type": "ack", "id": str(client_id)}:
                self.acked.add(client_id)
            case {"type": "error"}:
                raise AssertionError(frame)


class Talk:
    """Several talkers, and what became of all that they said."""

    def __init__(self, talkers: Sequence[Talker]) -> None:
        self.talkers = talkers
        self.lines: list[str] = []

    @property
    def said(self) -> int:
        return sum(len(talker.said) for talker in self.talkers)

    @property
    def acked(self) -> int:
        return sum(len(talker.acked) for talker in self.talkers)

    def lost(self) -> int:
        """What somebody did not hear, counted for each, that was acknowledged."""
        return sum(len(set(self._acked_in(t.room)) - set(t.heard.values())) for t in self.talkers)

    def doubled(self) -> int:
        """What somebody heard twice."""
        return sum(t.repeated + len(t.heard) - len(set(t.heard.values())) for t in self.talkers)

    def _acked_in(self, room: str) -> list[str]:
        return [t.said[one] for t in self.talkers if t.room == room for one in t.acked]

    async def entered(self) -> None:
        """Wait until everybody is in."""
        await self._until(lambda talker: talker.connected)

    async def settled(self) -> None:
        """Say nothing new, and wait until everything is acknowledged and everybody has heard it."""
        for talker in self.talkers:
            talker.talking = False
        await self.entered()
        await self._until(lambda talker: len(talker.acked) == len(talker.said))
        await self._until(lambda talker: len(talker.heard) >= len(self._acked_in(talker.room)))

    async def _until(self, holds: Callable[[Talker], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not all(holds(talker) for talker in self.talkers):  # noqa: ASYNC110 (many events)
                await asyncio.sleep(0.05)

    async def time_line(self, events: Sequence[str]) -> None:
        """Note once a second what was said and acknowledged in it, who is connected, and what happened."""
        began, seen, before = time.monotonic(), len(events), (0, 0)
        while True:
            await asyncio.sleep(1)
            now = (self.said, self.acked)
            told = [
                re.sub(r"^.*tornchat.workers: ", "", one).strip()
                for one in events[seen:]
                if "workers:" in one
            ]
            seen = len(events)
            here = sum(talker.connected for talker in self.talkers)
            counts = f"{now[0] - before[0]:5} said {now[1] - before[1]:5} acked {here:4} connected"
            self.lines.append(f"{time.monotonic() - began:4.0f} s {counts}  {'; '.join(told)}")
            before = now


@asynccontextmanager
async def talk(
    stage: Stage, count: int, rooms: Sequence[str], pause: float, events: Sequence[str]
) -> AsyncIterator[Talk]:
    """`count` talkers spread over the rooms; `events` is a log that grows, for the time line."""
    talkers = [Talker(f"p{number}", rooms[number % len(rooms)], pause) for number in range(count)]
    made = Talk(talkers)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(talker.run(stage)) for talker in talkers]
        tasks.append(group.create_task(made.time_line(events)))
        await made.entered()
        yield made
        for task in tasks:
            task.cancel()
