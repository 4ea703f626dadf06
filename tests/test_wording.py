"""The words of other libraries that the code reads. A new version that says it otherwise fails here first."""

from __future__ import annotations

from typing import Literal

import msgspec
import psycopg
import pytest
import redis
from tornchat_peewee.postgres import _words
from tornchat_redis.connections import reason

from tests.postgres import PostgresServer, postgres_server
from tests.valkey import free_port, valkey
from tornchat.config.values import misfit
from tornchat.server.http.api.decoding import _from_msgspec


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    number: int = 0
    share: float = 0.0
    flag: bool = False
    word: str = ""


class Body(msgspec.Struct):
    inner: Inner


def refusal(value: object, form: object = Body) -> msgspec.ValidationError:
    """What msgspec says about a value."""
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert(value, form)
    return refused.value


@pytest.mark.parametrize(
    ("field", "given", "plain"),
    [
        ("number", "five", "expected a whole number"),
        ("share", "half", "expected a number"),
        ("flag", "maybe", "expected yes or no"),
        ("word", 5, "expected a text"),
    ],
)
def test_msgspec_says_what_it_expected_got_and_where(field: str, given: object, plain: str) -> None:
    error = refusal({"inner": {field: given}})
    what, separator, path = str(error).partition(" - at `$")
    assert (separator, path) == (" - at `$", f".inner.{field}`")
    assert misfit(what, None, "") == plain


def test_msgspec_names_an_unknown_field() -> None:
    problem = _from_msgspec(refusal({"inner": {"nope": 1}}), "body")
    (error,) = problem.errors
    assert (error.path, error.message) == ("body.inner.nope", "There is no such field.")


def test_msgspec_quotes_no_value_of_a_choice_that_is_none() -> None:
    words = str(refusal("s3cret", Literal["a", "b"]))
    assert misfit(words, Literal["a", "b"], "") == "expected a or b"
    assert misfit(words, None, "") == "it is none of the values that may stand here"


def test_valkey_quotes_what_it_was_sent_after_the_words_that_cut_it_off() -> None:
    """The arguments may hold a password or a message."""
    with (
        valkey() as server,
        redis.Redis.from_url(server.url) as client,
        pytest.raises(redis.ResponseError) as refused,
    ):
        client.execute_command("NOSUCHCOMMAND", "s3cret")
    assert "s3cret" in str(refused.value)
    assert "s3cret" not in reason(refused.value)
    assert "unknown command" in reason(refused.value)


def failed(url: str) -> str:
    """What the plugin says of a connection that fails."""
    with pytest.raises(psycopg.Error) as refused:
        psycopg.connect(url, connect_timeout=2)
    words = _words(refused.value)
    assert "s3cret" not in words
    return words


@pytest.fixture(scope="module")
def postgres():
    with postgres_server() as server:
        server.execute("CREATE ROLE guarded LOGIN PASSWORD 'romeo'")
        yield server


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("tornchat@", "guarded:s3cret@"), "password authentication failed"),
        (("tornchat@", "guarded@"), "no password supplied"),
        (("tornchat@", "stranger:s3cret@"), "role does not exist"),
        (("/postgres?", "/nowhere?"), "database does not exist"),
        (("?host=", "?host=/nowhere"), "No such file or directory"),
    ],
)
def test_postgres_says_why_it_lets_nobody_in(
    postgres: PostgresServer, change: tuple[str, str], words: str
) -> None:
    assert failed(postgres.url().replace(*change)) == f"no connection ({words})"


def test_postgres_clients_say_why_there_is_no_connection() -> None:
    port = free_port()
    assert failed(f"postgresql://x:s3cret@127.0.0.1:{port}/y") == "no connection (Connection refused)"
    lost = failed("postgresql://x:s3cret@nowhere.invalid/y")
    assert lost in (
        "no connection (could not translate host name)",
        "no connection (failed to resolve host)",
    )


def test_a_postgres_that_does_not_answer_is_a_timeout(postgres: PostgresServer) -> None:
    with postgres.stopped():
        assert failed(postgres.url()) == "no connection (timeout expired)"


def test_postgres_says_that_it_shuts_down_when_it_cuts_off(postgres: PostgresServer) -> None:
    with psycopg.connect(postgres.url(), autocommit=True) as victim:
        pid = victim.info.backend_pid
        postgres.execute(f"SELECT pg_terminate_backend({pid})")
        with pytest.raises(psycopg.Error) as refused:
            victim.execute("SELECT 1")
    assert "57P01" in _words(refused.value) or "closed the connection" in _words(refused.value)
