"""Finding users by their names: only where there is a directory, and never those who block the caller."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.service.test_direct import a_city
from tests.service.test_directory import GUEST, JULIET, ROMEO, refused


def test_there_is_no_directory_unless_the_settings_say_so(tmp_path: Path) -> None:
    async def play() -> None:
        async with a_city(tmp_path) as verona:
            assert await refused(verona.chat.finding.find(JULIET, "rom")) == "not_found"

    asyncio.run(play())


def test_who_is_found(tmp_path: Path) -> None:
    async def play() -> None:
        async with a_city(tmp_path, users={"directory": True}) as verona:
            find = verona.chat.finding.find
            for words, ids in (
                ("r", ["romeo"]),
                (" R\u00d3M", ["romeo"]),
                ("omeo", []),
                ("r%", ["romeo"]),
                ("t_", ["tybalt"]),
            ):
                assert [one.id for one in await find(JULIET, words)] == ids, words
            await verona.chat.blocks.block(ROMEO, "juliet")
            assert await find(JULIET, "r") == []
            assert [one.id for one in await find(ROMEO, "j")] == ["juliet"]
            assert await refused(find(JULIET, "\u200b")) == "invalid_message"
            assert await refused(find(GUEST, "r")) == "forbidden"

    asyncio.run(play())
