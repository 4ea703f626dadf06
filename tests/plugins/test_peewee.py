"""The plugin's life: starting, stopping, its threads, its settings."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from pathlib import Path

import msgspec
import pytest
from tornchat_peewee import PeeweePlugin
from tornchat_peewee.databases import backend_of
from tornchat_peewee.schema import CURRENT
from tornchat_peewee.sqlite import SqliteBackend

from tests.plugins.peeweekit import ROMEO, Handle, draft, plugin, say, storage, stored, texts
from tornchat import Fault, NotStored, SettingsError, Unavailable


def our_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("peewee")]


def test_it_is_ok_while_it_is_open(tmp_path: Path) -> None:
    async def play() -> None:
        async with storage(tmp_path) as chat:
            assert await chat.health() == {"storage": "ok", "history": "ok"}
        assert await chat.health() == {"storage": "not open", "history": "not open"}

    asyncio.run(play())


def test_the_files_are_for_the_servers_user_only(tmp_path: Path) -> None:
    async def play() -> None:
        async with storage(tmp_path / "data", "hall") as chat:
            await say(chat, "hi")
            assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
            for path in (tmp_path / "data").rglob("*"):
                assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path

    asyncio.run(play())


def test_no_thread_and_no_open_file_outlives_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with storage(tmp_path, "hall", readers=3) as chat:
            await say(chat, "hi")
            assert sorted(our_threads()) == [
                "peewee-reader-0",
                "peewee-reader-1",
                "peewee-reader-2",
                "peewee-writer-0",
            ]
            await chat.check()
        assert our_threads() == []
        assert not [path for path in open_files() if path.startswith(str(tmp_path))]
        assert not (tmp_path / "tornchat.db-wal").exists()

    asyncio.run(play())


def open_files() -> list[str]:
    links = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]
    return [os.readlink(link) for link in links if os.path.islink(link)]


def test_shutdown_resolves_what_is_pending(tmp_path: Path) -> None:
    async def play() -> None:
        async with storage(tmp_path, "hall") as chat:
            calls = [chat.store_messages([draft(str(number))]) for number in range(50)]
            page = chat.read_history("hall", None, None, 1)
            room = asyncio.ensure_future(chat.open_room("attic", ROMEO, False, 0, ROMEO.id))
            await asyncio.sleep(0)
            await chat.shutdown()
            assert [stored((await call)[0]).entry.seq for call in calls] == list(range(1, 51))
            assert (await page) is not None
            assert (await room) is None

    asyncio.run(play())


def test_after_shutdown_nothing_is_stored_or_answered(tmp_path: Path) -> None:
    async def play() -> None:
        async with storage(tmp_path, "hall") as chat:
            await chat.shutdown()
            with pytest.raises(NotStored):
                await chat.store_messages([draft()])
            with pytest.raises(Unavailable):
                await chat.read_history("hall", None, None, 1)
            with pytest.raises(Unavailable):
                await chat.open_room("hall", ROMEO, True, 0, ROMEO.id)

    asyncio.run(play())


def test_shutdown_twice_or_before_startup_does_no_harm(tmp_path: Path) -> None:
    async def play() -> None:
        chat = plugin(tmp_path)
        await chat.shutdown()
        await chat.startup(Handle())
        await chat.shutdown()
        await chat.shutdown()

    asyncio.run(play())


def test_a_loop_that_is_closed_meanwhile_leaves_no_traceback(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whoever closed the loop without a shutdown still can shut down from another loop."""
    chat = plugin(tmp_path)

    async def leave_calls_behind() -> None:
        await chat.startup(Handle())
        await chat.open_room("hall", ROMEO, True, 0, ROMEO.id)
        for _ in range(20):
            chat.store_messages([draft() for _ in range(500)])

    async def look_and_shut_down() -> list[str]:
        await chat.store_messages([draft("last")])
        said = await texts(chat)
        await chat.shutdown()
        return said

    loop = asyncio.new_event_loop()
    loop.run_until_complete(leave_calls_behind())
    loop.close()
    said = asyncio.run(look_and_shut_down())
    assert said[-1] == "last"
    assert len(said) == 10_001
    assert capfd.readouterr() == ("", "")


def test_two_chats_in_one_process_do_not_see_each_other(tmp_path: Path) -> None:
    async def play() -> None:
        async with storage(tmp_path / "a", "hall") as one, storage(tmp_path / "b", "attic", "hall") as two:
            await asyncio.gather(*[say(chat, name) for chat, name in ((one, "a"), (two, "b")) * 20])
            assert await texts(one) == ["a"] * 20
            assert await texts(two) == ["b"] * 20
            assert await one.open_room("attic", ROMEO, False, 0, None) is None

    asyncio.run(play())


def test_migrate_names_its_steps_once(tmp_path: Path) -> None:
    async def play() -> None:
        chat = plugin(tmp_path)
        assert await chat.migrate() == [step.name for step in CURRENT.steps()]
        assert await chat.migrate() == []
        assert our_threads() == []

    asyncio.run(play())


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://romeo:s3cret@host/db", "'mysql' are not supported"),
        ("oracle://romeo:s3cret@host/db?password=s3cret", "'oracle' are not supported"),
        ("romeo:s3cret", "are not supported"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite://romeo:s3cret@host", "names a host"),
        ("sqlite:///some.db?password=s3cret", "unknown options: password"),
        ("sqlite://[s3cret", "can't be read"),
        ("sqlite://x:s3cret/y", "can't be read"),
    ],
)
def test_a_url_that_is_not_served_is_named_with_the_cure(tmp_path: Path, url: str, words: str) -> None:
    async def play() -> None:
        chat = plugin(tmp_path, url=url)
        [fault] = await chat.check()
        assert words in fault.what
        assert "sqlite:///" in fault.cure
        with pytest.raises(SettingsError) as refusal:
            await chat.startup(Handle())
        assert Fault(refusal.value.what, refusal.value.cure) == fault
        shown = f"{fault} {refusal.value!r} {refusal.getrepr()} {chat!r} {PeeweePlugin.Settings(url=url)!r}"
        assert "s3cret" not in shown

    asyncio.run(play())


@pytest.mark.parametrize("name", ["my.db", "a b%41.db"])
def test_a_url_names_the_file(tmp_path: Path, name: str) -> None:
    async def play() -> None:
        async with storage(Path("/nowhere"), url=f"sqlite:///{tmp_path}/{name}"):
            assert (tmp_path / name).is_file()

    asyncio.run(play())


@pytest.mark.parametrize(
    ("version", "harmful"), [((3, 40, 1), True), ((3, 51, 2), True), ((3, 51, 3), False), ((3, 54, 0), False)]
)
def test_a_sqlite_that_may_corrupt_a_shared_file_is_named_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], harmful: bool
) -> None:
    monkeypatch.setattr(SqliteBackend, "version", version)
    faults = plugin(tmp_path).check_cluster()
    assert bool(faults) is harmful
    for fault in faults:
        assert ".".join(map(str, version)) in fault.what
        assert f"apsw:///{tmp_path}/tornchat.db" in fault.cure
        assert "PostgreSQL" in fault.cure


@pytest.mark.parametrize("url", ["apsw:///{}/chat.db", "postgresql://nobody@/nothing?host={}"])
def test_what_several_processes_may_share_has_no_such_fault(tmp_path: Path, url: str) -> None:
    assert list(plugin(url.format(tmp_path)).check_cluster()) == []


def test_the_data_directory_may_have_any_name(tmp_path: Path) -> None:
    directory = tmp_path / "a #?%41&\u00e9'"

    async def play() -> None:
        async with storage(directory, "hall") as chat:
            await say(chat, "hi")
            assert await chat.check() == []
        assert await chat.check() == []
        assert (directory / "tornchat.db").is_file()

    asyncio.run(play())


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://romeo:s3cret@host:1/db?password=s3cret",
        "postgresql://romeo:s/3cret/@host",
        "romeo:s3cret",
        "sqlite://[s3cret",
        "sqlite:///some.db?password=s3cret",
    ],
)
def test_settings_show_no_secret(url: str) -> None:
    settings = PeeweePlugin.Settings(url=url)
    assert "3cret" not in f"{settings!r} {settings} {settings.__rich_repr__()}"


@pytest.mark.parametrize(
    "section",
    [{"readers": "0"}, {"busy_timeout": "4"}, {"synchronous": "OFF"}, {"uri": "sqlite:///x"}],
    ids=str,
)
def test_settings_that_would_do_harm_are_refused(section: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(section, PeeweePlugin.Settings, strict=False)


@pytest.mark.parametrize("driver", ["sqlite", "apsw"])
@pytest.mark.parametrize(("synchronous", "level"), [(None, 2), ("FULL", 2), ("NORMAL", 1)])
def test_a_commit_is_on_the_disk_as_the_settings_promise(
    tmp_path: Path, driver: str, synchronous: str | None, level: int
) -> None:
    """The writer's own connection says so; 2 is FULL, which is the default."""
    chosen = {} if synchronous is None else {"synchronous": synchronous}
    backend = backend_of(PeeweePlugin.Settings(url=f"{driver}:///{tmp_path}/tornchat.db", **chosen))
    connection = backend.connect()
    try:
        for pragma, value in (("synchronous", level), ("journal_mode", "wal"), ("secure_delete", 1)):
            assert connection.cursor().execute(f"PRAGMA {pragma}").fetchall() == [(value,)], pragma
    finally:
        backend.disconnect()
