"""Is it alive, is it ready, and how are its plugins?"""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.hosting import hosting, settings
from tests.server.http.web import ask
from tornchat import ChatApp, hookimpl
from tornchat.testing import RunningChat, running_chat


@pytest.mark.gen_test
async def test_it_is_ready_between_start_and_close(tmp_path):
    chat = ChatApp(settings(tmp_path))
    async with hosting(chat.routes()) as host:
        running = RunningChat(chat, int(host.address.partition(":")[2]))
        before = await ask(running, "GET", "/readyz")
        assert (before.status, before.json) == (503, {"status": "starting", "plugins": {}})
        await chat.start()
        ready = await ask(running, "GET", "/readyz")
        assert (ready.status, ready.json["status"]) == (200, "ok")
        assert ready.json["plugins"]["peewee"] == {"storage": "ok", "history": "ok", "commits": "ok"}
        ann = await host.enter_as(chat, "/ws/chat/tea/", "ann")
        await ann.hear()
        closing = asyncio.ensure_future(chat.close())
        await asyncio.sleep(0)
        draining = await ask(running, "GET", "/readyz")
        assert (draining.status, draining.json["status"]) == (503, "draining")
        assert draining.headers["Retry-After"]
        assert (await ask(running, "GET", "/api/")).code == "unavailable"
        assert await ann.closed() == 1001
        await closing
        assert (await ask(running, "GET", "/readyz")).json["status"] == "stopped"
        assert (await ask(running, "GET", "/healthz")).json == {"status": "ok"}


@pytest.mark.gen_test
async def test_a_plugin_that_is_not_well_is_named_and_not_asked_by_requests():
    asked = []

    class Ill:
        @hookimpl
        async def health(self):
            asked.append(1)
            return {"fuse": "blown"}

    class Broken:
        @hookimpl
        def health(self):
            raise RuntimeError

    async with running_chat(plugins={"ill": Ill, "broken": Broken}) as chat:
        answers = await asyncio.gather(*(ask(chat, "GET", "/readyz") for _ in range(5)))
        assert {answer.status for answer in answers} == {200}
        assert answers[0].json["status"] == "degraded"
        assert answers[0].json["plugins"]["ill"] == {"fuse": "blown"}
        assert answers[0].json["plugins"]["broken"] == {"health": "failed"}
        assert len(asked) == 1


@pytest.mark.gen_test
async def test_the_answer_comes_at_once_though_a_plugin_hangs():
    hangs = asyncio.Event()

    class Hanging:
        well = True

        @hookimpl
        async def health(self):
            if not Hanging.well:
                hangs.set()
                await asyncio.Event().wait()
            return {"database": "ok"}

    async with running_chat(plugins={"hanging": Hanging}) as chat:
        assert "hanging" in (await ask(chat, "GET", "/readyz")).json["plugins"]
        Hanging.well = False
        await asyncio.wait_for(hangs.wait(), 5)
        slowest = 0.0
        for _ in range(20):
            began = time.perf_counter()
            ready = await ask(chat, "GET", "/readyz")
            slowest = max(slowest, time.perf_counter() - began)
            assert ready.json["plugins"]["hanging"] == {"database": "ok"}
        assert slowest < 0.05


@pytest.mark.gen_test
async def test_the_first_answer_does_not_wait_for_a_plugin_that_hangs_from_the_start():
    class Hanging:
        @hookimpl
        async def health(self):
            await asyncio.Event().wait()

    async with running_chat(plugins={"hanging": Hanging}) as chat:
        began = time.perf_counter()
        assert (await ask(chat, "GET", "/readyz")).status == 200
        assert (await ask(chat, "GET", "/metrics")).status == 200
        assert time.perf_counter() - began < 0.5


@pytest.mark.gen_test
async def test_details_are_for_clients_that_may_read_the_metrics():
    class Ill:
        @hookimpl
        async def health(self):
            return {"fuse": "blown at 203.0.113.7"}

    async with running_chat(plugins={"ill": Ill}) as chat:
        assert "ill" in (await ask(chat, "GET", "/readyz")).json["plugins"]
        proxied = await ask(chat, "GET", "/readyz", headers={"X-Forwarded-For": "203.0.113.9"})
        assert proxied.json == {"status": "degraded", "plugins": {}}
