"""Deliberately wrong storages of cursors: `peewee`, with one promise broken in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from tornchat_peewee import PeeweePlugin

from tornchat import ConsumerClaim, CursorMove, Unread, hookimpl


def made(plugin: type[PeeweePlugin], place: Path) -> PeeweePlugin:
    """The plugin with its database in this directory."""
    return plugin(PeeweePlugin.Settings(url=f"sqlite:///{place / 'chat.db'}"))


class LeasesToAnybody(PeeweePlugin):
    @hookimpl
    async def hold_consumers(
        self, holder: str, claims: Sequence[ConsumerClaim], seconds: float
    ) -> Sequence[str]:
        await super().hold_consumers(holder, claims, seconds)
        return [claim.name for claim in claims] if seconds else []


class LeasesForEver(PeeweePlugin):
    @hookimpl
    async def hold_consumers(
        self, holder: str, claims: Sequence[ConsumerClaim], seconds: float
    ) -> Sequence[str]:
        return await super().hold_consumers(holder, claims, seconds and 3600.0)


class BeginsAtTheEnd(PeeweePlugin):
    @hookimpl
    async def hold_consumers(
        self, holder: str, claims: Sequence[ConsumerClaim], seconds: float
    ) -> Sequence[str]:
        return await super().hold_consumers(
            holder, [replace(claim, beginning=False) for claim in claims], seconds
        )


class ReadsAllRooms(PeeweePlugin):
    @hookimpl
    async def hold_consumers(
        self, holder: str, claims: Sequence[ConsumerClaim], seconds: float
    ) -> Sequence[str]:
        return await super().hold_consumers(holder, [replace(claim, rooms=None) for claim in claims], seconds)


class MovesNothing(PeeweePlugin):
    @hookimpl
    async def move_cursors(self, holder: str, moves: Sequence[CursorMove]) -> None:
        pass


class MovesAtShutdown(PeeweePlugin):
    """The cursors are right in memory, and stored when the server ends as it should."""

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self.later: list[tuple[str, CursorMove]] = []

    @hookimpl
    async def move_cursors(self, holder: str, moves: Sequence[CursorMove]) -> None:
        self.later += [(holder, move) for move in moves]

    @hookimpl
    async def shutdown(self) -> None:
        for holder, move in self.later:
            await super().move_cursors(holder, [move])
        await super().shutdown()


class MovesForAnybody(PeeweePlugin):
    @hookimpl
    async def move_cursors(self, holder: str, moves: Sequence[CursorMove]) -> None:
        for holding in ("node-1", "node-2"):
            await super().move_cursors(holding, moves)


class MovesFromAnywhere(PeeweePlugin):
    @hookimpl
    async def move_cursors(self, holder: str, moves: Sequence[CursorMove]) -> None:
        for move in moves:
            await super().set_cursors(move.consumer, move.room, move.seq)


class ForgetsErrors(PeeweePlugin):
    @hookimpl
    async def move_cursors(self, holder: str, moves: Sequence[CursorMove]) -> None:
        await super().move_cursors(holder, [replace(move, error="") for move in moves])


class ReadsFromTheFastest(PeeweePlugin):
    @hookimpl
    async def read_unread(self, wanted: Mapping[str, Sequence[str]], limit: int) -> Sequence[Unread]:
        found = await super().read_unread(wanted, limit)
        return found[-1:]


class ReplaysNothing(PeeweePlugin):
    @hookimpl
    async def set_cursors(self, consumer: str, room: str | None, seq: int | None) -> int:
        return 1


class FindsTheFirstPageOnly(PeeweePlugin):
    @hookimpl
    async def find_unread(self, consumers: Sequence[str], after: str | None, limit: int) -> Sequence[str]:
        return await super().find_unread(consumers, None, limit)
