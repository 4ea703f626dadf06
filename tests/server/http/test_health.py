"""Is it alive, is it ready, and how are its plugins?"""

from __future__ import annotations

import asyncio

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
        assert ready.json["plugins"]["peewee"] == {"storage": "ok", "history": "ok"}
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
async def test_a_plugin_that_is_not_well_is_named_and_asked_once_for_all_who_ask():
    asked = []

    class Ill:
        @hookimpl
        async def health(self):
            asked.append(1)
            await asyncio.sleep(0.05)
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
