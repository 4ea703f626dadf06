"""Plugins' texts reach frames, headers, terminals and logs only cleaned and cut, and the plugin is named."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.hooks.test_calls import CREDENTIALS, DRAFT, EACH, ROMEO, hooks
from tornchat.errors import ChatError, NotStored, Rejected, SettingsError, Unavailable
from tornchat.hooks.words import MOST_CHARS, cleaned, is_encodable, one_line
from tornchat.model import Draft, Fault, Refusal, User

SURROGATE, LONG, ESCAPES = "\ud800", "x" * 1_000_000, "\x1b[2J\0"
BAD = pytest.mark.parametrize("bad", [SURROGATE, LONG, ESCAPES])


class Speechless(Exception):
    """An exception whose text can't be read."""

    def __str__(self):
        raise ValueError("no words")


def is_safe(text):
    text.encode()
    return len(text) <= MOST_CHARS and "\x1b" not in text and "\0" not in text


def test_words():
    assert cleaned("mind your words,\n\tplease") == "mind your words,\n\tplease"
    assert cleaned("a\ud800b\x1b[2J") == "a�b�[2J"
    assert cleaned("abcdef", 4) == "abc…"
    assert cleaned(5) == "5"
    assert cleaned(Speechless()) == "a Speechless without a readable text"
    assert one_line("a\r\nb\n fake line") == "a� b fake line"
    assert (is_encodable("ä😀"), is_encodable("ä\udc80")) == (True, False)


@EACH
@BAD
def test_the_reason_of_a_filter(kind, bad, caplog):
    with pytest.raises(ChatError) as refused:
        asyncio.run(hooks(filter_message=[kind(Rejected(bad))]).filter_message(DRAFT, ROMEO))
    assert is_safe(refused.value.text)
    assert "plugin p1 failed in filter_message: ValueError: its refusal" in caplog.text


@EACH
@pytest.mark.parametrize("wait", [float("nan"), float("inf"), -1, "5"])
def test_the_wait_of_a_filter(kind, wait, caplog):
    error = ChatError("rate_limited", "", wait)
    with pytest.raises(ChatError) as refused:
        asyncio.run(hooks(filter_message=[kind(error)]).filter_message(DRAFT, ROMEO))
    assert refused.value.retry_after is None
    assert "plugin p1 failed in filter_message" in caplog.text


@EACH
def test_a_refusal_that_is_none(kind, caplog):
    error = Rejected("no")
    error.code = "made_up"
    with pytest.raises(Unavailable):
        asyncio.run(hooks(filter_message=[kind(error)]).filter_message(DRAFT, ROMEO))
    assert "plugin p1 failed in filter_message" in caplog.text


def test_a_good_refusal_blames_nobody(caplog):
    error = ChatError("rate_limited", "Slow down,\nplease.", 2.5)

    def refuse(draft, user):
        raise error

    with pytest.raises(ChatError) as refused:
        asyncio.run(hooks(filter_message=[refuse]).filter_message(DRAFT, ROMEO))
    assert (refused.value.text, refused.value.retry_after) == ("Slow down,\nplease.", 2.5)
    assert not caplog.messages


@EACH
def test_a_filtered_text_that_storage_can_not_write(kind, caplog):
    """Storage would fail for the whole batch, with the messages of other senders."""

    def spoil(draft, user):
        return Draft("x", "y", "z", "root", draft.text + SURROGATE, 9)

    with pytest.raises(Unavailable):
        asyncio.run(hooks(filter_message=[kind(spoil)]).filter_message(DRAFT, ROMEO))
    assert "plugin p1 failed in filter_message: ValueError: it returned a text with" in caplog.text


@BAD
def test_the_reason_of_a_storage(bad):
    async def play(answer):
        storage = hooks(store_messages=[lambda drafts: answer])
        call = storage.begin_store([DRAFT])
        return storage.store_results(call, [DRAFT])

    (refusal,) = asyncio.run(play([Refusal("room_gone", bad)]))
    assert is_safe(refusal.reason)
    kept = Refusal("room_gone", "The room was deleted.")
    assert asyncio.run(play([kept])) == [kept]


@BAD
def test_the_reason_of_a_failed_storage(bad, caplog):
    def store(drafts):
        raise NotStored(bad)

    async def play():
        storage = hooks(store_messages=[store])
        call = storage.begin_store([DRAFT])
        storage.store_results(call, [DRAFT])

    with pytest.raises(NotStored) as refused:
        asyncio.run(play())
    assert is_safe(str(refused.value))


@EACH
@BAD
@pytest.mark.parametrize("form", [ValueError, Unavailable])
def test_an_exception_in_the_log(kind, form, bad, caplog):
    with pytest.raises(Unavailable) as failed:
        asyncio.run(hooks(authenticate=[kind(form(bad))]).authenticate(CREDENTIALS))
    assert is_safe(str(failed.value))
    caplog.text.encode()
    assert "\x1b" not in caplog.text
    assert len(caplog.text) < MOST_CHARS + 1000


@EACH
def test_an_exception_without_a_text_is_contained(kind, caplog):
    with pytest.raises(Unavailable):
        asyncio.run(hooks(authenticate=[kind(Speechless())]).authenticate(CREDENTIALS))
    assert "a Speechless without a readable text" in caplog.text


@EACH
@pytest.mark.parametrize(
    "user",
    [User(SURROGATE, "r"), User("1", SURROGATE), User("1", "r", frozenset({SURROGATE})), User("1", LONG)],
)
def test_a_user_that_no_frame_can_show(kind, user, caplog):
    with pytest.raises(Unavailable):
        asyncio.run(hooks(authenticate=[kind(user)]).authenticate(CREDENTIALS))
    assert "plugin p1 failed in authenticate: ValueError: it returned a User with a text" in caplog.text


@pytest.mark.parametrize("token", ["", "a b", "a\r\nSet-Cookie: x", "ä", SURROGATE])
def test_a_token_that_no_header_can_carry(token, caplog):
    with pytest.raises(Unavailable):
        hooks(issue_token=[lambda user, lifetime: token]).issue_token(ROMEO, 1.0)
    assert "plugin p1 failed in issue_token: ValueError: it returned a token with" in caplog.text


@EACH
@BAD
def test_health_faults_and_steps(kind, bad):
    found = hooks(health=[kind({bad: bad, "n": 5})], check=[kind([Fault(bad, 5)])], migrate=[kind([bad])])
    health = asyncio.run(found.health())
    json.dumps(health, ensure_ascii=False).encode()
    assert all(is_safe(name) and is_safe(words) for name, words in health["p1"].items())
    ((_, fault),) = asyncio.run(found.check())
    assert (is_safe(fault.what), fault.cure) == (True, "5")
    ((_, step),) = asyncio.run(found.migrate())
    assert is_safe(step)


@EACH
@BAD
def test_a_setting_that_a_start_refuses(kind, bad):
    with pytest.raises(SettingsError) as refused:
        asyncio.run(hooks(startup=[kind(SettingsError(bad, bad))]).startup(None))
    assert is_safe(refused.value.what)
    assert is_safe(refused.value.cure)
