"""/asyncapi.json and /asyncapi/: of this server, and without anything that could run."""

from __future__ import annotations

import pytest

from tests.hosting import hosting, settings
from tests.server.http.asyncapi.contract import meta_schema
from tests.server.http.web import ask
from tornchat import ChatApp
from tornchat.testing import RunningChat, running_chat


@pytest.mark.gen_test
async def test_the_document_is_of_the_server_that_was_asked():
    async with running_chat() as chat:
        answer = await ask(chat, "GET", "/asyncapi.json")
        assert answer.headers["Content-Type"] == "application/json"
        assert list(meta_schema().iter_errors(answer.json)) == []
        assert answer.json["servers"]["chat"]["host"] == f"127.0.0.1:{chat.port}"
        assert (await ask(chat, "HEAD", "/asyncapi.json")).body == b""


@pytest.mark.gen_test
@pytest.mark.parametrize("host", ["<script>", 'a"b', "a/b", "x" * 300])
async def test_a_host_that_is_none_is_not_said_again(host):
    async with running_chat() as chat:
        answer = await ask(chat, "GET", "/asyncapi.json", headers={"Host": host})
        assert answer.status == 400 or answer.json["servers"]["chat"]["host"] == "localhost"


@pytest.mark.gen_test
async def test_under_a_prefix_all_is_under_it(tmp_path):
    chat = ChatApp(settings(tmp_path))
    async with hosting(chat.routes("/talk"), chat) as host:
        running = RunningChat(chat, int(host.address.rpartition(":")[2]))
        answer = await ask(running, "GET", "/talk/asyncapi.json")
        assert answer.json["channels"]["v1"]["address"] == "/talk/ws/chat/{room}/"
        page = (await ask(running, "GET", "/talk/asyncapi/")).body.decode()
        assert 'href="../asyncapi.json"' in page
        assert "/talk/ws/chat/{room}/" in page


@pytest.mark.gen_test
async def test_the_page_shows_every_frame_and_needs_no_script():
    async with running_chat() as chat:
        document = (await ask(chat, "GET", "/asyncapi.json")).json
        answer = await ask(chat, "GET", "/asyncapi/")
        page = answer.body.decode()
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "<script" not in page
        assert "style=" not in page
        for channel, described in document["channels"].items():
            for name in described["messages"]:
                assert f'id="{channel}-{name}"' in page
        for row in (*document["x-close-codes"], *document["x-error-codes"]):
            assert f"<code>{row['code']}</code>" in page
        assert "GET ws://" in page


@pytest.mark.gen_test
async def test_pages_can_be_left_out():
    async with running_chat({"server": {"pages": False, "api": False}}) as chat:
        assert (await ask(chat, "GET", "/asyncapi/")).status == 404
        assert (await ask(chat, "GET", "/asyncapi.json")).status == 404
