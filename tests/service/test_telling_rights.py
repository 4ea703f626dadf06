"""Nobody learns of a message, a room or a person through what users are told beside the log.

Each standing that may not join a room, against each way to be told of it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient

from tests.stage import Player, Stage, open_stage
from tornchat import Mentions, User, hookimpl

PRINCE = User("prince", "Prince", frozenset({"admin"}))
ROMEO = User("romeo", "Romeo")
TEXT, ROOM = "the poison is in the cup", "tomb"


class Guard:
    """A plugin that lets Paris into no tomb while it is closed."""

    closed = False

    @hookimpl
    def authorize(self, user: User, action: str, room: str) -> bool | None:
        return False if Guard.closed and user.id == "paris" and room == ROOM else None


Shut = Callable[[Stage], Awaitable[None]]


async def removed(verona: Stage) -> None:
    await verona.chat.directory.remove_member(PRINCE, ROOM, "paris")


async def banned(verona: Stage) -> None:
    await verona.chat.moderation.ban(PRINCE, ROOM, "paris", 60)


async def forbidden(verona: Stage) -> None:
    Guard.closed = True


async def told(paris: Player) -> list[dict[str, Any]]:
    """All that Paris was told until the answer to his next request, but for answers and his own removal."""
    await paris.asks("watch", id="last", rooms=[])
    frames = []
    while (frame := await paris.next()) != {"type": "ack", "id": "last"}:
        frames.append(frame)
    return [frame for frame in frames if frame["type"] not in ("error", "closed", "removed")]


async def reads(verona: Stage, path: str) -> str:
    headers = {"Authorization": f"Bearer {verona.token('paris')}"}
    url = f"http://127.0.0.1:{verona.port}{path}"
    return (await AsyncHTTPClient().fetch(url, headers=headers)).body.decode()


@pytest.mark.parametrize("shut", [removed, banned, forbidden])
def test_who_may_not_join_is_told_nothing_in_any_way(tmp_path: Path, shut: Shut) -> None:
    Guard.closed = False

    async def play() -> None:
        settings = {"tornchat": {"plugins": ("jwt", "peewee", "local", "guard")}}
        async with open_stage(tmp_path, settings, {"guard": Guard}) as verona:
            chat = verona.chat
            await chat.directory.create_room(PRINCE, ROOM, private=True)
            for member in ("paris", "romeo"):
                await chat.directory.set_member(PRINCE, ROOM, member, "member")
            paris = await verona.connects("paris")
            await paris.joins(ROOM)
            await paris.says_in(ROOM, "Paris was here", "m1")
            await paris.next_of("ack")
            await paris.asks("leave", id="l", room=ROOM)
            await paris.next_of("ack")
            await paris.asks("watch", id="w", rooms=[ROOM])
            await paris.next_of("room_news")
            await chat.markers.write()
            await asyncio.sleep(0.2)  # until what he may be told has been told
            await told(paris)
            await shut(verona)
            await paris.asks("watch", id="w", rooms=[ROOM])
            while (await paris.next_of("ack"))["id"] != "w":
                pass

            everybody = Mentions(("paris",), True)
            await chat.say(ROOM, TEXT, sender=ROMEO, mentions=everybody)
            chat.user_stream.invited(ROOM, ["paris"])
            chat.user_stream.room_changed(ROOM, ROOM, TEXT, "private")
            romeo = await verona.enters("romeo", ROOM, v1=True)
            await romeo.next_of("caught_up")
            await romeo.asks("typing")
            await romeo.next_of("typing")
            await romeo.asks("read", seq=1)
            await chat.markers.write()
            await chat.watching.tell()
            await asyncio.sleep(0.3)  # a batch, and the look at the rights
            for frame in (
                {"kind": "read", "seq": 1},
                {"kind": "read", "seq": 1, "force": True},
                {"kind": "typing"},
                {"kind": "join", "id": "j"},
            ):
                await paris.asks(room=ROOM, **frame)
            for found in (json.dumps(await told(paris)), await reads(verona, "/api/me/inbox")):
                assert TEXT not in found
                assert ROOM not in found
            assert ROOM not in await reads(verona, "/api/me/rooms")

    try:
        asyncio.run(play())
    finally:
        Guard.closed = False


@pytest.mark.parametrize(
    ("hook", "path"),
    [
        ("read_messages", "messages"),
        ("read_messages", "messages/1"),
        ("search_messages", "search?q=poison"),
        ("read_presence", "users"),
        ("read_members", "members"),
        ("read_marks", "messages/1/marks"),
    ],
)
@pytest.mark.parametrize("replaced", [False, True], ids=["removed", "replaced by a private room"])
def test_who_is_shut_out_while_storage_reads_for_them_is_told_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hook: str, path: str, replaced: bool
) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            chat = verona.chat
            await chat.directory.create_room(PRINCE, ROOM, private=not replaced)
            if not replaced:
                await chat.directory.set_member(PRINCE, ROOM, "paris", "member")
            await says_what_is_secret(verona)
            asked, go_on = asyncio.Event(), asyncio.Event()
            real = getattr(chat._hooks, hook)

            async def slow(*given: Any) -> Any:
                asked.set()
                await go_on.wait()
                return await real(*given)

            with monkeypatch.context() as waiting:
                waiting.setattr(chat._hooks, hook, slow)
                reading = asyncio.create_task(answer(verona, f"/api/rooms/{ROOM}/{path}"))
                await asked.wait()
            if replaced:
                await chat.directory.delete_room(PRINCE, ROOM)
                await chat.directory.create_room(PRINCE, ROOM, private=True)
                await says_what_is_secret(verona)
            else:
                await verona.app.hooks.remove_member(ROOM, "paris")
            go_on.set()
            status, body = await reading
            assert status == 404, body
            assert TEXT not in body

    asyncio.run(play())


@pytest.mark.parametrize("path", ["inbox", "rooms"])
def test_what_is_ones_own_has_nothing_of_a_room_that_one_is_removed_from_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            chat = verona.chat
            await chat.directory.create_room(PRINCE, ROOM, private=True)
            await chat.directory.set_member(PRINCE, ROOM, "paris", "member")
            await chat.say(ROOM, TEXT, sender=ROMEO, mentions=["paris"])
            assert ROOM in await reads(verona, f"/api/me/{path}")
            asked, go_on = asyncio.Event(), asyncio.Event()
            real = chat._hooks.authorize_rooms

            async def slow(*given: Any) -> Any:
                asked.set()
                await go_on.wait()
                return await real(*given)

            monkeypatch.setattr(chat._hooks, "authorize_rooms", slow)
            reading = asyncio.create_task(reads(verona, f"/api/me/{path}"))
            await asked.wait()
            await verona.app.hooks.remove_member(ROOM, "paris")
            go_on.set()
            assert ROOM not in await reading

    asyncio.run(play())


async def says_what_is_secret(verona: Stage) -> None:
    await verona.chat.say(ROOM, TEXT, sender=ROMEO)
    await verona.chat.mark(ROOM, 1, "reaction", ["x"], by=PRINCE)


async def answer(verona: Stage, path: str) -> tuple[int, str]:
    """The status and the body of what Paris is answered."""
    headers = {"Authorization": f"Bearer {verona.token('paris')}"}
    url = f"http://127.0.0.1:{verona.port}{path}"
    found = await AsyncHTTPClient().fetch(url, headers=headers, raise_error=False)
    return found.code, found.body.decode()


def test_a_stranger_can_not_make_anything_happen_in_a_room(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            await verona.chat.directory.create_room(PRINCE, ROOM, private=True)
            await verona.chat.directory.set_member(PRINCE, ROOM, "romeo", "member")
            romeo = await verona.enters("romeo", ROOM, v1=True)
            await romeo.next_of("caught_up")
            paris = await verona.connects("paris")
            for frame in ({"kind": "read", "seq": 0, "force": True}, {"kind": "typing"}):
                await paris.asks(room=ROOM, id="x", **frame)
                error = await paris.next_of("error")
                assert error["code"] == "not_joined"
            await paris.asks("join", id="j", room=ROOM)
            assert (await paris.next_of("closed"))["code"] == 4000
            await romeo.asks("ping")
            assert (await romeo.next_of("pong")) == {"type": "pong"}
            assert not verona.chat.markers._pending
            assert await verona.chat._hooks.read_rooms_of("paris", None, 10) == []

    asyncio.run(play())
