"""From a request to an answer: who is let in, what is refused, and that every refusal is a problem."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

from tests.plugins.test_jwt import BAD_TOKENS, SECRET, claims, signed
from tests.server.http.web import Answer, ask
from tornchat import hookimpl
from tornchat.server.http.api import handler
from tornchat.server.http.api.handler import MAX_BODY_BYTES
from tornchat.testing import RunningChat, running_chat

NO_LIMIT = {"limits": {"failed_logins_per_minute": 0, "requests_per_second": 0}}


async def raw(chat: RunningChat, *lines: str, body: bytes = b"") -> tuple[int, bytes]:
    """Send a request as it stands here, and give the status and all that came back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", chat.port)
    try:
        head = "\r\n".join([*lines, "Host: 127.0.0.1", "Connection: close", "", ""])
        writer.write(head.encode("latin-1") + body)
        async with asyncio.timeout(5):
            told = await reader.read()
        return int(told.split()[1]), told
    finally:
        writer.close()
        await writer.wait_closed()


def code_of(told: bytes) -> str:
    return str(json.loads(told.partition(b"\r\n\r\n")[2])["code"])


# --- tokens ---------------------------------------------------------------------------------------------


@pytest.mark.gen_test
async def test_no_bad_token_is_let_in():
    """Those of the table in tests/plugins/test_jwt.py, each by a real request."""
    async with running_chat({"jwt": {"secret": SECRET}, **NO_LIMIT}) as chat:
        good = signed(claims())
        assert (await raw(chat, "GET /api/me HTTP/1.1", f"Authorization: Bearer {good}"))[0] == 200
        for name, bad in BAD_TOKENS.items():
            if bad is None or not bad.isascii() or "\0" in bad or name == "spaces around":
                continue  # no header can carry these, and around a header's value spaces don't count
            try:
                status, told = await raw(chat, "GET /api/me HTTP/1.1", f"Authorization: Bearer {bad}")
            except ConnectionError:
                assert len(bad) > 60_000, name  # Tornado cuts off what has such headers
                continue
            assert (status, b"juliet" in told) == (401, False) or len(bad) > 60_000, name


GOOD = "Bearer {good}"
BAD_HEADERS = {
    "none": [],
    "empty": ["Authorization: "],
    "Basic": ["Authorization: Basic {good}"],
    "the scheme alone": ["Authorization: Bearer"],
    "no scheme": ["Authorization: {good}"],
    "two words": [f"Authorization: {GOOD} {{good}}"],
    "two headers": [f"Authorization: {GOOD}", f"Authorization: {GOOD}"],
    "two that differ": [f"Authorization: {GOOD}", "Authorization: Bearer x"],
    "a cookie": ["Cookie: token={good}"],
    "a subprotocol": ["Sec-WebSocket-Protocol: bearer.{good}"],
    "another header": ["X-Authorization: Bearer {good}"],
    "not ASCII": ["Authorization: Bearer {good}\xe9"],
    "8 KiB and more": ["Authorization: Bearer {good}" + "A" * 8192],
}


@pytest.mark.gen_test
async def test_a_token_stands_in_one_header_and_nowhere_else():
    async with running_chat({"jwt": {"secret": SECRET}}) as chat:
        for name, bad in BAD_HEADERS.items():
            lines = [line.format(good=signed(claims())) for line in bad]
            status, told = await raw(chat, "GET /api/me HTTP/1.1", *lines)
            assert (status, code_of(told)) == (401, "unauthorized"), name
            assert b"www-authenticate: bearer" in told.lower(), name


@pytest.mark.gen_test
async def test_a_token_in_the_url_is_none():
    async with running_chat() as chat:
        assert (await ask(chat, "GET", f"/api/me?token={chat.token('ann')}")).code == "unauthorized"


@pytest.mark.gen_test
@pytest.mark.parametrize("fails", ["raises", "hangs"])
async def test_who_cannot_be_told_now_is_not_let_in(fails):
    class Auth:
        @hookimpl
        async def authenticate(self, credentials):
            if fails == "raises":
                raise RuntimeError
            await asyncio.sleep(60)

    given = {"tornchat": {"plugins": "auth, peewee, local"}, "deadlines": {"authenticate": 0.05}}
    async with running_chat(given, {"auth": Auth}) as chat:
        told = await ask(chat, "GET", "/api/me", headers={"Authorization": "Bearer x"})
        assert (told.status, told.code) == (503, "unavailable")
        assert told.headers["Retry-After"]


@pytest.mark.gen_test
async def test_the_role_admin_is_the_tokens():
    async with running_chat() as chat:
        path = "/api/users/id-bob/disconnect"
        for roles in ((), ("moderator",), ("Admin",), ("guest",)):
            assert (await ask(chat, "POST", path, "ann", roles=roles)).code == "forbidden"
        assert (await ask(chat, "POST", path, "ann", roles=("admin",))).status == 204


# --- bodies, queries, methods ---------------------------------------------------------------------------

DEEP = b"[" * 100_000
BAD_BODIES = {
    "nothing": b"",
    "not JSON": b"{",
    "a byte order mark": b'\xef\xbb\xbf{"username":"x"}',
    "bad UTF-8": b'{"username":"\xff"}',
    "an array": b"[]",
    "a text": b'"x"',
    "null": b"null",
    "no username": b"{}",
    "a number": b'{"username":5}',
    "NUL": b'{"username":"\\u0000"}',
    "a lone surrogate": b'{"username":"\\ud800"}',
    "NaN": b'{"username":NaN}',
    "5,000 digits": b'{"username":' + b"9" * 5000 + b"}",
    "deep": b'{"username":' + b"[" * 30_000,
    "a key twice": b'{"username":"a","username":"b"}',
    "a key that is not known": b'{"username":"a","id":"id-ann"}',
    "a key with controls": b'{"username":"a","\\u001b[31m\\n":1}',
    "many keys": b"{" + b",".join(b'"%d":1' % i for i in range(5000)) + b"}",
}


@pytest.mark.gen_test
async def test_a_bad_body_is_named_and_harms_nothing():
    async with running_chat() as chat:
        headers = {"Content-Type": "application/json"}
        for name, bad in BAD_BODIES.items():
            told = await ask(chat, "POST", "/api/guest", headers=headers, raw=bad)
            assert told.status == 422, name
            assert told.code in ("invalid_json", "invalid_input"), name
            assert len(told.body) < 1000, name
            assert b"Traceback" not in told.body, name


@pytest.mark.gen_test
async def test_a_body_is_application_json():
    """A form, which every page may send anywhere, is none."""
    async with running_chat() as chat:
        for kind in ("", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"):
            headers = {"Content-Type": kind}
            told = await ask(chat, "POST", "/api/guest", headers=headers, raw=b'{"username":"x"}')
            assert (told.status, told.code) == (415, "unsupported_media_type"), kind
        headers = {"Content-Type": "Application/JSON; charset=utf-8"}
        told = await ask(chat, "POST", "/api/guest", headers=headers, raw=b'{"username":"x"}')
        assert told.status == 201


@pytest.mark.gen_test
async def test_a_big_body_is_refused_before_it_is_read():
    async with running_chat() as chat:
        for length in (str(MAX_BODY_BYTES + 1), "9" * 11, "9" * 15):
            lines = ("Content-Type: application/json", f"Content-Length: {length}")
            status, told = await raw(chat, "POST /api/guest HTTP/1.1", *lines)
            assert (status, code_of(told)) == (413, "too_big")


@pytest.mark.gen_test
async def test_a_body_that_does_not_say_its_length_is_refused_when_it_is_too_big():
    async with running_chat() as chat:
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        lines = ("Content-Type: application/json", "Transfer-Encoding: chunked")
        body = chunk * 3 + b"0\r\n\r\n"
        status, told = await raw(chat, "POST /api/guest HTTP/1.1", *lines, body=body)
        assert (status, code_of(told)) == (413, "too_big")
        whole = b'{"username":"x"}'
        body = b"%x\r\n" % len(whole) + whole + b"\r\n0\r\n\r\n"
        assert (await raw(chat, "POST /api/guest HTTP/1.1", *lines, body=body))[0] == 201


BAD_QUERIES = (
    *("limit=0", "limit=201", "limit=-1", "limit=x", "limit=", "limit=1.5", "limit=" + "9" * 5000),
    *("limit=null", "limit=+5", "limit=%205", "limit=1_0", "limit=%D9%A5", "limit=1&limit=2", "other=1"),
    *("after", "&", "%ff=1", "after=%ff", "token=x"),
)


@pytest.mark.gen_test
async def test_a_bad_query_is_named():
    async with running_chat() as chat:
        for query in BAD_QUERIES:
            told = await ask(chat, "GET", f"/api/rooms?{query}", "ann")
            assert (told.status, told.code) == (422, "invalid_input"), query
            assert told.json["errors"][0]["path"].startswith("query"), query
            assert len(told.body) < 1000, query


@pytest.mark.gen_test
async def test_a_call_without_a_query_takes_none():
    async with running_chat() as chat:
        assert (await ask(chat, "GET", "/api/me?x=1", "ann")).code == "invalid_input"


@pytest.mark.gen_test
async def test_another_method_is_a_problem_that_names_those_that_are_allowed():
    async with running_chat() as chat:
        for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"):
            told = await ask(chat, method, "/api/me", "ann", raw=b"" if method != "TRACE" else None)
            assert (told.status, told.code) == (405, "method_not_allowed"), method
            assert told.headers["Allow"] == "GET, HEAD, OPTIONS", method


@pytest.mark.gen_test
async def test_an_unknown_call_is_a_problem():
    async with running_chat() as chat:
        for path in ("/api/nothing", "/api/rooms/a/b/c/d", "/api/rooms/", "/api/%ff"):
            told = await ask(chat, "GET", path, "ann")
            assert (told.status, told.code) == (404, "not_found"), path


@pytest.mark.gen_test
async def test_head_is_get_without_the_body_and_options_says_what_is_allowed():
    async with running_chat() as chat:
        head = await ask(chat, "HEAD", "/api/me", "ann")
        assert (head.status, head.body) == (200, b"")
        assert int(head.headers["Content-Length"]) > 10
        options = await ask(chat, "OPTIONS", "/api/rooms")
        assert (options.status, options.headers["Allow"]) == (204, "GET, POST, HEAD, OPTIONS")


@pytest.mark.gen_test
async def test_nothing_of_an_answer_is_kept_or_guessed():
    async with running_chat() as chat:
        for told in (await ask(chat, "GET", "/api/me", "ann"), await ask(chat, "GET", "/api/me")):
            assert told.headers["Cache-Control"] == "no-store"
            assert told.headers["X-Content-Type-Options"] == "nosniff"
            assert "Etag" not in told.headers
            assert "Server" not in told.headers


# --- pages of other sites -------------------------------------------------------------------------------

OTHER = {"Origin": "https://app.example"}


def shared(told: Answer) -> list[str]:
    return [name for name in told.headers if name.lower().startswith("access-control")]


@pytest.mark.gen_test
async def test_a_foreign_page_is_refused_since_a_login_may_ride_in_a_cookie():
    async with running_chat() as chat:
        for headers in (OTHER, {"Origin": "null"}, {**OTHER, "Sec-Fetch-Site": "same-origin"}):
            told = await ask(chat, "POST", "/api/guest", body={"username": "x"}, headers=headers)
            assert (told.status, told.code) == (403, "forbidden")
            assert shared(told) == []
        assert (await ask(chat, "OPTIONS", "/api/me", headers=OTHER)).code == "forbidden"
        own = {"Origin": f"http://127.0.0.1:{chat.port}"}
        told = await ask(chat, "GET", "/api/me", "ann", headers=own)
        assert (told.status, shared(told)) == (200, [])


@pytest.mark.gen_test
async def test_a_listed_page_may_call_and_read_the_answers():
    async with running_chat({"server": {"allowed_origins": "https://app.example"}}) as chat:
        asked = {**OTHER, "Access-Control-Request-Method": "DELETE"}
        before = await ask(chat, "OPTIONS", "/api/rooms/tea", headers=asked)
        assert before.status == 204
        assert before.headers["Access-Control-Allow-Origin"] == "https://app.example"
        assert "DELETE" in before.headers["Access-Control-Allow-Methods"]
        assert "Idempotency-Key" in before.headers["Access-Control-Allow-Headers"]
        for told in (
            await ask(chat, "GET", "/api/", headers=OTHER),
            await ask(chat, "GET", "/api/me", headers=OTHER),
        ):
            assert told.headers["Access-Control-Allow-Origin"] == "https://app.example"
            assert "Access-Control-Allow-Credentials" not in told.headers
            assert told.headers["Vary"] == "Origin"


# --- rates ----------------------------------------------------------------------------------------------


@pytest.mark.gen_test
async def test_a_user_who_calls_too_often_is_told_when_to_come_again_and_others_are_not_harmed():
    async with running_chat({"limits": {"requests_per_second": 0.5, "request_burst": 2}}) as chat:
        told = [await ask(chat, "GET", "/api/me", "ann") for _ in range(3)]
        assert [one.status for one in told] == [200, 200, 429]
        assert (told[2].code, told[2].headers["Retry-After"]) == ("rate_limited", "2")
        assert (await ask(chat, "GET", "/api/me", "bob")).status == 200


@pytest.mark.gen_test
async def test_who_tries_tokens_is_slowed_down_by_address_and_good_tokens_are_not():
    async with running_chat({"limits": {"requests_per_second": 0.5, "request_burst": 2}}) as chat:
        bad = {"Authorization": "Bearer x.y.z"}
        told = [await ask(chat, "GET", "/api/me", headers=bad) for _ in range(3)]
        assert [one.status for one in told] == [401, 401, 429]
        assert (await ask(chat, "GET", "/api/")).status == 429
        assert (await ask(chat, "GET", "/api/me", "ann")).status == 200


# --- failures -------------------------------------------------------------------------------------------


@pytest.mark.gen_test
async def test_a_failure_of_ours_is_a_problem_without_its_cause_which_is_in_the_log(caplog, monkeypatch):
    async def fails(*args):
        raise RuntimeError("the cause")

    async with running_chat() as chat:
        monkeypatch.setattr(chat.app._connections.chat.connecting, "connect", fails)
        told = await ask(chat, "GET", "/api/me", "ann")
        assert (told.status, told.code) == (500, "internal_error")
        assert b"cause" not in told.body
        [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert "the cause" in str(record.exc_info[1])


@pytest.mark.gen_test
async def test_a_call_that_takes_too_long_is_given_up(monkeypatch):
    async def hangs(*args):
        await asyncio.sleep(60)

    monkeypatch.setattr(handler, "CALL_SECONDS", 0.05)
    async with running_chat() as chat:
        monkeypatch.setattr(chat.app._connections.chat.connecting, "connect", hangs)
        assert (await ask(chat, "GET", "/api/me", "ann")).code == "unavailable"
        told = await ask(chat, "POST", "/api/rooms", "ann", {"name": "tea"})
        assert (told.status, told.code) == (503, "unconfirmed"), "it may be done all the same"
        assert told.headers["Retry-After"]


@pytest.mark.gen_test
async def test_no_token_no_text_and_no_query_reaches_the_log(caplog):
    """P17, also for requests that fail."""
    with caplog.at_level(logging.DEBUG):
        async with running_chat() as chat:
            token = chat.token("ann")
            for path in (
                "/api/me?token=SECRET",
                "/api/nothing?q=SECRET",
                "/readyz?SECRET",
                "/static/x?SECRET",
            ):
                for method in ("GET", "POST", "BREW"):
                    await ask(chat, method, path, "ann", headers={"Cookie": "x=SECRET"}, raw=b"SECRET")
            bad = {"Authorization": "Bearer SECRET.x.y", "Content-Type": "application/json"}
            await ask(chat, "POST", "/api/rooms/tea/messages", headers=bad, raw=b'{"message":"SECRET"}')
            await ask(chat, "GET", "/api/rooms/tea/search?q=SECRET", "ann")
    ours = [record for record in caplog.records if not record.name.startswith(("asyncio", "tornado.curl"))]
    text = "\n".join(record.getMessage() for record in ours)
    assert "GET '/api/me' 422" in text
    assert "SECRET" not in text
    assert token not in text
    assert "eyJ" not in text
