"""PostgreSQL behind a real PgBouncer, in session and in transaction mode: the promises are the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from urllib.parse import quote

import psycopg
import pytest
from tornchat_peewee import PeeweePlugin
from tornchat_peewee.databases import backend_of
from tornchat_peewee.session import DatabaseSession

from tests.pgbouncer import PgBouncer, needs_pgbouncer, pgbouncer
from tests.plugins.peeweekit import draft, plugin, say, storage, stored, texts
from tests.plugins.test_peewee_postgres import at_commit, fault_of, somebody_holds, until_committing
from tests.postgres import PostgresServer
from tornchat import NotStored

pytestmark = needs_pgbouncer
PARAMETERS = ("synchronous_commit", "lock_timeout", "statement_timeout", "search_path")


@pytest.fixture(params=["session", "transaction"])
def pooler(postgres: PostgresServer, request: pytest.FixtureRequest) -> Iterator[PgBouncer]:
    with pgbouncer(postgres, request.param) as running:
        yield running


def shown(session: DatabaseSession) -> list[str]:
    with session.reading() as cursor:
        return [cursor.execute(f"SHOW {name}").fetchone()[0] for name in PARAMETERS]


def test_every_transaction_has_the_parameters_whichever_session_it_gets(
    postgres: PostgresServer, pooler: PgBouncer
) -> None:
    url = postgres.new_place()
    schema = url.rpartition("%3D")[2]
    postgres.execute("ALTER ROLE tornchat SET synchronous_commit = off")
    try:
        backend = backend_of(PeeweePlugin.Settings(url=pooler.url(url)))
        one, two = DatabaseSession(backend), DatabaseSession(backend)
        with one.writing() as cursor:  # keeps a session of the server, so that `two` gets another one
            cursor.execute("SHOW synchronous_commit")
            assert cursor.fetchone() == ("on",)
        assert shown(one) == shown(two) == ["on", "2s", "3250ms", schema]
        one.close()
    finally:
        postgres.execute("ALTER ROLE tornchat RESET synchronous_commit")


def test_nothing_is_left_in_the_sessions_of_a_transaction_pool(postgres: PostgresServer) -> None:
    async def play() -> None:
        with pgbouncer(postgres, "transaction", "default_pool_size = 1") as pooler:
            url = pooler.url(postgres.new_place())
            assert await plugin(url).check() == []
            before = postgres.execute("SHOW lock_timeout", pooler.url())
            assert before == [("0",)]

    asyncio.run(play())


def test_nodes_write_and_read_through_the_pool(postgres: PostgresServer, pooler: PgBouncer) -> None:
    url = pooler.url(postgres.new_place())

    async def play() -> None:
        assert await plugin(url).check() == []
        steps = await asyncio.gather(*[plugin(url).migrate() for _ in range(4)])
        assert sorted(map(len, steps))[:-1] == [0, 0, 0]
        async with storage(url, "hall") as one, storage(url) as two:
            for _ in range(8):  # more often than the driver executes a statement before it prepares it
                calls = [node.store_messages([draft(), draft(client_id="c")]) for node in (one, two) * 4]
                for results in await asyncio.gather(*calls):
                    assert [stored(result) for result in results]
                await asyncio.gather(*[texts(node) for node in (one, two) * 4])
            assert len(await texts(two)) == 8 * 8 + 1

    asyncio.run(play())


def test_a_lock_held_elsewhere_is_not_waited_for_long(postgres: PostgresServer, pooler: PgBouncer) -> None:
    direct = postgres.new_place()

    async def play() -> None:
        async with storage(pooler.url(direct), "hall", busy_timeout=0.3) as chat:
            lock = "SELECT FROM room WHERE name = 'hall' FOR UPDATE"
            with somebody_holds(direct, lock), pytest.raises(NotStored, match="55P03"):
                await chat.store_messages([draft("lost")])
            await say(chat, "one")
            assert await texts(chat) == ["one"]

    asyncio.run(play())


@pytest.mark.long
def test_a_stopped_pooler_is_not_stored_within_the_deadline_and_heals(postgres: PostgresServer) -> None:
    async def play(pooler: PgBouncer) -> None:
        async with storage(pooler.url(postgres.new_place()), "hall") as chat:
            await say(chat, "one")
            with pooler.stopped(), pytest.raises(NotStored, match="no answer"):
                await chat.store_messages([draft("lost")])
            await say(chat, "two")
            assert await texts(chat) == ["one", "two"]

    with pgbouncer(postgres, "transaction") as pooler:
        asyncio.run(play(pooler))


def test_a_commit_that_outlives_the_pooler_is_waited_for(postgres: PostgresServer) -> None:
    direct = postgres.new_place()

    async def play(pooler: PgBouncer) -> None:
        async with storage(pooler.url(direct), "hall") as chat:
            await say(chat, "before")
            at_commit(direct, "PERFORM pg_sleep(1)")
            call = chat.store_messages([draft("late")])
            await until_committing(postgres)
            pooler.kill()
            pooler.start()
            with pytest.raises(psycopg.OperationalError):
                await call
            assert await texts(chat) == ["before", "late"]

    with pgbouncer(postgres, "transaction") as pooler:
        asyncio.run(play(pooler))


def test_a_pooler_without_transactions_is_refused_with_the_cure(postgres: PostgresServer) -> None:
    with pgbouncer(postgres, "statement") as pooler:
        fault = fault_of(pooler.url(postgres.new_place()))
    assert "statement mode" in fault.what
    assert "pool_mode = transaction or session" in fault.cure


def test_a_server_that_does_not_keep_what_is_set_is_refused_with_the_cure(postgres: PostgresServer) -> None:
    """A function in the way of `set_config` stands for whatever swallows it."""
    url = postgres.new_place()
    schema = url.rpartition("%3D")[2]
    postgres.execute(
        "CREATE FUNCTION set_config(text, text, boolean) RETURNS text LANGUAGE sql AS 'SELECT $2'", url
    )
    postgres.execute("DROP ROLE IF EXISTS deaf")
    postgres.execute("CREATE ROLE deaf LOGIN SUPERUSER")
    postgres.execute(f"ALTER ROLE deaf SET search_path = {schema}, pg_catalog")
    fault = fault_of(url.replace("tornchat@", "deaf@"))
    assert "synchronous_commit" in fault.what
    assert "pooler" in fault.cure


@pytest.mark.parametrize("options", ["-B 10", "-c", "-c search_path", "--=1", "-c a'b=1"])
def test_options_that_are_no_parameters_are_refused(options: str) -> None:
    fault = fault_of(f"postgresql://romeo:s3cret@127.0.0.1:1/chat?options={quote(options)}")
    assert "options" in fault.what
