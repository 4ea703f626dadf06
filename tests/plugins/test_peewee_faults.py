"""What goes wrong with disks, files and other processes; injected for real."""

from __future__ import annotations

import asyncio
import os
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tornchat_peewee import PeeweePlugin
from tornchat_peewee.databases import backend_of
from tornchat_peewee.migration import migrate
from tornchat_peewee.schema import CURRENT
from tornchat_peewee.session import DatabaseSession

from tests.plugins.peeweekit import ROMEO, Handle, draft, plugin, say, storage, texts
from tornchat import NotStored, SettingsError, Unavailable

BUSY = 0.3
"""Seconds that the tests let a locked database be waited for."""

LOCKER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    database.execute(statement).fetchall()
print("locked", flush=True)
sys.stdin.read()
"""

MIGRATOR = """
import asyncio, sys
from tornchat_peewee import PeeweePlugin
from pathlib import Path
print(asyncio.run(PeeweePlugin(PeeweePlugin.Settings(data_dir=Path(sys.argv[1]))).migrate()))
"""

CHATTERER = """
import asyncio, sys
from pathlib import Path
from secrets import token_hex
from tests.plugins.peeweekit import draft, storage

async def chatter():
    rooms = [f"room{number}" for number in range(5)]
    async with storage(Path(sys.argv[1]), *rooms) as chat:
        while True:
            drafts = [draft(room=room, draft_id=token_hex(8)) for room in rooms * 3]
            results = await chat.store_messages(drafts)
            told = "".join(f"{result.entry.draft_id}\\n" for result in results)
            sys.stdout.write(told)
            sys.stdout.flush()

asyncio.run(chatter())
"""


@contextmanager
def another_process_holds(directory: Path, *statements: str) -> Iterator[None]:
    command = [sys.executable, "-c", LOCKER, str(directory / "tornchat.db"), *statements]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        try:
            yield
        finally:
            process.communicate()


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Like a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def nobody() -> Iterator[Path]:
    """Root may write anything: be somebody else, with a directory of one's own."""
    is_root = os.geteuid() == 0
    with TemporaryDirectory() as name:
        if is_root:
            os.chown(name, 65534, 65534)
            os.seteuid(65534)
        try:
            yield Path(name)
        finally:
            for path in [Path(name), *Path(name).rglob("*")]:
                path.chmod(0o700)
            if is_root:
                os.seteuid(0)


@pytest.mark.parametrize("hold", [["BEGIN EXCLUSIVE"], ["PRAGMA locking_mode=exclusive", "BEGIN EXCLUSIVE"]])
def test_a_lock_held_elsewhere_is_not_stored_and_soon_told(tmp_path: Path, hold: list[str]) -> None:
    async def play() -> None:
        async with storage(tmp_path, "hall", busy_timeout=BUSY) as chat:
            await say(chat, "before")
        async with storage(tmp_path, busy_timeout=BUSY) as chat:
            with another_process_holds(tmp_path, *hold):
                begin = time.monotonic()
                with pytest.raises(NotStored, match="SQLite: "):
                    await chat.store_messages([draft("lost")])
                assert BUSY * 0.9 < time.monotonic() - begin < BUSY + 1
                with pytest.raises(Unavailable):
                    await chat.open_room("attic", ROMEO, True, 0, ROMEO.id)
                assert (await chat.health())["storage"] != "ok"
            await say(chat, "after")
            assert await texts(chat) == ["before", "after"]
            assert await chat.health() == {"storage": "ok", "history": "ok"}

    asyncio.run(play())


def test_history_is_read_while_somebody_else_writes(tmp_path: Path) -> None:
    async def play() -> None:
        async with storage(tmp_path, "hall", busy_timeout=BUSY) as chat:
            await say(chat, "before")
            with another_process_holds(tmp_path, "BEGIN EXCLUSIVE"):
                assert await texts(chat) == ["before"]

    asyncio.run(play())


def test_a_database_that_is_held_alone_gives_no_history_for_now(tmp_path: Path) -> None:
    async def play() -> None:
        async with storage(tmp_path, "hall") as chat:
            await say(chat, "before")
        async with storage(tmp_path, busy_timeout=BUSY) as chat:
            with another_process_holds(tmp_path, "PRAGMA locking_mode=exclusive", "BEGIN EXCLUSIVE"):
                with pytest.raises(Unavailable, match="SQLite: "):
                    await chat.read_history("hall", None, None, 1)
                with pytest.raises(Unavailable):
                    await chat.latest_positions(["hall"])
            assert await texts(chat) == ["before"]

    asyncio.run(play())


def test_a_full_disk_is_not_stored_and_heals(tmp_path: Path) -> None:
    async def play() -> None:
        async with storage(tmp_path, "hall") as chat:
            stored_before = len(await say(chat, *["x" * 500] * 100))
            log_size = (tmp_path / "tornchat.db-wal").stat().st_size
            with files_no_larger_than(log_size + 10_000):
                for _ in range(3):
                    with pytest.raises(NotStored, match="SQLite: "):
                        await chat.store_messages([draft("y" * 500) for _ in range(100)])
                assert len(await texts(chat)) == stored_before
            assert [entry.seq for entry in await say(chat, "after")] == [stored_before + 1]
            assert (await texts(chat))[-1] == "after"

    asyncio.run(play())


def test_a_full_disk_stores_all_of_a_call_or_nothing(tmp_path: Path) -> None:
    """Wherever in the transaction the space ends."""

    async def play() -> None:
        async with storage(tmp_path, "hall") as chat:
            expected: list[str] = []
            for space in range(0, 40_000, 1_500):
                log_size = (tmp_path / "tornchat.db-wal").stat().st_size
                batch = [draft(f"{space} {number} " + "x" * 900) for number in range(20)]
                with files_no_larger_than(log_size + space):
                    try:
                        await chat.store_messages(batch)
                    except NotStored:
                        pass
                    else:
                        expected += [said.text for said in batch]
                assert await texts(chat) == expected
            assert 0 < len(expected) < 27 * 20

    asyncio.run(play())
    with closing(sqlite3.connect(tmp_path / "tornchat.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_commit_that_fails_otherwise_is_unknown(tmp_path: Path) -> None:
    backend = backend_of(PeeweePlugin.Settings(data_dir=tmp_path))
    migrate(backend)
    session = DatabaseSession(backend)
    backend.connect().execute("PRAGMA foreign_keys = ON")

    def fail_in_commit() -> None:
        with session.writing() as cursor:
            cursor.execute("PRAGMA defer_foreign_keys = ON")
            cursor.execute(
                "INSERT INTO message (room_id, seq, sender_id, sender_username, text, sent_at, draft_id,"
                " kind) VALUES (9, 1, '', '', '', 0, '', 'message')"
            )

    with closing(session):
        with pytest.raises(sqlite3.IntegrityError):
            fail_in_commit()
        with session.reading() as cursor:
            assert cursor.execute("SELECT count(*) FROM message").fetchone() == (0,)


@pytest.mark.long
def test_what_was_told_as_stored_survives_a_kill(tmp_path: Path) -> None:
    told: set[str] = set()
    for messages in (100, 700, 1500):
        told |= told_until_killed(tmp_path, messages)
    with closing(sqlite3.connect(tmp_path / "tornchat.db")) as database:
        there = {draft_id for (draft_id,) in database.execute("SELECT draft_id FROM message")}
    assert len(told) >= 2300
    assert told <= there

    async def play() -> None:
        async with storage(tmp_path) as chat:
            for number in range(5):
                await texts(chat, f"room{number}")

    asyncio.run(play())


def told_until_killed(directory: Path, messages: int) -> set[str]:
    """Kill a process after it told of that many stored messages, and give all that it told of."""
    command = [sys.executable, "-c", CHATTERER, str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(messages)]
        process.kill()
        told += process.stdout.readlines()
    return {line.strip() for line in told if line.endswith("\n")}


def damage(directory: Path, how: str) -> None:
    path = directory / "tornchat.db"
    if how == "not a database":
        path.write_bytes(b"Two households, both alike in dignity" * 500)
    elif how == "text":
        path.write_text("romeo")
    else:
        os.truncate(path, {"short": 5000, "very short": 300, "empty": 0}[how])


@pytest.mark.parametrize("how", ["not a database", "text", "short", "very short", "empty"])
def test_a_damaged_file_is_refused_and_left_alone(tmp_path: Path, how: str) -> None:
    async def play() -> None:
        async with storage(tmp_path, "hall") as chat:
            await say(chat, *["x" * 500] * 100)
        damage(tmp_path, how)
        before = contents(tmp_path)
        chat = plugin(tmp_path)
        [fault] = await chat.check()
        assert "tornchat.db" in fault.what
        assert "backup" in fault.cure
        with pytest.raises(SettingsError) as refusal:
            await chat.startup(Handle())
        assert refusal.value.what == fault.what
        with pytest.raises(SettingsError):
            await chat.migrate()
        assert contents(tmp_path) == before

    asyncio.run(play())


def test_a_page_that_is_spoilt_inside_is_found_by_check(tmp_path: Path) -> None:
    """The server would start: only who reads that page would be told."""

    async def play() -> None:
        async with storage(tmp_path, "hall") as chat:
            await say(chat, *["x" * 500] * 100)
        path = tmp_path / "tornchat.db"
        content = bytearray(path.read_bytes())
        middle = len(content) // 2 // 4096 * 4096
        content[middle : middle + 4096] = b"\xff" * 4096
        path.write_bytes(content)
        [fault] = await plugin(tmp_path).check()
        assert "damaged" in fault.what
        assert "backup" in fault.cure

    asyncio.run(play())


def test_check_changes_nothing(tmp_path: Path) -> None:
    async def play() -> None:
        chat = plugin(tmp_path / "new")
        assert await chat.check() == []
        assert contents(tmp_path) == {}
        async with storage(tmp_path / "new", "hall"):
            pass
        before = contents(tmp_path)
        assert await chat.check() == []
        assert contents(tmp_path) == before

    asyncio.run(play())


def contents(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()}


def test_a_file_or_directory_that_may_not_be_written_is_refused() -> None:
    with nobody() as directory:
        file = directory / "tornchat.db"
        asyncio.run(plugin(directory).migrate())
        file.chmod(0o400)
        assert refusal_of(directory) == f"{file} is read-only."
        directory.chmod(0o500)
        assert refusal_of(directory) == f"The directory {directory} is not writable."
        assert refusal_of(directory / "a" / "b") == f"The directory {directory} is not writable."
        assert refusal_of(file) == f"{file} is not a directory."
        directory.chmod(0)
        assert refusal_of(directory / "a" / "b") == f"The directory {directory} is not writable."


def refusal_of(directory: Path) -> str:
    """What `check` and `startup` say, which must be the same."""

    async def play() -> str:
        chat = plugin(directory, busy_timeout=BUSY)
        [fault] = await chat.check()
        with pytest.raises(SettingsError) as refusal:
            await chat.startup(Handle())
        assert (refusal.value.what, refusal.value.cure) == (fault.what, fault.cure)
        return fault.what

    return asyncio.run(play())


def test_a_directory_in_the_databases_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tornchat.db").mkdir()
    assert refusal_of(tmp_path) == f"{tmp_path}/tornchat.db is not a file."


def test_a_lock_file_that_can_not_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "tornchat.db.lock").mkdir()
    with pytest.raises(SettingsError, match=r"tornchat\.db\.lock can't be opened"):
        asyncio.run(plugin(tmp_path).migrate())


@pytest.mark.long
def test_processes_that_migrate_at_once_take_each_step_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", MIGRATOR, str(tmp_path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    answers = sorted(process.communicate()[0] for process in processes)
    assert answers == [
        f"{[step.name for step in CURRENT.steps()]}\n",
        "[]\n",
        "[]\n",
        "[]\n",
    ]


def test_a_start_while_somebody_else_writes_succeeds(tmp_path: Path) -> None:
    async def play() -> None:
        await plugin(tmp_path).migrate()
        with another_process_holds(tmp_path, "BEGIN EXCLUSIVE"):
            async with storage(tmp_path, busy_timeout=BUSY) as chat:
                assert await chat.latest_positions(["hall"]) == {}

    asyncio.run(play())


def test_a_database_that_is_held_alone_can_not_be_opened(tmp_path: Path) -> None:
    asyncio.run(plugin(tmp_path).migrate())
    with another_process_holds(tmp_path, "PRAGMA locking_mode=exclusive", "BEGIN EXCLUSIVE"):
        assert "locked" in refusal_of(tmp_path)


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    async def play() -> None:
        await plugin(tmp_path).migrate()
        with closing(sqlite3.connect(tmp_path / "tornchat.db")) as database, database:
            database.execute("INSERT INTO schema_step (name, applied) VALUES ('9999_magic', '2030-01-01')")

    asyncio.run(play())
    words = "The database was made by a newer version: it knows the step 9999_magic."
    assert refusal_of(tmp_path) == words
