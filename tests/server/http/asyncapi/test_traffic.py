"""Real traffic, both ways and in both dialects, is what the document says, and every kind of it comes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient

from tests.server.http.asyncapi.contract import document, kind, messages
from tests.stage import Player, Stage, open_stage
from tornchat import User

PRINCE = User("prince", "Prince", frozenset({"admin"}))
ROMEO = User("romeo", "Romeo")


class Tape:
    """A player, and all that it sent and received."""

    def __init__(self, player: Player, v1: bool) -> None:
        self._player = player
        self._v1 = v1
        self.sent: list[dict[str, Any]] = []
        self.received: list[dict[str, Any]] = []

    async def says(self, text: str) -> None:
        frame = (
            {"type": "send", "id": f"id-{len(self.sent)}", "message": text} if self._v1 else {"message": text}
        )
        await self.tells(**frame)

    async def tells(self, **frame: Any) -> None:
        self.sent.append(frame)
        await self._player.socket.send(json.dumps(frame))

    async def pings(self) -> None:
        """Ask whether the server is there, which only v1 can."""
        self.sent.append({"type": "ping"})
        await self._player.socket.send(json.dumps(self.sent[-1]))
        await self.hears("pong")

    async def asks(self, frame: dict[str, Any]) -> None:
        self.sent.append(frame)
        await self._player.socket.send(json.dumps(frame))

    async def hears(self, wanted: str) -> dict[str, Any]:
        """Listen until such a frame comes."""
        while True:
            frame = await self._player.next()
            self.received.append(frame)
            if frame.get("type", "error") == wanted:
                return frame

    async def leaves(self) -> None:
        await self._player.leaves()


async def delete(verona: Stage, user: str, seq: int) -> None:
    url = f"http://127.0.0.1:{verona.port}/api/rooms/hall/messages/{seq}"
    headers = {"Authorization": f"Bearer {verona.token(user)}"}
    await AsyncHTTPClient().fetch(url, method="DELETE", headers=headers)


async def play(directory: Path, v1: bool) -> list[Tape]:
    """Two who come, talk, are muted, take a word back, and go."""
    async with open_stage(directory, {"rooms": {"receipts_limit": 9}}) as verona:
        romeo = Tape(await verona.enters("romeo", "hall", v1=v1), v1)
        await romeo.hears("user_join")
        juliet = Tape(await verona.enters("juliet", "hall", v1=v1), v1)
        await romeo.hears("user_join")
        for text in ("Hello 日本語 <b>", "x", "y"):
            await romeo.says(text)
            await romeo.hears("ack" if v1 else "chat_message")
        if v1:
            await romeo.tells(type="edit", id="e", seq=2, revision=0, message="z")
            await romeo.hears("ack")
            await romeo.tells(type="edit", id="late", seq=2, revision=0, message="z")
            await romeo.hears("error")
            await romeo.tells(type="mark", id="m", kind="reaction", seq=1, tokens=["x"])
            await romeo.hears("ack")
            await romeo.tells(type="revise", id="r", kind="close-poll", seq=1)
            await romeo.hears("error")
            await romeo.tells(type="send", id="o", message="open", open=True)
            seq = (await romeo.hears("ack"))["seq"]
            await romeo.tells(type="append", id="p", seq=seq, offset=4, message="!")
            await romeo.hears("message_appended")
            await romeo.tells(type="close", id="c", seq=seq, status="complete")
            await romeo.hears("message_changed")
            await romeo.tells(type="delete", id="d", seq=3)
            await romeo.hears("ack")
        await verona.chat.moderation.mute(PRINCE, "hall", "romeo", 60)
        await verona.chat.describing.describe(PRINCE, "hall", title="The hall")
        if v1:
            await romeo.hears("room_changed")
            await romeo.asks({"type": "auth", "id": "t", "token": verona.token("romeo")})
            await romeo.hears("auth")
        await romeo.says("muted")
        await romeo.hears("error")
        await delete(verona, "romeo", 1)
        if v1:
            await juliet.hears("message_deleted")
            await romeo.hears("message_deleted")
            await romeo.pings()
            await juliet.tells(type="typing")
            await juliet.hears("typing")
            await juliet.tells(type="read", seq=1)
            await juliet.hears("read_moved")
            await juliet.hears("read_state")
        else:
            for _ in range(3):
                await juliet.hears("chat_message")
        await juliet.leaves()
        await romeo.hears("user_leave")
        late = Tape(await verona.enters("paris", "hall", v1=v1), v1)
        await late.hears("user_join")
        return [romeo, juliet, late]


async def play_in_rooms(directory: Path) -> Tape:
    """Somebody who joins, watches, leaves and does what is refused, on a connection for many rooms."""
    async with open_stage(directory) as verona:
        romeo = Tape(await verona.connects("romeo"), True)
        await romeo.hears("hello")
        asked: list[tuple[str, dict[str, Any]]] = [
            ("closed", {"type": "join", "id": "j", "room": "bad/name", "since": 1, "epoch": "e"}),
            ("error", {"type": "leave", "id": "l", "room": "hall"}),
            ("auth", {"type": "auth", "id": "t", "token": verona.token("romeo")}),
        ]
        for answer, frame in asked:
            await romeo.asks(frame)
            await romeo.hears(answer)
        await verona.chat.directory.create_room(PRINCE, "hall")
        await romeo.asks({"type": "watch", "id": "w", "rooms": ["hall"]})
        await romeo.hears("room_news")
        await verona.chat.say("hall", "Romeo!", sender=PRINCE, mentions=["romeo"])
        await romeo.hears("mention")
        await verona.chat.say("hall", "Here!", sender=ROMEO)
        await romeo.hears("read_moved")
        verona.chat.user_stream.invited("hall", ["romeo"])
        await romeo.hears("invited")
        verona.chat.user_stream.removed("hall", ["romeo"])
        await romeo.hears("removed")
        await verona.chat.describing.describe(PRINCE, "hall", title="Hall")
        await romeo.hears("room_changed")
        return romeo


def test_every_frame_of_a_connection_for_many_rooms_is_as_described(tmp_path: Path) -> None:
    described = document()
    tape = asyncio.run(play_in_rooms(tmp_path))
    sent = [kind(described, "rooms", "receive", frame) for frame in tape.sent]
    received = [kind(described, "rooms", "send", frame) for frame in tape.received]
    assert set(sent) == set(messages(described, "rooms", "receive"))
    assert set(received) == set(messages(described, "rooms", "send"))


@pytest.mark.parametrize("channel", ["classic", "v1"])
def test_every_frame_of_a_session_is_as_described(tmp_path: Path, channel: str) -> None:
    described = document()
    tapes = asyncio.run(play(tmp_path, channel == "v1"))
    sent = [kind(described, channel, "receive", frame) for tape in tapes for frame in tape.sent]
    received = [kind(described, channel, "send", frame) for tape in tapes for frame in tape.received]
    assert set(sent) == set(messages(described, channel, "receive"))
    assert set(received) == set(messages(described, channel, "send"))
    print(f"\n{channel}: {len(sent)} frames sent, {len(received)} received, all as described")
