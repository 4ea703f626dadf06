"""What the tests of `tornchat history` share: a room with a past, and what its log holds."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import chdir, closing, contextmanager
from pathlib import Path

from click.testing import CliRunner, Result

from tests.plugins.peeweekit import draft, storage
from tornchat.cli import main

OLD = 1_600_000_000_000


async def _fill(data_dir: Path, count: int) -> None:
    async with storage(data_dir, "hall") as chat:
        for start in range(0, count, 1000):
            numbers = range(start, min(start + 1000, count))
            await chat.store_messages(
                [draft(f"line {n}", client_id=f"c{n}" if n % 2 else None, sent_at=OLD + n) for n in numbers]
            )


def fill(folder: Path, count: int) -> None:
    asyncio.run(_fill(folder / "tornchat-data", count))


def rows(folder: Path, room: str) -> list[tuple[str, int, str]]:
    """What the room's log holds: text, time and draft id, in order."""
    with closing(sqlite3.connect(folder / "tornchat-data" / "tornchat.db")) as database:
        found = database.execute(
            "SELECT text, sent_at, draft_id FROM message JOIN room ON room_id = id WHERE name = ? "
            "ORDER BY seq",
            [room],
        )
        return found.fetchall()


def count(folder: Path, room: str) -> int:
    """How many entries the room's log holds: quick to ask, again and again."""
    with closing(sqlite3.connect(folder / "tornchat-data" / "tornchat.db")) as database:
        found = database.execute(
            "SELECT head_seq - first_seq + 1 FROM room WHERE name = ?", [room]
        ).fetchone()
        return int(found[0]) if found else 0


def history(folder: Path, *arguments: str, said: str = "") -> Result:
    """Carry out `tornchat history` in this process, with the input `said`; a new process would be slow."""
    with chdir(folder), own_log():
        return CliRunner().invoke(main, ["history", *arguments], input=said)


@contextmanager
def own_log() -> Iterator[None]:
    """Let the command have the log for itself, and give it back."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    root.handlers.clear()
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
