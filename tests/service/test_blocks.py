"""Blocks: each user's own list, which a service can ask whom it may disturb."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.service.test_directory import GUEST, JULIET, ROMEO, refused
from tests.service.test_reports import rude_words
from tests.stage import open_stage
from tornchat.service import blocks


def test_a_user_blocks_and_unblocks_others(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            service = stage.chat.blocks
            for whom in ("tybalt", "paris", "tybalt"):
                await service.block(ROMEO, whom)
            await service.block(GUEST, "romeo")
            assert list(await service.read(ROMEO)) == ["paris", "tybalt"]
            assert list(await service.read(JULIET)) == []
            await service.unblock(ROMEO, "paris")
            assert await refused(service.unblock(ROMEO, "paris")) == "not_found"
            assert list(await service.read(ROMEO)) == ["tybalt"]

    asyncio.run(play())


def test_who_blocks_somebody_is_told_to_services(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            await stage.chat.blocks.block(ROMEO, "tybalt")
            assert await stage.chat.blocks.blockers("tybalt", ["romeo", "juliet"]) == {"romeo"}
            assert await stage.chat.blocks.blockers("tybalt", []) == frozenset()
            assert await stage.chat.blocks.blockers("romeo", ["tybalt"]) == frozenset()

    asyncio.run(play())


@pytest.mark.parametrize("whom", ["romeo", "", "\0", "\ud800", "x" * 257])
def test_an_id_that_nobody_blocks(tmp_path: Path, whom: str) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            assert await refused(stage.chat.blocks.block(ROMEO, whom)) == "invalid_message"

    asyncio.run(play())


def test_a_list_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MOST_BLOCKED", 2)

    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            for whom in ("tybalt", "paris"):
                await stage.chat.blocks.block(ROMEO, whom)
            assert await refused(stage.chat.blocks.block(ROMEO, "mercutio")) == "forbidden"
            await stage.chat.blocks.block(ROMEO, "paris")

    asyncio.run(play())


def test_guests_store_so_many_blocks_and_reports_together(tmp_path: Path) -> None:
    """One client may become any number of guests, and each of them has limits of its own."""

    async def play() -> None:
        async with open_stage(tmp_path, {"guest": {"notes_per_hour": 2}}) as stage:
            others = [replace(GUEST, id=f"{GUEST.id}-{number}") for number in range(3)]
            await rude_words(stage)
            await stage.chat.blocks.block(others[0], "romeo")
            await stage.chat.reports.report(others[1], "hall", 1, "x")
            assert await refused(stage.chat.blocks.block(others[2], "romeo")) == "rate_limited"
            assert await refused(stage.chat.reports.report(others[2], "hall", 1, "x")) == "rate_limited"
            assert stage.chat.counts.limits["guest_notes_per_hour"] == 2
            await stage.chat.blocks.block(ROMEO, "tybalt")

    asyncio.run(play())
