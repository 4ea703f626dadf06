"""Replies, threads, mentions and `meta`, as plays over WebSockets, HTTP and both dialects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.scenarios.test_changes import enters, history, on_stage, says, tells
from tests.stage import Player, Stage

META = {"colour": "red", "parts": [1, 2.5, None, {"deep": True}]}


async def sends(player: Player, client_id: str, message: str = "text", **more: object) -> dict[str, Any]:
    """Send a message and return its answer, an acknowledgement or an error."""
    await tells(player, type="send", id=client_id, message=message, **more)
    while (answer := await player.next())["type"] not in ("ack", "error"):
        pass
    return answer


def said(frames: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """What the messages of a history say beyond who sent them when."""
    plain = ("type", "sender_id", "sender_username", "timestamp", "seq")
    messages = [frame for frame in frames if frame["type"] == "chat_message"]
    return {one["seq"]: {key: one[key] for key in one if key not in plain} for one in messages}


def test_a_reply_in_a_thread_is_told_and_kept_and_counted(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await enters(verona, "juliet")
        await says(romeo, "root")
        mentions = {"users": ["juliet", "paris"], "room": False}
        answer = await sends(romeo, "s1", reply_to=1, thread=1, mentions=mentions, meta=META)
        assert answer == {"type": "ack", "id": "s1", "seq": 2}
        await sends(romeo, "s2", "plain in the thread", thread=1)
        reply = {"message": "text", "reply_to": 1, "thread": 1, "mentions": mentions, "meta": META}
        live = [await juliet.next_of("chat_message") for _ in range(3)]
        assert said(live) == {
            1: {"message": "root"},
            2: reply,
            3: {"message": "plain in the thread", "thread": 1},
        }
        root = {"message": "root", "replies": {"count": 2, "last_seq": 3}}
        for player in (await enters(verona, "paris"), await enters(verona, "nurse", 0, romeo.epoch)):
            assert said(await history(player)) == {**said(live), 1: root}

    on_stage(tmp_path, play)
