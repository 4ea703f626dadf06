"""PostgreSQL, what is its own: many nodes, time-outs, restarts, and what `check` says about it."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

import psycopg
import pytest
from tornchat_peewee import PeeweePlugin
from tornchat_peewee.databases import backend_of
from tornchat_peewee.models import models_of
from tornchat_peewee.schema import CURRENT
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.statements import Statements

from tests.plugins.peeweekit import ROMEO, Handle, draft, plugin, refused, say, storage, stored, texts
from tests.postgres import PostgresServer
from tornchat import Draft, Fault, NotStored, SettingsError, StoreResult, Unavailable

BUSY = 0.3
"""Seconds that the tests let a lock be waited for."""
WAITING = "SELECT FROM pg_locks WHERE NOT granted"


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    return postgres.new_place()


@contextmanager
def somebody_holds(url: str, *statements: str) -> Iterator[psycopg.Connection[Any]]:
    """Another client is in a transaction meanwhile."""
    with psycopg.connect(url) as other:
        for statement in statements:
            other.execute(statement)
        yield other
        other.rollback()


async def outcome(chat: PeeweePlugin, *drafts: Draft) -> list[StoreResult] | str:
    """What a call that meets a fault ends with: its results, "not stored" or "unknown"."""
    try:
        return await chat.store_messages(drafts)
    except NotStored:
        return "not stored"
    except Exception:
        return "unknown"


# --- many nodes ---


def test_two_nodes_write_the_same_rooms_in_any_order_and_leave_no_gap(url: str) -> None:
    rooms = [f"{letter}{number}" for letter in "aBcD" for number in range(10)]
    dice = random.Random(4)

    async def write(chat: PeeweePlugin) -> int:
        """Many calls, each with rooms in an order of its own; a deadlock would fail one of them."""
        for _ in range(60):
            batch = [draft(room=room) for room in dice.sample(rooms, 20)]
            assert [stored(result) for result in await chat.store_messages(batch)]
        return 60 * 20

    async def play() -> None:
        async with storage(url, *rooms) as one, storage(url) as two, storage(url) as three:
            written = sum(await asyncio.gather(write(one), write(two), write(three)))
            assert sum([len(await texts(two, room)) for room in rooms]) == written

    asyncio.run(play())


def test_a_room_said_into_by_two_nodes_has_each_seq_once(url: str) -> None:
    async def play() -> None:
        async with storage(url, "hall") as one, storage(url) as two:
            calls = [node.store_messages([draft(), draft()]) for node in (one, two) * 100]
            seqs = [stored(result).entry.seq for call in await asyncio.gather(*calls) for result in call]
            assert sorted(seqs) == list(range(1, 401))

    asyncio.run(play())


def test_a_repeat_that_comes_to_another_node_is_known(url: str) -> None:
    async def play() -> None:
        async with storage(url, "hall") as one, storage(url) as two:
            calls = [node.store_messages([draft("hi", client_id="c")]) for node in (one, two) * 20]
            results = [stored(result) for call in await asyncio.gather(*calls) for result in call]
            assert {result.entry.seq for result in results} == {1}
            assert [result.repeated for result in results].count(False) == 1

    asyncio.run(play())


def test_rooms_are_locked_by_code_point_whatever_the_language() -> None:
    """Calls of many rooms lock them in slices that Python has sorted; both orders must be one."""
    backend = backend_of(PeeweePlugin.Settings(url="postgresql:///chat"))
    sql, _ = Statements(backend, models_of(backend.database)).lock_heads(["a"])
    assert sql.endswith('ORDER BY "t1"."name" COLLATE "C" FOR UPDATE')


def test_new_epochs_after_a_restore_lock_the_rooms_as_messages_do(url: str) -> None:
    """A node that runs may store messages of the same rooms; two orders could end in a deadlock."""

    async def play() -> None:
        async with storage(url, "zoo", "ant") as chat:
            await chat.store_messages([draft(room="zoo"), draft(room="ant")])
        with psycopg.connect(url) as other:
            other.execute("UPDATE room SET head_seq = 0")
            other.execute("DELETE FROM message")
            other.commit()
            other.execute("SELECT FROM room WHERE name = 'ant' FOR UPDATE")
            starting = asyncio.create_task(start(url))
            while not other.execute(WAITING).fetchall():  # noqa: ASYNC110 (the server tells only who asks)
                await asyncio.sleep(0.01)
            other.execute("SELECT FROM room WHERE name = 'zoo' FOR UPDATE NOWAIT")
            other.commit()
            await starting

    async def start(url: str) -> None:
        async with storage(url):
            pass

    asyncio.run(play())


def test_nodes_that_start_at_once_migrate_once(url: str) -> None:
    async def play() -> None:
        steps = await asyncio.gather(*[plugin(url).migrate() for _ in range(6)])
        assert sorted(steps) == [[]] * 5 + [[step.name for step in CURRENT.steps()]]

    asyncio.run(play())


def test_commits_wait_for_the_disk_whatever_the_database_says(url: str) -> None:
    session = DatabaseSession(backend_of(PeeweePlugin.Settings(url=url + "%20-csynchronous_commit%3Doff")))
    with session.writing() as cursor:
        assert cursor.execute("SHOW synchronous_commit").fetchone() == ("on",)
    session.close()


# --- values ---


def test_a_text_with_a_nul_is_refused_and_harms_no_other(url: str) -> None:
    async def play() -> None:
        async with storage(url, "hall") as chat:
            batch = [draft("one"), draft("a\x00b"), draft("two"), draft(room="a\x00b")]
            one, nul, two, nowhere = await chat.store_messages(batch)
            assert (stored(one).entry.seq, stored(two).entry.seq) == (1, 2)
            assert (refused(nul), refused(nowhere)) == ("rejected", "rejected")
            assert await chat.read_history("a\x00b", None, None, 1) is None
            assert await chat.open_room("a\x00b", ROMEO, True, 0, ROMEO.id) is None
            assert await texts(chat) == ["one", "two"]

    asyncio.run(play())


# --- locks and time-outs ---


def test_a_room_that_is_locked_elsewhere_is_not_stored_and_soon_told(url: str) -> None:
    async def play() -> None:
        async with storage(url, "hall", "attic", busy_timeout=BUSY) as chat:
            with somebody_holds(url, "SELECT FROM room WHERE name = 'hall' FOR UPDATE"):
                begin = time.monotonic()
                with pytest.raises(NotStored, match=r"PostgreSQL: .*55P03"):
                    await chat.store_messages([draft("lost")])
                assert BUSY * 0.9 < time.monotonic() - begin < BUSY + 1
                await say(chat, "elsewhere", room="attic")
                assert await texts(chat) == []
            await say(chat, "after")
            assert await texts(chat) == ["after"]

    asyncio.run(play())


@pytest.mark.long
def test_a_stopped_server_is_not_stored_within_the_deadline_and_heals(
    postgres: PostgresServer, url: str
) -> None:
    async def play() -> None:
        async with storage(url, "hall", readers=1) as chat:
            await say(chat, "before")
            await texts(chat)
            with postgres.stopped():
                for most in (4.0, 3.0):  # the first call has a connection, the second one needs one
                    begin = time.monotonic()
                    writing = chat.store_messages([draft("lost")])
                    reading = chat.read_history("hall", None, None, 1)
                    answers = await asyncio.gather(writing, reading, return_exceptions=True)
                    assert [type(answer) for answer in answers] == [NotStored, Unavailable]
                    assert "PostgreSQL: no" in str(answers[0])
                    assert time.monotonic() - begin < most
            await say(chat, "after")
            assert await texts(chat) == ["before", "after"]

    asyncio.run(play())


@pytest.mark.long
def test_a_node_that_stands_still_in_a_transaction_does_not_keep_the_others_out(url: str) -> None:
    async def play() -> None:
        async with storage(url, "hall", busy_timeout=3) as chat:
            still = DatabaseSession(backend_of(PeeweePlugin.Settings(url=url)))
            transaction = still.writing()
            transaction.__enter__().execute("UPDATE room SET head_seq = 7")
            begin = time.monotonic()
            while await outcome(chat, draft("hi")) == "not stored":
                assert time.monotonic() - begin < 6
            with pytest.raises(psycopg.Error):
                transaction.__exit__(None, None, None)
            assert await texts(chat) == ["hi"]
            still.close()

    asyncio.run(play())


# --- commits with an unknown outcome ---


def at_commit(url: str, does: str) -> None:
    """Have each transaction that has stored something do this as a part of its COMMIT."""
    with psycopg.connect(url) as other:
        body = f"BEGIN {does}; RETURN NULL; END"
        other.execute(f"CREATE FUNCTION last() RETURNS trigger LANGUAGE plpgsql AS $${body}$$")
        other.execute(
            "CREATE CONSTRAINT TRIGGER last AFTER INSERT ON message "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION last()"
        )


def test_an_error_in_the_commit_is_surely_not_stored(url: str) -> None:
    async def play() -> None:
        async with storage(url, "hall") as chat:
            at_commit(url, "RAISE EXCEPTION 'no'")
            with pytest.raises(NotStored, match="P0001"):
                await chat.store_messages([draft("lost")])
            assert await texts(chat) == []

    asyncio.run(play())


@pytest.mark.long
def test_a_commit_that_goes_on_without_us_is_waited_for(url: str) -> None:
    """What the log says when the call has ended must be what it will always say."""

    async def play() -> None:
        async with storage(url, "hall") as chat:
            await say(chat, "before")
            at_commit(url, "PERFORM pg_sleep(4.5)")  # the server's own limits don't hold for a COMMIT
            with pytest.raises(psycopg.OperationalError, match="no answer in time"):
                await chat.store_messages([draft("late")])
            assert await texts(chat) == ["before", "late"]

    asyncio.run(play())


def test_a_connection_that_is_cut_off_in_the_commit_leaves_the_outcome_to_the_log(
    postgres: PostgresServer, url: str
) -> None:
    async def play() -> None:
        async with storage(url, "hall") as chat:
            at_commit(url, "PERFORM pg_sleep(9)")
            call = chat.store_messages([draft("lost")])
            await until_committing(postgres)
            postgres.cut_off()
            with pytest.raises(psycopg.OperationalError):
                await call
            assert await texts(chat) == []

    asyncio.run(play())


def test_shutdown_waits_for_no_server_that_does_not_come_back(postgres: PostgresServer, url: str) -> None:
    async def play() -> None:
        async with storage(url, "hall") as chat:
            at_commit(url, "PERFORM pg_sleep(9)")
            call = chat.store_messages([draft("lost")])
            await until_committing(postgres)
            postgres.kill()
            try:
                done, _ = await asyncio.wait({call}, timeout=1)
                assert not done, "nobody can know yet what became of it"
                await asyncio.wait_for(chat.shutdown(), 3)
                assert isinstance(call.exception(), psycopg.OperationalError)
            finally:
                postgres.start()

    asyncio.run(play())


async def until_committing(postgres: PostgresServer) -> None:
    async with asyncio.timeout(5):
        sleeping = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        while not postgres.execute(sleeping):  # noqa: ASYNC110 (the server has no event for us)
            await asyncio.sleep(0.01)


# --- connections that are lost ---


def test_connections_that_are_cut_off_are_made_anew(postgres: PostgresServer, url: str) -> None:
    async def play() -> None:
        async with storage(url, "hall") as chat:
            await say(chat, "before")
            await texts(chat)
            assert postgres.cut_off() >= 2
            await say(chat, "after")
            assert await texts(chat) == ["before", "after"]

    asyncio.run(play())


def test_a_restart_between_two_messages_is_not_noticed(postgres: PostgresServer, url: str) -> None:
    async def play() -> None:
        async with storage(url, "hall") as chat:
            await say(chat, "before")
            postgres.stop()
            with pytest.raises(NotStored, match=r"no connection \("):
                await chat.store_messages([draft("lost")])
            assert "no connection" in (await chat.health())["storage"]
            postgres.start()
            await say(chat, "after")
            assert await texts(chat) == ["before", "after"]

    asyncio.run(play())


def test_crashes_mid_traffic_lose_and_invent_nothing(postgres: PostgresServer, url: str) -> None:
    rooms = ("hall", "attic", "cellar")

    async def write(chat: PeeweePlugin, told: dict[str, str], done: asyncio.Event) -> None:
        while not done.is_set():
            batch = [draft(room=room, draft_id=token_hex(8)) for room in rooms * 5]
            answer = await outcome(chat, *batch)
            for said in batch:
                told[said.draft_id] = answer if isinstance(answer, str) else "stored"

    async def play() -> None:
        told: dict[str, str] = {}
        done = asyncio.Event()
        async with storage(url, *rooms) as one, storage(url) as two:
            writers = [asyncio.create_task(write(chat, told, done)) for chat in (one, two)]
            for fault in (postgres.kill, postgres.stop, postgres.cut_off, postgres.kill, postgres.cut_off):
                stored_before = list(told.values()).count("stored")
                while list(told.values()).count("stored") < stored_before + 300:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                fault()
                if fault != postgres.cut_off:
                    postgres.start()
            done.set()
            await asyncio.gather(*writers)
            there = {row for (row,) in postgres.execute("SELECT draft_id FROM message", url)}
            verdicts = {verdict: {who for who in told if told[who] == verdict} for verdict in told.values()}
            assert verdicts["stored"] <= there
            assert not verdicts.get("not stored", set()) & there
            assert there <= verdicts["stored"] | verdicts.get("unknown", set())
            assert sum([len(await texts(two, room)) for room in rooms]) == len(there)

    asyncio.run(play())


# --- what is wrong, in words ---


def fault_of(url: str) -> Fault:
    """What `check` and `startup` say, which must be the same, and holds no secret and no address."""

    async def play() -> Fault:
        chat = plugin(url, busy_timeout=BUSY)
        [fault] = await chat.check()
        with pytest.raises(SettingsError) as refusal:
            await chat.startup(Handle())
        assert (refusal.value.what, refusal.value.cure) == (fault.what, fault.cure)
        shown = f"{fault} {refusal.value!r} {chat!r}"
        assert not [secret for secret in ("s3cret", "romeo", "127.0.0.1", "nowhere") if secret in shown]
        return fault

    return asyncio.run(play())


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://romeo:s3cret@127.0.0.1:1/chat", "no connection (Connection refused)"),
        ("postgresql://romeo:s3cret@127.0.0.1:1,127.0.0.1:2/chat", "no connection (Connection refused)"),
        ("postgres://romeo:s3cret@nowhere.invalid/chat", "no connection (failed to resolve host)"),
        ("postgresql://romeo:s3cret@/chat?host=/nowhere", "no connection (No such file or directory)"),
        ("postgresql://romeo:s3cret@127.0.0.1:1", "names no database"),
        ("postgresql://romeo:s3cret@127.0.0.1:1/chat?s3cret=1", "can't be read"),
        ("postgresql://romeo:s3cret%zz@127.0.0.1/chat", "can't be read"),
        ("postgresql://romeo:s3cret@127.0.0.1:1/chat?sslmode=s3cret", "no connection"),
    ],
)
def test_a_url_that_leads_nowhere_is_named(url: str, words: str) -> None:
    fault = fault_of(url)
    assert words in fault.what
    assert "[peewee] url" in fault.cure


def test_of_several_hosts_the_one_that_is_there_is_taken(url: str) -> None:
    async def play() -> None:
        async with storage(url.replace("?host=", "?host=/nowhere,"), "hall") as chat:
            await say(chat, "hi")
            assert await texts(chat) == ["hi"]

    asyncio.run(play())


def test_a_service_file_may_name_the_database(
    postgres: PostgresServer, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = f"[verona]\nhost={postgres.directory}\nuser=tornchat\ndbname=postgres\n"
    (tmp_path / "services").write_text(service)
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    options = url.partition("&")[2]

    async def play() -> None:
        async with storage(f"postgresql://?service=verona&{options}", "hall") as chat:
            await say(chat, "hi")

    asyncio.run(play())


def test_whom_the_server_does_not_let_in_is_told_so(postgres: PostgresServer, url: str) -> None:
    postgres.execute("DROP ROLE IF EXISTS guarded")
    postgres.execute("CREATE ROLE guarded LOGIN PASSWORD 'romeo'")
    assert (
        "no connection (password authentication failed)"
        in fault_of(url.replace("tornchat@", "guarded:s3cret@")).what
    )
    assert "no connection (role does not exist)" in fault_of(url.replace("tornchat@", "romeo:s3cret@")).what
    assert "no connection (database does not exist)" in fault_of(url.replace("/postgres", "/nowhere")).what
    assert fault_of(url.replace("tornchat@", "guarded:romeo@")).what.startswith("There is no schema in which")


def test_a_schema_that_is_somebody_elses_is_left_alone(postgres: PostgresServer, url: str) -> None:
    postgres.execute("CREATE TABLE log (line text)", url)
    assert fault_of(url).what == "The database has a table 'log' that is not tornchat's."
    assert tables(postgres, url) == ["log"]


def test_a_database_that_can_not_hold_every_text_is_refused(postgres: PostgresServer) -> None:
    postgres.execute("DROP DATABASE IF EXISTS latin")
    postgres.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    assert (
        fault_of(postgres.url().replace("/postgres", "/latin")).what == "The database keeps texts as LATIN1."
    )


def test_a_database_of_a_newer_version_is_refused(postgres: PostgresServer, url: str) -> None:
    asyncio.run(plugin(url).migrate())
    postgres.execute("INSERT INTO schema_step (name, applied) VALUES ('9999_magic', '2030-01-01')", url)
    words = "The database was made by a newer version: it knows the step 9999_magic."
    assert fault_of(url).what == words


def tables(postgres: PostgresServer, url: str) -> list[object]:
    rows = postgres.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()", url)
    return [name for (name,) in rows]


def test_check_changes_nothing(postgres: PostgresServer, url: str) -> None:
    async def play() -> None:
        assert await plugin(url).check() == []
        assert tables(postgres, url) == []
        async with storage(url) as chat:
            assert await chat.check() == []

    asyncio.run(play())


def test_without_the_driver_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "tornchat_peewee.postgres", raising=False)
    monkeypatch.delitem(sys.modules, "tornchat_peewee.patient", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert fault_of("postgresql://romeo:s3cret@127.0.0.1/chat") == Fault(
        "PostgreSQL needs psycopg.", "pip install 'tornchat[postgres]'"
    )
