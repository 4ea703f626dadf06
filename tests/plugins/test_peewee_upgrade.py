"""Steps that a version does not know: it works with those that only add, and refuses the others."""

from __future__ import annotations

import asyncio
import logging
import re
from pathlib import Path

import pytest
from tornchat_peewee import PeeweePlugin
from tornchat_peewee.databases import backend_of
from tornchat_peewee.declaration import Declaration
from tornchat_peewee.schema import CURRENT, DECLARING

from tests.plugins.peeweekit import Place, plugin, say, storage, texts
from tests.plugins.peeweesteps import ADDS, RENAMES, version_with
from tornchat import Fault, NotStored, SettingsError

PAGE = Path(__file__).parents[2] / "docs" / "upgrading.md"
[WAY_BACK] = re.findall(r"^```sql\n(.*?)```", PAGE.read_text(), re.M | re.S)
"""What the page says about going back to a version without declarations."""


async def migrated(place: Place, version: type[PeeweePlugin]) -> list[str]:
    return list(await version(plugin(place)._settings).migrate())


async def faults(place: Place) -> list[Fault]:
    return list(await plugin(place).check())


def test_every_step_from_the_first_declaration_on_is_declared() -> None:
    for step in CURRENT.steps():
        module = step.load()
        told = Declaration.of(step.name, module)
        assert step.name < DECLARING or isinstance(module.ADDITIVE, bool), f"{step.name}: ADDITIVE"
        assert step.name < DECLARING or told.additive or (told.minimum and told.way_back), step.name


def test_a_version_works_on_and_starts_beside_a_newer_one_whose_steps_only_add(
    place: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def play() -> list[str]:
        newer = version_with(tmp_path / "newer", _9000_moods=ADDS)
        async with storage(place, "hall") as running:
            await say(running, "before")
            assert await migrated(place, newer) == ["9000_moods"]
            await say(running, "beside")
        caplog.clear()
        async with storage(place) as started_again:
            await say(started_again, "after")
            return await texts(started_again)

    assert asyncio.run(play()) == ["before", "beside", "after"]
    [line] = [record for record in caplog.records if record.name == "tornchat.peewee"]
    assert line.levelno == logging.WARNING
    assert "9000_moods" in line.getMessage()


def test_check_shows_additive_steps_of_a_newer_version_as_a_warning(place: Place, tmp_path: Path) -> None:
    async def play() -> list[Fault]:
        await migrated(place, version_with(tmp_path / "newer", _9000_moods=ADDS))
        return await faults(place)

    [fault] = asyncio.run(play())
    assert fault.warning
    assert fault.what == "The database has steps of a newer version: 9000_moods."


def test_a_step_that_does_not_only_add_is_refused_with_the_version_that_it_needs_and_the_way_back(
    place: Place, tmp_path: Path
) -> None:
    async def play() -> Fault:
        await migrated(place, version_with(tmp_path / "newer", _9000_moods=ADDS, _9001_story=RENAMES))
        with pytest.raises(SettingsError, match="9001_story"):
            await plugin(place).migrate()
        [fault] = await faults(place)
        return fault

    assert asyncio.run(play()) == Fault(
        "The database was made by a newer version: it knows the step 9001_story, which needs tornchat 2.0.",
        "Install that version, or go back: Rename the table back.",
    )


def test_a_node_that_runs_stores_nothing_after_a_step_that_does_not_only_add(
    place: Place, tmp_path: Path
) -> None:
    async def play() -> None:
        async with storage(place, "hall") as running:
            await say(running, "before")
            await migrated(place, version_with(tmp_path / "newer", _9001_story=RENAMES))
            with pytest.raises(NotStored):
                await say(running, "too late")

    asyncio.run(play())


def test_a_newer_version_goes_on_where_the_older_one_stopped(place: Place, tmp_path: Path) -> None:
    async def play() -> list[list[str]]:
        newer = version_with(tmp_path / "newer", _9000_moods=ADDS)
        first = await migrated(place, newer)
        async with storage(place, "hall") as older:
            await say(older, "between")
        return [first[-1:], await migrated(place, newer)]

    assert asyncio.run(play()) == [["9000_moods"], []]


def test_a_database_that_was_used_by_a_version_without_declarations_is_migrated_again(place: Place) -> None:
    async def play() -> list[str]:
        async with storage(place, "hall") as chat:
            await say(chat, "before")
        backend = backend_of(plugin(place)._settings)
        backend.connect()
        backend.database.execute_sql(WAY_BACK)
        backend.disconnect()
        assert await migrated(place, PeeweePlugin) == [DECLARING]
        async with storage(place) as chat:
            return await texts(chat)

    assert asyncio.run(play()) == ["before"]
