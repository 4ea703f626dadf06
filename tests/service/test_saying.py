"""What code in the process says beyond a text: threads, replies, mentions and meta."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.stage import open_stage
from tornchat import ChatError, Mentions, User

ANN, BOB = User("ann", "ann"), User("bob", "bob")


def test_it_says_what_a_client_can(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            say = stage.app.say
            await stage.chat.create_room("tea", by=ANN)
            bob = await stage.enters("bob", "tea", v1=True)
            root = (await say("tea", "a question", sender=ANN)).entry.seq
            meta = {"level": 3, "tags": ["x"]}
            more: dict[str, Any] = {
                "thread": root,
                "reply_to": root,
                "mentions": ["bob", "bob"],
                "meta": meta,
            }
            first = await say("tea", "an answer", sender=ANN, id="a1", **more)
            again = await say("tea", "an answer", sender=ANN, id="a1", **more)
            assert (again.repeated, again.entry.seq) == (True, first.entry.seq)
            await bob.next_of("chat_message")
            frame = await bob.next_of("chat_message")
            assert (frame["thread"], frame["reply_to"], frame["meta"]) == (root, root, meta)
            assert frame["mentions"]["users"] == ["bob"]
            everybody = await say("tea", "all", sender=ANN, mentions=Mentions(room=True))
            assert everybody.entry.more is not None
            for wrong, code in (
                ({"reply_to": 99}, "not_found"),
                ({"thread": 0}, "invalid_message"),
                ({"thread": 2**60}, "invalid_message"),
                ({"mentions": [7]}, "invalid_message"),
                ({"mentions": ["u"] + [str(n) for n in range(60)]}, "invalid_message"),
                ({"mentions": ["\ud800"]}, "invalid_message"),
                ({"meta": {"x": object()}}, "invalid_message"),
                ({"meta": {"x": "y" * 9000}}, "invalid_message"),
                ({"meta": ["no object"]}, "invalid_message"),
            ):
                with pytest.raises(ChatError) as error:
                    await say("tea", "hm", sender=ANN, **wrong)
                assert error.value.code == code, wrong
            assert (await stage.chat.history("tea")).head_seq == everybody.entry.seq

    asyncio.run(play())
