"""The contract of auth: authentication of users by their credentials."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import msgspec
import pytest

from tornchat import Credentials, User
from tornchat.testing.kit import Contract, Stage, promise

GARBAGE = (
    "",
    " ",
    "\t",
    "x",
    "null",
    "0",
    "undefined",
    "..",
    "a.b.c",
    "a.b.c.d.e",
    "Basic YW5uOnBhc3M=",
    "Bearer",
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.",
    "{}",
    '{"id": "root"}',
    "' OR '1'='1",
    "../../etc/passwd",
    "%00",
    "\x00",
    "root\x00",
    "a\r\nb",
    "\x1b[31m",
    "é.è.ê",
    "日本語",
    "😀",
    "\u202eroot",
    "\ud800",
    "x" * 9_000,
    "x" * 1_000_000,
    "." * 100_000,
    "é" * 10_000,
)
"""Invalid tokens, which a plugin must refuse without an error."""


class AuthContract(Contract):
    """Tests of an auth plugin.

    Subclass it and define `make_plugin` and, if the plugin has no `issue_token`, `good_credentials`.
    """

    roles = ("auth",)

    def good_credentials(self, plugin: Any) -> Credentials:
        """Return credentials that the plugin accepts. By default, they contain a token from `issue_token`."""
        if not hasattr(plugin, "issue_token"):
            raise NotImplementedError("write good_credentials(self, plugin), which returns Credentials")
        return _with_token(plugin.issue_token(User("id-ann", "ann"), 3600.0))

    @promise("authenticate: who offers nothing is nobody")
    async def test_nothing_offered_is_nobody(self, stage: Stage) -> None:
        answer = await stage.call("authenticate", credentials=Credentials("tea", "127.0.0.1"))
        assert answer is None, f"without any credentials it let in {answer!r}"

    @promise("authenticate: good credentials are a User's, with an id and a name")
    async def test_good_credentials_are_a_users(self, stage: Stage) -> None:
        _verify_user(await stage.call("authenticate", credentials=self.good_credentials(stage.plugin)))

    @promise("authenticate: garbage is nobody's")
    async def test_garbage_is_nobodys(self, stage: Stage) -> None:
        async for offered, answer in self._answers_to_garbage(stage):
            assert answer is None or isinstance(answer, Exception), f"it let in {answer!r} for {offered}"

    @promise("authenticate: garbage gets None for an answer, never an exception")
    async def test_garbage_raises_nothing(self, stage: Stage) -> None:
        async for offered, answer in self._answers_to_garbage(stage):
            assert not isinstance(answer, Exception), f"it raised {answer!r} for {offered}"

    @promise("authenticate: good credentials that were damaged are nobody's")
    async def test_damaged_credentials_are_nobodys(self, stage: Stage) -> None:
        for how, credentials in _damaged(self.good_credentials(stage.plugin)):
            answer = await stage.call("authenticate", credentials=credentials)
            assert answer is None, f"it let in {answer!r} with {how}"

    @promise("authenticate: garbage does not spoil the answer for the next one")
    async def test_good_credentials_stay_good_after_garbage(self, stage: Stage) -> None:
        good = self.good_credentials(stage.plugin)
        before = await stage.call("authenticate", credentials=good)
        async for _ in self._answers_to_garbage(stage):
            pass
        after = await stage.call("authenticate", credentials=good)
        assert before == after, f"the same credentials were {before!r}'s and then {after!r}'s"

    @promise("issue_token: the token is accepted, as the user it was made for")
    async def test_issued_token_is_accepted(self, stage: Stage) -> None:
        given = User("id-bob", "bob", frozenset({"moderator"}))
        read = await _issued_and_read(stage, given, 60.0)
        assert (read.id, read.username, read.roles) == (given.id, given.username, given.roles), (
            f"made for {given!r}, it was read as {read!r}"
        )

    @promise("issue_token: the token ends with its lifetime")
    async def test_issued_token_ends_with_its_lifetime(self, stage: Stage) -> None:
        before = time.time()
        read = await _issued_and_read(stage, User("id-bob", "bob"), 60.0)
        assert read.expires_at is not None, "the user it gives never expires"
        lasts = read.expires_at - before
        assert 59.99 <= lasts <= time.time() - before + 62.0, f"made for 60 s, it is good for {lasts:.1f} s"

    @promise("authorize: the answer is True, False or None (no opinion)")
    async def test_authorize_gives_yes_no_or_none(self, stage: Stage) -> None:
        if not stage.provides("authorize"):
            pytest.skip("the plugin does not authorize")
        for action in ("join", "send"):
            answer = await stage.call("authorize", user=User("id-ann", "ann"), action=action, room="tea")
            assert answer in (True, False, None), f"for {action} it answered {answer!r}"

    async def _answers_to_garbage(self, stage: Stage) -> AsyncIterator[tuple[str, object]]:
        """Call the plugin with invalid tokens in every place; return each with the result or exception."""
        good = self.good_credentials(stage.plugin)
        for text in GARBAGE:
            for where, credentials in _offers(good, text):
                try:
                    answer = await stage.call("authenticate", credentials=credentials)
                except Exception as error:
                    answer = error
                yield f"{text[:40]!r} ({len(text)} characters) as {where}", answer


def _offers(good: Credentials, text: str) -> Iterator[tuple[str, Credentials]]:
    yield "a token", _with_token(text)
    if good.cookies:
        cookies = dict.fromkeys(good.cookies, text)
        yield "a cookie", msgspec.structs.replace(_bare(good), cookies=cookies)


def _damaged(good: Credentials) -> Iterator[tuple[str, Credentials]]:
    """Return variants of valid credentials, each with every proof damaged in one way."""
    ways: dict[str, Callable[[str], str]] = {
        "its first character dropped": lambda text: text[1:],
        "its second half dropped": lambda text: text[: len(text) // 2],
        "itself twice": lambda text: text + text,
        "a character in its middle changed": _flipped,
        "its order reversed": lambda text: text[::-1],
    }
    for how, damage in ways.items():
        token = damage(good.token) if good.token else good.token
        cookies = {name: damage(value) for name, value in good.cookies.items()}
        yield how, msgspec.structs.replace(_bare(good), token=token, source=good.source, cookies=cookies)


def _bare(good: Credentials) -> Credentials:
    return Credentials(good.room, good.remote_ip)


def _flipped(text: str) -> str:
    middle = len(text) // 2
    return text[:middle] + ("A" if text[middle : middle + 1] != "A" else "B") + text[middle + 1 :]


def _with_token(token: str) -> Credentials:
    return Credentials("tea", "127.0.0.1", token, "header", {"authorization": f"Bearer {token}"})


def _verify_user(answer: object) -> User:
    assert isinstance(answer, User), f"it gave {answer!r}, which is no User"
    assert isinstance(answer.id, str), f"the id {answer.id!r} is no text"
    assert answer.id, "the user's id is empty"
    assert isinstance(answer.username, str), f"the name {answer.username!r} is no text"
    assert answer.username, "the user's name is empty"
    assert answer.expires_at is None or answer.expires_at > time.time(), "the user has expired already"
    return answer


async def _issued_and_read(stage: Stage, given: User, lifetime: float) -> User:
    if not stage.provides("issue_token"):
        pytest.skip("the plugin issues no tokens")
    token = await stage.call("issue_token", user=given, lifetime=lifetime)
    return _verify_user(await stage.call("authenticate", credentials=_with_token(token)))
