"""Nodes that are replaced one by one while people talk, as in an upgrade, and what becomes of messages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import NamedTuple

from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.nodes import SECRET
from tests.stage import Stage, open_stage

IN_FLIGHT = 4
Sections = Mapping[str, Mapping[str, object]]


class Fleet:
    """The nodes of one chat by number. Those that stop get no new clients, as behind a load balancer."""

    def __init__(self, place: Path, shared: Sections, storage: Mapping[str, object]) -> None:
        self._place = place
        self._shared = shared
        self._storage = storage
        self._open: dict[int, AsyncExitStack] = {}
        self._up = asyncio.Event()
        self.stages: dict[int, Stage] = {}

    async def start(self, number: int, version: type | None = None) -> Stage:
        """Start a node of this version, or with a storage plugin that a test made."""
        name = "other" if version else "peewee"
        bus = "redis" if "redis" in self._shared else "local"
        core = {"plugins": ("jwt", name, bus), "data_dir": str(self._place / f"node{number}")}
        given = {"tornchat": core, "jwt": {"secret": SECRET}, name: self._storage, **self._shared}
        self._open[number] = AsyncExitStack()
        plugins = {"other": version} if version else None
        stage = await self._open[number].enter_async_context(
            open_stage(self._place / f"node{number}", given, plugins)
        )
        stage.key = SECRET
        self.stages[number] = stage
        self._up.set()
        return stage

    async def stop(self, number: int) -> None:
        """Let a node drain and end."""
        del self.stages[number]
        if not self.stages:
            self._up.clear()
        await self._open.pop(number).aclose()

    async def replace(self, number: int, version: type | None = None) -> None:
        await self.stop(number)
        await self.start(number, version)

    async def close(self) -> None:
        for number in list(self.stages):
            await self.stop(number)

    async def any_but(self, last: Stage | None) -> Stage:
        """A node that runs, another one than the last if there is one."""
        await self._up.wait()
        stages = list(self.stages.values())
        return next((stage for stage in stages if stage is not last), stages[0])


class Count(NamedTuple):
    """What became of the messages: how many."""

    sent: int
    acked: int
    lost: int
    doubled: int


class Talker:
    """Says one text after the other, four in flight, and says again what was not acknowledged."""

    def __init__(self, name: str, fleet: Fleet) -> None:
        self._name = name
        self._fleet = fleet
        self._numbers = count(1)
        self._waiting: set[str] = set()
        self._more = asyncio.Condition()
        self.ending = False
        self.sent: set[str] = set()
        self.acked: set[str] = set()

    async def talk(self) -> None:
        """Talk until `ending` is set and everything is acknowledged."""
        stage = None
        while not self.ending or self._waiting:
            stage = await self._fleet.any_but(stage)
            try:
                await self._talk_on(stage)
            except (ConnectionClosed, InvalidHandshake, OSError):
                continue

    async def hears_of(self, number: int) -> None:
        """Wait until so many more texts are acknowledged."""
        goal = len(self.acked) + number
        async with asyncio.timeout(20), self._more:
            await self._more.wait_for(lambda: len(self.acked) >= goal)

    async def _talk_on(self, stage: Stage) -> None:
        player = await stage.enters(self._name, "hall", v1=True)
        for text in sorted(self._waiting):
            await player.says(text, client_id=text)
        while not self.ending or self._waiting:
            while len(self._waiting) < IN_FLIGHT and not self.ending:
                text = f"{self._name}-{next(self._numbers)}"
                self._waiting.add(text)
                self.sent.add(text)
                await player.says(text, client_id=text)
            frame = json.loads(await player.receive())
            if frame["type"] == "ack":
                await self._is_acknowledged(frame["id"])
            elif frame["type"] == "error":
                await player.says(frame["id"], client_id=frame["id"])
        await player.leaves()

    async def _is_acknowledged(self, text: str) -> None:
        self._waiting.discard(text)
        self.acked.add(text)
        async with self._more:
            self._more.notify_all()
