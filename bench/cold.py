"""A cold join: the server has just started, and the room has a short or a very long log."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench.client import BenchError, Crowd
from bench.figures import TIME, Case, Figure
from bench.loads import HISTORY, Pace
from bench.servers import Server, environment, running

FILL = """
    WITH RECURSIVE numbers(seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM numbers WHERE seq < :count)
    INSERT INTO {table} (room_id, seq, sender_id, sender_username, text, sent_at, draft_id, kind)
    SELECT :room, seq, 'user' || seq % 97, 'user' || seq % 97, printf('%064d', seq),
        1700000000000 + seq, printf('%032d', seq), 'message' FROM numbers
"""


@dataclass(frozen=True)
class Cold:
    """The time from connecting to the whole history, in a room with `many` messages and in one with few.

    Both rooms are in the same database. Each restart serves one join.
    """

    name: str = "cold"
    few: int = 1000
    many: int = 10_000_000
    restarts: int = 7

    def measures(self, server: str) -> bool:
        return server == "tornchat"

    def run(self, server: Server, pace: Pace) -> Iterator[tuple[Case, Figure]]:
        with tempfile.TemporaryDirectory(prefix="bench-") as made:
            place = Path(made)
            try:
                self._fill(server, place)
            except (subprocess.CalledProcessError, sqlite3.Error) as error:
                raise BenchError(f"its database can't be filled: {error}") from None
            for _ in range(self.restarts):
                for count in (self.few, self.many):
                    yield self._case(count), _join(server, pace.core, place, f"room{count}")

    def _case(self, count: int) -> Case:
        return Case(f"{self.name}-{count}", self.name, f"cold join, {count:,} messages stored", TIME)

    def _fill(self, server: Server, place: Path) -> None:
        command, environ = [sys.executable, "-m", "tornchat", "migrate"], environment(server.environ)
        subprocess.run(command, cwd=place, env=environ, check=True, stdout=subprocess.DEVNULL)
        with closing(sqlite3.connect(place / "tornchat-data" / "tornchat.db")) as database:
            database.execute("PRAGMA journal_mode = OFF")  # this file is nobody's yet
            database.execute("PRAGMA synchronous = OFF")
            fill = FILL.format(table=_table_of_messages(database))
            for room, count in enumerate((self.few, self.many), 1):
                values = {"room": room, "name": f"room{count}", "count": count}
                database.execute(
                    "INSERT INTO room (id, name, epoch, private, head_seq, first_seq, created_at)"
                    " VALUES (:room, :name, 'epoch', 0, :count, 1, 1700000000000)",
                    values,
                )
                database.execute(fill, values)
            database.commit()


def _table_of_messages(database: sqlite3.Connection) -> str:
    """Return the name of the table, which is another one in earlier versions."""
    old = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'log'").fetchone()
    return "log" if old else "message"


def _join(server: Server, core: int, place: Path, room: str) -> Figure:
    with running(server, core, place) as run, closing(Crowd(run.port, run.dialect, HISTORY)) as crowd:
        crowd.enter([(room, "romeo")])
        return Figure(crowd.entries[0] * 1000)
