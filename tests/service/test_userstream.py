"""The stream of a user: told on every connection for many rooms, and never about what one may not see."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.nodes import until
from tests.stage import Player, Stage, open_stage
from tornchat import Mentions, Unavailable, User
from tornchat.cluster.userevents import TOPIC, Invited, UserEvent, UserEvents

PRINCE = User("prince", "Prince", frozenset({"admin"}))
ROMEO = User("romeo", "Romeo")
JULIET_SEES = {"type": "mention", "room": "hall", "seq": 1, "text": "Juliet!"}


async def hears_nothing(player: Player) -> None:
    """Invite the player into the room that all may see; no other frame of the stream comes before that."""
    while (frame := await player.next())["type"] == "read_moved":
        pass  # of a message that the player has said
    assert frame == {"type": "invited", "room": "square"}, frame


async def hall(verona: Stage, private: bool = False, *members: str) -> None:
    await verona.chat.directory.create_room(PRINCE, "square")
    await verona.chat.directory.create_room(PRINCE, "hall", private=private)
    for member in members:
        await verona.app.hooks.set_member("hall", member, "member", 0, 0)  # of which nobody is told


async def greeted(verona: Stage, name: str) -> Player:
    player = await verona.connects(name)
    assert (await player.next())["type"] == "hello"
    return player


def test_a_mention_is_told_on_all_connections_of_the_user_but_not_to_others(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            await hall(verona)
            devices = [await greeted(verona, "juliet") for _ in range(2)]
            paris, romeo = await greeted(verona, "paris"), await greeted(verona, "romeo")
            await verona.chat.say("hall", "Juliet!", sender=ROMEO, mentions=["juliet", "romeo"])
            sender = {"id": "romeo", "username": "Romeo"}
            for device in devices:
                assert await device.next() == {**JULIET_SEES, "sender": sender}
            verona.chat.user_stream.invited("square", ["paris", "romeo"])
            await hears_nothing(paris)
            await hears_nothing(romeo)

    asyncio.run(play())


def test_nobody_is_told_of_a_private_room_of_which_they_are_no_member(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            await hall(verona, True, "juliet")
            juliet, paris = await greeted(verona, "juliet"), await greeted(verona, "paris")
            await verona.chat.say("hall", "Juliet!", sender=PRINCE, mentions=["juliet", "paris"])
            assert (await juliet.next())["room"] == "hall"
            verona.chat.user_stream.invited("hall", ["juliet", "paris"])
            assert await juliet.next() == {"type": "invited", "room": "hall"}
            verona.chat.user_stream.invited("square", ["paris"])
            await hears_nothing(paris)
            verona.chat.user_stream.removed("hall", ["juliet"])
            assert await juliet.next() == {"type": "removed", "room": "hall"}

    asyncio.run(play())


def test_the_banned_and_who_blocks_the_sender_are_told_nothing(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            await hall(verona)
            juliet, paris = await greeted(verona, "juliet"), await greeted(verona, "paris")
            await verona.chat.blocks.block(User("juliet", "Juliet"), "romeo")
            await verona.chat.moderation.ban(PRINCE, "hall", "paris", 60)
            await verona.chat.say("hall", "Come!", sender=ROMEO, mentions=["juliet", "paris"])
            verona.chat.user_stream.invited("square", ["juliet", "paris"])
            await hears_nothing(juliet)
            await hears_nothing(paris)

    asyncio.run(play())


@pytest.mark.parametrize("held", ["find_blockers", "authorize"])
def test_who_is_removed_while_it_is_looked_up_who_is_told_is_told_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: str
) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            chat = verona.chat
            await hall(verona, True, "romeo", "paris")
            paris = await greeted(verona, "paris")
            asked, go_on = asyncio.Event(), asyncio.Event()
            place, name = (
                (chat.blocks, "blockers") if held == "find_blockers" else (chat._hooks, "authorize_rooms")
            )
            real = getattr(place, name)

            async def slow(*given: Any) -> Any:
                asked.set()
                await go_on.wait()
                return await real(*given)

            monkeypatch.setattr(place, name, slow)
            await chat.say("hall", "the poison is in the cup", sender=ROMEO, mentions=["paris"])
            await asked.wait()
            await verona.app.hooks.remove_member("hall", "paris")
            go_on.set()
            chat.user_stream.invited("square", ["paris"])
            await hears_nothing(paris)

    asyncio.run(play())


def test_everybody_is_who_is_in_the_room_or_watches_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            await hall(verona)
            juliet, nurse, paris = [await greeted(verona, name) for name in ("juliet", "nurse", "paris")]
            await juliet.joins("hall")
            await nurse.asks("watch", id="w", rooms=["hall"])
            await nurse.next_of("ack")
            await verona.chat.say("hall", "All!", sender=PRINCE, mentions=Mentions(room=True))
            assert (await juliet.next_of("mention"))["text"] == "All!"
            assert (await nurse.next_of("mention"))["text"] == "All!"
            await verona.chat.describing.describe(PRINCE, "hall", title="Hall", topic="Balls")
            changed = {"type": "room_changed", "room": "hall", "title": "Hall", "topic": "Balls"}
            assert await juliet.next_of("room_changed") == {**changed, "kind": "open"}
            assert await nurse.next_of("room_changed") == {**changed, "kind": "open"}
            verona.chat.user_stream.invited("square", ["juliet"])
            await hears_nothing(juliet)  # once is enough
            verona.chat.user_stream.invited("square", ["paris"])
            await hears_nothing(paris)

    asyncio.run(play())


def test_events_of_other_nodes_are_checked_and_told_and_nonsense_is_not(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            await hall(verona, True)
            paris, other = await greeted(verona, "paris"), UserEvents("other")
            events: list[UserEvent] = [Invited(room, ("paris",)) for room in ("hall", "no name", "absent")]
            for payload in (*other.write(events), b"nonsense", *other.write([Invited("square", ("paris",))])):
                verona.chat.deliver(TOPIC, payload)
            await hears_nothing(paris)

    asyncio.run(play())


def test_nothing_is_told_while_it_is_not_known_who_may_see_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(people: object) -> Any:
        raise Unavailable("storage is down")

    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            await hall(verona, True, "juliet")
            juliet = await greeted(verona, "juliet")
            with monkeypatch.context() as broken:
                broken.setattr(verona.chat.user_stream._access, "admitted", fails)
                await verona.chat.say("hall", "Juliet!", sender=PRINCE, mentions=["juliet"])
                await until(lambda: not verona.chat.user_stream._telling, 5, "the end of the batch")
            verona.chat.user_stream.invited("square", ["juliet"])
            await hears_nothing(juliet)
            inbox = await verona.chat.mine.inbox(User("juliet", "Juliet"), None, 10)
            assert [(one.room, one.seq) for one in inbox.entries] == [("hall", 1)], "it is in the inbox"

    asyncio.run(play())
