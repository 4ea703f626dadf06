"""`jwt`: keys that an issuer publishes, fetched from a real server on this machine."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler
from tornchat_jwt import JwtPlugin

from tornchat import ChatHandle, Credentials, Unavailable, User

MONTAGUE = ec.generate_private_key(ec.SECP256R1())
CAPULET = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
WEAK_KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)


CHAT = cast(ChatHandle, object())  # this plugin asks it for nothing


class Issuer:
    """Publishes keys. What it answers, and whether it does at all, can be changed at any time."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys: tuple[Any, ...] = keys
        self.body: bytes | None = None
        self.status = 200
        self.headers: dict[str, str] = {}
        self.requests = 0
        self.asked = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()
        self.url = ""

    def answer(self) -> bytes:
        return json.dumps({"keys": self.keys}).encode() if self.body is None else self.body


class KeysHandler(RequestHandler):
    def initialize(self, issuer: Issuer) -> None:
        self.issuer = issuer

    async def get(self) -> None:
        self.issuer.requests += 1
        self.issuer.asked.set()
        await self.issuer.open.wait()
        self.set_status(self.issuer.status)
        for name, value in self.issuer.headers.items():
            self.set_header(name, value)
        await self.finish(self.issuer.answer())


@asynccontextmanager
async def serving(issuer: Issuer) -> AsyncIterator[Issuer]:
    listener, port = bind_unused_port()
    issuer.url = f"http://127.0.0.1:{port}/keys"
    server = HTTPServer(
        Application([("/keys", KeysHandler, {"issuer": issuer})], log_function=lambda _: None)
    )
    server.add_socket(listener)
    try:
        yield issuer
    finally:
        issuer.open.set()
        server.stop()
        await server.close_all_connections()


@asynccontextmanager
async def started(issuer: Issuer, **settings: Any) -> AsyncIterator[JwtPlugin]:
    """A started plugin that trusts the issuer."""
    given = {"jwks_url": issuer.url, "algorithms": ("ES256",)} | settings
    auth = JwtPlugin(JwtPlugin.Settings(**given))
    await auth.startup(CHAT)
    try:
        yield auth
    finally:
        await auth.shutdown()


def published(private_key: Any, kid: str | None, **members: Any) -> dict[str, Any]:
    """The public half as a JWK."""
    algorithm = jwt.get_algorithm_by_name("RS256" if isinstance(private_key, rsa.RSAPrivateKey) else "ES256")
    key = algorithm.to_jwk(private_key.public_key(), as_dict=True) | members
    return key if kid is None else key | {"kid": kid}


def token(private_key: Any, kid: str | None = None, algorithm: str = "ES256", **headers: Any) -> str:
    if kid is not None:
        headers["kid"] = kid
    return jwt.encode({"sub": "romeo", "exp": time.time() + 60}, private_key, algorithm, headers)


async def whose(auth: JwtPlugin, offered: str) -> User | None:
    answer = auth.authenticate(Credentials(room="verona", remote_ip="127.0.0.1", token=offered))
    return answer if answer is None or isinstance(answer, User) else await answer


async def knows(auth: JwtPlugin, offered: str) -> bool:
    return await whose(auth, offered) is not None


# --- known and new keys -------------------------------------------------------------------------------


def test_a_known_key_answers_at_once() -> None:
    async def play() -> None:
        async with serving(Issuer(published(MONTAGUE, "m"))) as issuer, started(issuer) as auth:
            credentials = Credentials(room="verona", remote_ip="::1", token=token(MONTAGUE, "m"))

            assert isinstance(auth.authenticate(credentials), User)
            assert issuer.requests == 1
            assert auth.health() == {"auth": "ok"}
            assert await auth.check() == []

    asyncio.run(play())


def test_a_new_key_is_fetched_when_a_token_names_it() -> None:
    async def play() -> None:
        issuer = Issuer(published(MONTAGUE, "m"))
        async with serving(issuer), started(issuer, jwks_cool_down=0.0) as auth:
            issuer.keys = (published(MONTAGUE, "m"), published(CAPULET, "c"))

            assert await knows(auth, token(CAPULET, "c"))
            assert await knows(auth, token(MONTAGUE, "m"))
            assert issuer.requests == 2

    asyncio.run(play())


def test_a_key_that_is_rotated_right_after_a_fetch_is_found_at_once() -> None:
    async def play() -> None:
        async with serving(Issuer(published(MONTAGUE, "m"))) as issuer, started(issuer) as auth:
            issuer.keys = (published(CAPULET, "c"),)

            assert await knows(auth, token(CAPULET, "c"))
            assert issuer.requests == 2

    asyncio.run(play())


def test_a_key_id_is_refused_only_after_a_fetch_that_was_made_for_it() -> None:
    async def play() -> None:
        async with serving(Issuer(published(MONTAGUE, "m"))) as issuer, started(issuer) as auth:
            assert await whose(auth, token(CAPULET, "nobody's")) is None
            issuer.keys = (published(CAPULET, "c"),)

            with pytest.raises(Unavailable, match="not known yet"):
                await whose(auth, token(CAPULET, "c"))
            assert await whose(auth, token(CAPULET, "nobody's")) is None  # asked, and told
            assert auth.health() == {"auth": "ok"}
            assert issuer.requests == 2

    asyncio.run(play())


def test_a_key_id_that_was_refused_is_looked_for_again_after_the_cool_down() -> None:
    async def play() -> None:
        issuer = Issuer(published(MONTAGUE, "m"))
        async with serving(issuer), started(issuer, jwks_cool_down=0.0) as auth:
            assert await whose(auth, token(CAPULET, "c")) is None
            issuer.keys = (published(CAPULET, "c"),)

            assert await knows(auth, token(CAPULET, "c"))

    asyncio.run(play())


def test_a_key_id_that_comes_during_a_fetch_is_not_refused_for_what_was_published_before() -> None:
    async def play() -> None:
        issuer = Issuer(published(MONTAGUE, "m"))
        async with serving(issuer), started(issuer) as auth:
            issuer.open.clear()
            issuer.asked.clear()
            first = asyncio.create_task(whose(auth, token(CAPULET, "nobody's")))
            await issuer.asked.wait()
            second = asyncio.create_task(whose(auth, token(CAPULET, "c")))
            await asyncio.sleep(0)
            issuer.open.set()

            assert await first is None
            with pytest.raises(Unavailable, match="not known yet"):
                await second

    asyncio.run(play())


def test_a_flood_of_unknown_key_ids_causes_no_flood_of_fetches() -> None:
    async def play() -> None:
        async with serving(Issuer(published(MONTAGUE, "m"))) as issuer, started(issuer) as auth:
            assert await whose(auth, token(CAPULET, "c0")) is None
            for number in range(1, 2000):
                with pytest.raises(Unavailable, match="not known yet"):
                    await whose(auth, token(CAPULET, f"c{number}"))

            assert issuer.requests == 2  # at the start, and for the first of them

    asyncio.run(play())


def test_an_unknown_key_id_is_named_in_the_log_without_its_value(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    async def play() -> None:
        async with serving(Issuer(published(MONTAGUE, "m"))) as issuer, started(issuer) as auth:
            assert not await knows(auth, token(CAPULET, "hidden"))

    asyncio.run(play())
    assert "token refused: UnknownKeyError: kid must be the id of a key" in caplog.text
    assert "hidden" not in caplog.text


def test_many_who_wait_share_one_fetch_and_one_who_leaves_harms_nobody() -> None:
    async def play() -> None:
        issuer = Issuer(published(MONTAGUE, "m"))
        async with serving(issuer), started(issuer, jwks_cool_down=0.0) as auth:
            issuer.keys = (published(CAPULET, "c"),)
            issuer.open.clear()
            issuer.asked.clear()
            waiting = [asyncio.create_task(whose(auth, token(CAPULET, "c"))) for _ in range(20)]
            await issuer.asked.wait()
            waiting[0].cancel()
            issuer.open.set()
            answers = await asyncio.gather(*waiting, return_exceptions=True)

            assert isinstance(answers[0], asyncio.CancelledError)
            assert all(isinstance(answer, User) for answer in answers[1:])
            assert issuer.requests == 2

    asyncio.run(play())


def test_old_keys_are_renewed_behind_and_a_withdrawn_one_stops_working() -> None:
    async def play() -> None:
        issuer = Issuer(published(MONTAGUE, "m"), published(CAPULET, "c"))
        async with serving(issuer), started(issuer, jwks_max_age=0.0, jwks_cool_down=0.0) as auth:
            issuer.keys = (published(CAPULET, "c"),)

            assert await knows(auth, token(MONTAGUE, "m"))  # the old set still answers
            await auth.check()  # waits for the fetch under way
            assert not await knows(auth, token(MONTAGUE, "m"))
            assert await knows(auth, token(CAPULET, "c"))

    asyncio.run(play())


# --- failures -------------------------------------------------------------------------------------------


def test_nothing_to_verify_with_is_not_now_rather_than_no() -> None:
    async def play() -> None:
        issuer = Issuer(published(MONTAGUE, "m"))
        issuer.status = 503
        async with serving(issuer), started(issuer) as auth:
            with pytest.raises(Unavailable, match="503"):
                await whose(auth, token(MONTAGUE, "m"))
            assert "503" in auth.health()["auth"]
            assert "503" in (await auth.check())[0].what

    asyncio.run(play())


def test_a_token_that_is_bad_by_itself_is_a_no_even_without_keys() -> None:
    async def play() -> None:
        issuer = Issuer()
        issuer.status = 503
        async with serving(issuer), started(issuer) as auth:
            for bad in (
                "",
                "a.b.c",
                "\ud800",
                token(RSA_KEY, "m", "RS256"),
                token(MONTAGUE, "m", crit=["x"], x=1),
            ):
                assert await whose(auth, bad) is None
            assert issuer.requests == 1

    asyncio.run(play())


def test_it_recovers_when_the_issuer_does() -> None:
    async def play() -> None:
        issuer = Issuer(published(MONTAGUE, "m"))
        issuer.status = 500
        async with serving(issuer), started(issuer, jwks_cool_down=0.0) as auth:
            issuer.status = 200

            assert await knows(auth, token(MONTAGUE, "m"))
            assert auth.health() == {"auth": "ok"}

    asyncio.run(play())


def test_keys_once_fetched_outlive_their_issuer() -> None:
    async def play() -> None:
        issuer = Issuer(published(MONTAGUE, "m"))
        async with serving(issuer), started(issuer, jwks_max_age=0.0, jwks_cool_down=0.0) as auth:
            issuer.status = 500
            with pytest.raises(Unavailable):  # it may well be a new one
                await whose(auth, token(CAPULET, "c"))

            assert await knows(auth, token(MONTAGUE, "m"))
            assert "500" in auth.health()["auth"]

    asyncio.run(play())


def big() -> bytes:
    return json.dumps({"keys": [published(MONTAGUE, "m")], "padding": "x" * 300_000}).encode()


BAD_ANSWERS: dict[str, dict[str, Any]] = {
    "not found": {"status": 404},
    "a redirect": {"status": 302, "headers": {"Location": "/keys?again"}},
    "nothing": {"body": b""},
    "no JSON": {"body": b"<html>"},
    "a list": {"body": b"[]"},
    "no keys": {"body": b"{}"},
    "an empty set": {"body": b'{"keys": []}'},
    "keys that are none": {"body": b'{"keys": [1, null, "x", {}, {"kty": "RSA"}, {"kty": "EC", "crv": []}]}'},
    "100,000 deep": {"body": b'{"keys": ' + b"[" * 100_000},
    "too big": {"body": big()},
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_an_answer_that_is_no_key_set_is_a_failure(name: str) -> None:
    async def play() -> None:
        issuer = Issuer(published(MONTAGUE, "m"))
        vars(issuer).update(BAD_ANSWERS[name])
        async with serving(issuer), started(issuer) as auth:
            with pytest.raises(Unavailable):
                await whose(auth, token(MONTAGUE, "m"))
            assert issuer.requests == 1

    asyncio.run(play())


def test_a_refused_connection_is_a_failure_that_does_not_stop_the_start(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def play() -> None:
        listener, port = bind_unused_port()
        listener.close()
        issuer = Issuer()
        issuer.url = f"http://romeo:hunter2@127.0.0.1:{port}/keys"
        async with started(issuer) as auth:
            with pytest.raises(Unavailable) as caught:
                await whose(auth, token(MONTAGUE, "m"))
            assert "hunter2" not in f"{caught.value} {auth.health()} {await auth.check()} {caplog.text}"

    asyncio.run(play())
    assert "the key set can't be fetched: ConnectionRefusedError" in caplog.messages


@pytest.mark.long
def test_an_issuer_that_never_answers_costs_less_than_the_hooks_deadline() -> None:
    async def play() -> None:
        with socket.create_server(("127.0.0.1", 0)) as mute:
            issuer = Issuer()
            issuer.url = f"http://127.0.0.1:{mute.getsockname()[1]}/keys"
            begun = time.monotonic()
            async with started(issuer) as auth:
                with pytest.raises(Unavailable, match="Timeout"):
                    await whose(auth, token(MONTAGUE, "m"))
            assert time.monotonic() - begun < 3

    asyncio.run(play())


def test_shutdown_waits_for_the_fetch_under_way_and_leaves_no_task() -> None:
    async def play() -> None:
        issuer = Issuer(published(MONTAGUE, "m"))
        async with serving(issuer):
            async with started(issuer, jwks_max_age=0.0, jwks_cool_down=0.0) as auth:
                await whose(auth, token(MONTAGUE, "m"))  # renews behind
            assert issuer.requests == 2
            assert not [task for task in asyncio.all_tasks() if "KeySet" in repr(task)]

    asyncio.run(play())


# --- which keys count -----------------------------------------------------------------------------------

SKIPPED: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "for encryption": (MONTAGUE, "ES256", {"use": "enc"}),
    "for another algorithm": (MONTAGUE, "ES256", {"alg": "ES384"}),
    "for signing only": (MONTAGUE, "ES256", {"key_ops": ["sign"]}),
    "private": (MONTAGUE, "ES256", {"d": "AAAA"}),
    "weak": (WEAK_KEY, "RS256", {}),
    "an id that is a list": (MONTAGUE, "ES256", {"kid": ["m"]}),
}


@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
@pytest.mark.parametrize("name", SKIPPED)
def test_a_key_that_does_not_fit_is_skipped_and_the_others_stay(name: str) -> None:
    private_key, algorithm, members = SKIPPED[name]
    odd = published(private_key, "m") | members

    async def play() -> None:
        issuer = Issuer(odd, published(CAPULET, "c"))
        async with serving(issuer), started(issuer, algorithms=("ES256", "RS256")) as auth:
            assert await whose(auth, token(private_key, "m", algorithm)) is None
            assert await knows(auth, token(CAPULET, "c"))

    asyncio.run(play())


def test_a_key_without_alg_serves_the_configured_algorithms() -> None:
    async def play() -> None:
        issuer = Issuer(published(RSA_KEY, "r"))
        async with serving(issuer), started(issuer, algorithms=("RS512", "PS256")) as auth:
            assert await knows(auth, token(RSA_KEY, "r", "RS512"))
            assert await knows(auth, token(RSA_KEY, "r", "PS256"))
            assert not await knows(auth, token(RSA_KEY, "r", "RS256"))

    asyncio.run(play())


def test_a_token_without_key_id_needs_the_only_key() -> None:
    async def play() -> None:
        issuer = Issuer(published(MONTAGUE, None))
        async with serving(issuer), started(issuer, jwks_cool_down=0.0) as auth:
            assert await knows(auth, token(MONTAGUE))
            assert not await knows(auth, token(CAPULET))
            assert not await knows(auth, token(MONTAGUE, "m"))
            issuer.keys = (published(MONTAGUE, "m"), published(CAPULET, "c"))
            assert await whose(auth, token(MONTAGUE, "new")) is None  # fetches
            assert not await knows(auth, token(MONTAGUE))

    asyncio.run(play())


def test_a_shared_secret_in_the_set_is_no_key() -> None:
    async def play() -> None:
        secret = {"kty": "oct", "k": "c2VjcmV0" * 8, "kid": "s"}
        async with serving(Issuer(secret, published(MONTAGUE, "m"))) as issuer, started(issuer) as auth:
            assert not await knows(auth, token("secret" * 8, "s", "HS256"))

    asyncio.run(play())


@pytest.mark.parametrize("header", ["jku", "x5u"])
def test_a_url_inside_a_token_is_never_fetched(header: str) -> None:
    async def play() -> None:
        attacker = Issuer(published(CAPULET, "c"))
        issuer = Issuer(published(MONTAGUE, "m"))
        async with serving(attacker), serving(issuer), started(issuer, jwks_cool_down=0.0) as auth:
            assert not await knows(auth, token(CAPULET, "c", **{header: attacker.url}))
            assert not await knows(auth, token(CAPULET, "m", **{header: attacker.url}))
            assert not await knows(auth, token(CAPULET, "m", jwk=published(CAPULET, "m")))
            assert attacker.requests == 0

    asyncio.run(play())


@pytest.mark.parametrize("kid", ["../../etc/passwd", "' OR 1=1 --", "", "m\0", "é", "x" * 7000])
def test_a_strange_key_id_is_just_unknown(kid: str) -> None:
    async def play() -> None:
        async with serving(Issuer(published(MONTAGUE, "m"))) as issuer, started(issuer) as auth:
            assert await whose(auth, token(MONTAGUE, kid)) is None

    asyncio.run(play())
