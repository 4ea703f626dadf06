"""Blocks over HTTP."""

from __future__ import annotations

import pytest

from tests.server.http.web import ask
from tornchat.testing import running_chat

BLOCKS = "/api/me/blocks"


@pytest.mark.gen_test
async def test_a_user_has_a_list_of_whom_they_block():
    async with running_chat() as chat:
        assert (await ask(chat, "GET", BLOCKS, "ann")).json == {"user_ids": []}
        for name in ("bob", "cat", "bob"):
            assert (await ask(chat, "PUT", f"{BLOCKS}/id-{name}", "ann")).status == 204
        assert (await ask(chat, "GET", BLOCKS, "ann")).json == {"user_ids": ["id-bob", "id-cat"]}
        assert (await ask(chat, "GET", BLOCKS, "bob")).json == {"user_ids": []}
        assert (await ask(chat, "DELETE", f"{BLOCKS}/id-bob", "ann")).status == 204
        gone = await ask(chat, "DELETE", f"{BLOCKS}/id-bob", "ann")
        assert (gone.status, gone.code) == (404, "not_found")
        assert (await ask(chat, "PUT", f"{BLOCKS}/id-ann", "ann")).code == "invalid_message"
        assert (await ask(chat, "GET", BLOCKS)).status == 401


@pytest.mark.gen_test
async def test_the_frames_of_a_room_stay_equal_for_all():
    async with running_chat() as chat:
        await ask(chat, "PUT", f"{BLOCKS}/id-bob", "ann")
        clients = [await chat.connect("tea", name) for name in ("ann", "cat")]
        for client in clients:
            await client.hear()
        await ask(chat, "POST", "/api/rooms/tea/messages", "bob", {"message": "hello"})
        heard = []
        for client in clients:
            while (frame := await client.hear())["type"] != "chat_message":
                pass
            heard.append(frame)
        assert heard[0] == heard[1]
