"""The positions kept beside the data: what is noted, and what a database that went back leads to."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

import pytest
from tornchat_peewee.databases import backend_of
from tornchat_peewee.positions import RECORD, Positions, key_of

from tests.plugins.peeweekit import Place, draft, plugin, say, storage
from tornchat import Position

EPOCH = "0123456789abcdef"


def opened(place: Path) -> Positions:
    positions = Positions(place)
    positions.open()
    return positions


def test_what_one_process_noted_the_next_one_knows(tmp_path: Path) -> None:
    first = opened(tmp_path)
    for seq in (1, 7, 3):
        first.note({EPOCH: seq})
    first.close()
    assert opened(tmp_path).known() == {key_of(EPOCH): 7}


def test_processes_at_the_same_time_have_a_journal_each_and_know_all(tmp_path: Path) -> None:
    two = [opened(tmp_path), opened(tmp_path)]
    two[0].note({EPOCH: 5, "other": 1})
    two[1].note({EPOCH: 6})
    assert sorted(path.name for path in tmp_path.glob("*.log")) == ["0.log", "1.log"]
    assert opened(tmp_path).known() == {key_of(EPOCH): 6, key_of("other"): 1}


def test_a_journal_is_rewritten_before_it_grows_without_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tornchat_peewee.positions.SMALL", 10 * RECORD.size)
    positions = opened(tmp_path)
    for seq in range(1, 100):
        positions.note({EPOCH: seq})
    assert (tmp_path / "0.log").stat().st_size <= 10 * RECORD.size
    assert positions.known() == {key_of(EPOCH): 99}


def test_a_journal_forgets_the_epochs_that_were_not_noted_for_longest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rooms that are created and deleted for ever leave a bounded journal; those in use stay noted."""
    monkeypatch.setattr("tornchat_peewee.positions.SMALL", 20 * RECORD.size)
    monkeypatch.setattr("tornchat_peewee.positions.MOST_EPOCHS", 3)
    positions = opened(tmp_path)
    positions.note({EPOCH: 1})
    for number in range(1000):
        positions.note({f"room {number}": 1, EPOCH: number + 2})
    assert (tmp_path / "0.log").stat().st_size <= 24 * RECORD.size
    positions.close()
    known = opened(tmp_path).known()
    assert known == {key_of(EPOCH): 1001, key_of("room 999"): 1, key_of("room 998"): 1}


def test_half_a_record_as_a_power_failure_leaves_it_is_passed_over(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.note({EPOCH: 5})
    first.close()
    with (tmp_path / "0.log").open("ab") as journal:
        journal.write(b"half")
    second = opened(tmp_path)
    second.note({EPOCH: 6})
    assert second.known() == {key_of(EPOCH): 6}


def test_what_a_full_disk_did_not_take_is_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    positions = opened(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda descriptor, data: 5)
        positions.note({EPOCH: 5})
        positions.note({EPOCH: 6})
    positions.note({"other": 1})
    assert positions.known() == {key_of(EPOCH): 6, key_of("other"): 1}
    [line] = caplog.messages
    assert "--new-epochs" in line


def test_a_directory_that_can_not_be_written_is_named_and_does_no_harm(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    positions = opened(tmp_path / "file" / "positions")
    positions.note({EPOCH: 5})
    assert positions.known() == {}
    positions.close()
    assert len(caplog.messages) == 1


LOSE = (
    "DELETE FROM message WHERE text = 'lost'",
    "UPDATE room SET head_seq = head_seq - 1 WHERE name = 'hall'",
)


async def heads(place: Place) -> dict[str, Position]:
    async with storage(place) as chat:
        return dict(await chat.latest_positions(["hall", "attic"]))


def take_back(place: Place) -> None:
    """Take the database back by one message in the hall, and by none in the attic."""
    backend = backend_of(plugin(place)._settings)
    backend.connect()
    for statement in LOSE:
        backend.database.execute_sql(statement)
    backend.disconnect()


async def spoken(place: Place) -> dict[str, Position]:
    async with storage(place, "hall", "attic") as chat:
        await say(chat, "kept", "lost")
        await chat.store_messages([draft("up here", "attic")])
        return dict(await chat.latest_positions(["hall", "attic"]))


def test_a_database_that_went_back_gets_new_epochs_at_the_next_start(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    before = asyncio.run(spoken(place))
    take_back(place)
    after = asyncio.run(heads(place))
    assert after["hall"].epoch != before["hall"].epoch
    assert after["hall"].seq == 1
    # Other machines may have handed out more in PostgreSQL than this one knows.
    assert (after["attic"] == before["attic"]) == isinstance(place, Path)
    [line] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert (line.event, line.rooms) == ("restored", 1 if isinstance(place, Path) else 2)
    assert asyncio.run(heads(place)) == after


def test_a_start_that_finds_everything_draws_no_epochs(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    before = asyncio.run(spoken(place))
    assert asyncio.run(heads(place)) == before
    assert caplog.messages == []


def test_what_another_node_stored_is_noted_when_this_one_compares(place: Place, tmp_path: Path) -> None:
    async def play() -> None:
        here = tmp_path / "here"
        url = place if isinstance(place, str) else f"sqlite:///{place}/tornchat.db"
        async with storage(place, "hall") as other, storage(url, data_dir=here) as node:
            await say(other, "one", "two")
            [head] = (await node.latest_positions(["hall"])).values()
            assert Positions(here / "positions").known() == {key_of(head.epoch): 2}

    asyncio.run(play())
