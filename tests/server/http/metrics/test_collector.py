"""What is told is what happened: real sockets, real messages, and the numbers afterwards."""

from __future__ import annotations

import logging

import msgspec
import pytest

from tests.server.http.metrics.scraping import scraped
from tests.server.http.web import ask
from tornchat import ChatError, Draft, Rejected, User, hookimpl
from tornchat.server.http.metrics.families import FAMILIES
from tornchat.testing import running_chat


class Grumpy:
    """A filter that refuses a word, and fails at another."""

    class Settings(msgspec.Struct, frozen=True):
        """None."""

    def __init__(self, settings: Settings) -> None:
        pass

    @hookimpl
    def filter_message(self, draft: Draft, user: User) -> Draft:
        if draft.text == "refuse":
            raise Rejected
        if draft.text == "break":
            raise RuntimeError("grumpy")
        return draft


@pytest.mark.gen_test
async def test_numbers_are_those_of_the_traffic():
    async with running_chat(plugins={"grumpy": Grumpy}) as chat:
        romeo = await chat.connect("hall", "romeo")
        juliet = await chat.connect("hall", "juliet")
        assert (await juliet.hear())["type"] == "room_users_list"  # so she is in, and not only connected
        for number in range(5):
            await romeo.say(f"number {number}")
            assert await juliet.hear_message() == f"number {number}"
        for text in ("refuse", "break", ""):
            await juliet.say(text)
            await juliet.hear_message()
        stranger = await chat.connect("hall")
        assert await stranger.closed() == 4001
        told = await scraped(chat)
    assert told["tornchat_connections"].value() == 2
    assert told["tornchat_connections_opened"].value("_total") == 3
    assert told["tornchat_connections_closed"].value("_total", code="4001") == 1
    assert told["tornchat_auth_failures"].value("_total", reason="no_token") == 1
    assert told["tornchat_sessions"].value() == 2
    assert told["tornchat_rooms_loaded"].value() == 1
    assert told["tornchat_messages_received"].value("_total") == 8
    assert told["tornchat_messages_stored"].value("_total") == 5
    assert told["tornchat_messages_delivered"].value("_total") == 10
    assert told["tornchat_received_bytes"].value("_total") > 8 * len('{"message":""}')
    assert told["tornchat_sent_bytes"].value("_total") > 10 * len("number 0")
    refused = {
        code: told["tornchat_messages_refused"].value("_total", code=code, transport="websocket")
        for code in ("rejected", "unavailable")
    }
    assert refused == {"rejected": 1, "unavailable": 1}
    hook = {"plugin": "grumpy", "hook": "filter_message"}
    assert told["tornchat_hook_duration_seconds"].value("_count", **hook) == 7
    assert told["tornchat_hook_failures"].value("_total", kind="error", **hook) == 1
    store = {"plugin": "peewee", "hook": "store_messages"}
    commits = told["tornchat_commit_duration_seconds"].value("_count")
    assert 1 <= commits <= 5
    assert told["tornchat_hook_duration_seconds"].value("_count", **store) == commits
    assert told["tornchat_commit_messages"].value("_sum") == 5
    assert told["tornchat_delivery_latency_seconds"].value("_count") == commits
    assert told["tornchat_behind_bytes"].value() == 0
    assert told["tornchat_plugin_healthy"].value(plugin="peewee", part="storage") == 1


@pytest.mark.gen_test
async def test_refused_messages_are_counted_and_logged_on_every_transport(caplog):
    caplog.set_level(logging.DEBUG, "tornchat.chat")
    async with running_chat(plugins={"grumpy": Grumpy}) as chat:
        romeo = await chat.connect("hall", "romeo")
        await romeo.say("refuse")
        await romeo.hear_message()
        refused = await ask(chat, "POST", "/api/rooms/hall/messages", "romeo", {"message": "refuse"})
        strange = await ask(chat, "POST", "/api/rooms/hall/messages", None, {"message": "hello"})
        assert (refused.code, strange.code) == ("rejected", "unauthorized")
        with pytest.raises(ChatError):
            await chat.app.say("hall", "refuse", sender=User("id-juliet", "juliet"), id="j1")
        told = (await scraped(chat))["tornchat_messages_refused"]
    for transport in ("websocket", "http", "code"):
        assert told.value("_total", code="rejected", transport=transport) == 1
    assert told.value("_total", code="unauthorized", transport="http") == 1
    lines = [record for record in caplog.records if getattr(record, "event", "") == "refused"]
    assert [(line.transport, line.code) for line in lines] == [
        ("websocket", "rejected"),
        ("http", "rejected"),
        ("http", "unauthorized"),
        ("code", "rejected"),
    ]
    assert lines[1].request == refused.headers["X-Request-Id"]
    assert lines[3].request == "j1"
    assert "rejected" in lines[1].getMessage()


@pytest.mark.gen_test
async def test_every_metric_is_told_with_its_words_and_those_of_the_process_too():
    async with running_chat() as chat:
        told = await scraped(chat)
        silent = {"tornchat_tells_waiting", "tornchat_tells_missed_total"}  # nobody listens here
        for family in FAMILIES:
            found = told[family.name.removesuffix("_total")]
            assert (found.kind, found.words) == (family.kind, family.words)
            assert found.samples or family.labels or family.name in silent
        assert {
            "process_cpu_seconds",
            "process_open_fds",
            "python_info",
            "python_gc_collections",
        } <= told.keys()
        [build] = told["tornchat_build_info"].samples
        assert build.labels["node_id"] == chat.app._site.chat.node_id


@pytest.mark.gen_test
async def test_two_chats_in_one_process_are_not_mixed_up():
    async with running_chat() as verona, running_chat() as mantua:
        romeo = await verona.connect("hall", "romeo")
        await romeo.say("Is it even so?")
        await romeo.hear_message()
        assert (await scraped(verona))["tornchat_messages_stored"].value("_total") == 1
        assert (await scraped(mantua))["tornchat_messages_stored"].value("_total") == 0
