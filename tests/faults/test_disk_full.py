"""The database files can't grow: the health checks say so after one commit, and recover without messages."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.server.http.metrics.scraping import scraped
from tests.server.http.web import ask
from tornchat.testing import RunningChat, running_chat


@contextmanager
def no_growth(file: Path) -> Iterator[None]:
    """Let the process write no file beyond the size of `file`, like a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def post(chat: RunningChat) -> int:
    body = {"message": "x" * 3000}
    return (await ask(chat, "POST", "/api/rooms/general/messages", "romeo", body)).status


async def until_unwell(chat: RunningChat, part: str) -> None:
    while (await ask(chat, "GET", "/readyz")).json["plugins"]["peewee"][part] == "ok":  # noqa: ASYNC110
        await asyncio.sleep(0.1)  # the plugins are asked once a second


@pytest.mark.gen_test
@pytest.mark.long
async def test_a_node_that_can_not_store_is_not_ready(tmp_path: Path) -> None:
    async with running_chat({"tornchat": {"data_dir": str(tmp_path)}}) as chat:
        await (await chat.connect("general", "romeo")).hear()
        assert await post(chat) == 201
        with no_growth(tmp_path / "tornchat.db-wal"):
            assert await post(chat) == 503
            ready = await ask(chat, "GET", "/readyz")
            assert (ready.status, ready.json["status"]) == (503, "refusing")
            assert ready.json["plugins"]["peewee"]["commits"] != "ok"
            told = await scraped(chat)
            assert told["tornchat_plugin_healthy"].value(plugin="peewee", part="commits") == 0
            async with asyncio.timeout(5):  # the plugin's own check writes, too
                await until_unwell(chat, "storage")
        assert await post(chat) == 201
        assert (await ask(chat, "GET", "/readyz")).status == 200
