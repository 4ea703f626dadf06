"""Messages of blocked users are not returned, and whom a user blocks is read from the server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.client.play import address
from tests.service.test_directory import JULIET, ROMEO, TYBALT
from tests.stage import open_stage
from tornchat.client import Message, NotConnected, connect, read_blocks


def test_the_messages_of_blocked_users_are_not_returned(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            url, token = address(stage), stage.token("romeo")
            await stage.chat.blocks.block(ROMEO, "tybalt")
            assert await read_blocks(url, token) == {"tybalt"}
            assert await read_blocks(url, stage.token("juliet")) == frozenset()
            room = url.rstrip("/").rpartition("/")[2]
            async with connect(url, token, blocked=await read_blocks(url, token)) as chat:
                for sender, text in ((TYBALT, "rude"), (JULIET, "nice"), (TYBALT, "ruder"), (JULIET, "end")):
                    await stage.chat.say(room, text, sender=sender)
                heard: list[str] = []
                async for event in chat:
                    if isinstance(event, Message):
                        heard.append(event.text)
                        if event.text == "nice":
                            chat.blocked.clear()
                        if event.text == "end":
                            break
                assert heard == ["nice", "ruder", "end"]

    asyncio.run(play())


def test_who_may_not_read_the_list_is_told(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            with pytest.raises(NotConnected, match="401"):
                await read_blocks(address(stage), stage.token("romeo", lifetime=-600))
            url = address(stage)
        with pytest.raises(NotConnected, match="could not be read"):
            await read_blocks(url, "a token")

    asyncio.run(play())
