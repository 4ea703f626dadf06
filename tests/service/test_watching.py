"""Watching: the heads of rooms are told without joining them, and only to those who may see the rooms."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.nodes import until
from tests.stage import Player, Stage, open_stage
from tornchat import Unavailable, User, hookimpl
from tornchat.cluster.control import TOPIC, Control
from tornchat.cluster.heads import Head, Heads

PRINCE = User("prince", "Prince", frozenset({"admin"}))


async def watches(player: Player, *rooms: str) -> Mapping[str, int]:
    """Watch these rooms; the heads that are told at once."""
    await player.asks("watch", id="w", rooms=rooms)
    assert await player.next_of("ack") == {"type": "ack", "id": "w"}
    return await news(player) if rooms else {}


async def news(player: Player) -> Mapping[str, int]:
    frame = await player.next_of("room_news")
    return {room: seq for room, _, seq, _ in frame["rooms"]}


async def hears_nothing(verona: Stage, player: Player) -> None:
    """Tell the news, then ask for something: no frame but hints on memberships comes before the answer."""
    await verona.chat.watching.tell()
    await player.asks("watch", id="last", rooms=[])
    while (frame := await player.next())["type"] in ("invited", "removed"):
        pass
    assert frame == {"type": "ack", "id": "last"}, frame


async def say(verona: Stage, room: str) -> None:
    await verona.chat.say(room, "news", sender=PRINCE)


def test_the_heads_are_told_at_once_and_then_with_each_news(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            for room in ("a", "b", "c"):
                await verona.chat.directory.create_room(PRINCE, room)
            await say(verona, "a")
            juliet = await verona.connects("juliet")
            assert await watches(juliet, "a", "b", "not there", "bad/name") == {"a": 1, "b": 0}
            assert verona.chat.rooms.get("a") is None, "watching loads no room"
            for room in ("b", "b", "c"):
                await say(verona, room)
            assert await news(juliet) == {"b": 2}
            await watches(juliet)
            await say(verona, "a")
            await hears_nothing(verona, juliet)

    asyncio.run(play())


def test_private_rooms_are_told_to_members_only_and_no_more_after_the_membership(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            await verona.chat.directory.create_room(PRINCE, "secret", private=True)
            await verona.chat.directory.create_room(PRINCE, "public")
            await verona.chat.directory.set_member(PRINCE, "secret", "juliet", "member")
            juliet, romeo = await verona.connects("juliet"), await verona.connects("romeo")
            assert await watches(juliet, "secret", "public") == {"secret": 0, "public": 0}
            assert await watches(romeo, "secret", "public") == {"public": 0}
            await say(verona, "secret")
            assert await news(juliet) == {"secret": 1}
            await verona.chat.directory.remove_member(PRINCE, "secret", "juliet")
            await say(verona, "secret")
            await hears_nothing(verona, juliet)
            await hears_nothing(verona, romeo)

    asyncio.run(play())


def test_a_banned_user_hears_no_more(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            await verona.chat.directory.create_room(PRINCE, "hall")
            juliet = await verona.connects("juliet")
            assert await watches(juliet, "hall") == {"hall": 0}
            await verona.chat.moderation.ban(PRINCE, "hall", "juliet", 60)
            await say(verona, "hall")
            await hears_nothing(verona, juliet)

    asyncio.run(play())


def test_nothing_is_told_while_it_is_not_known_who_may_see_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            await verona.chat.directory.create_room(PRINCE, "secret", private=True)
            await verona.chat.directory.set_member(PRINCE, "secret", "juliet", "member")
            juliet = await verona.connects("juliet")
            await watches(juliet, "secret")

            async def fails(*_: object) -> Any:
                raise Unavailable("storage is down")

            with monkeypatch.context() as broken:
                broken.setattr(verona.chat.watching._access, "hidden", fails)
                await say(verona, "secret")
                await verona.chat.watching.tell()
                assert not juliet.socket.recv_messages.frames
            assert await news(juliet) == {"secret": 1}

    asyncio.run(play())


def test_the_heads_of_other_nodes_are_read_from_storage_and_old_ones_are_not(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            room = await verona.chat.directory.create_room(PRINCE, "hall")
            await say(verona, "hall")
            juliet = await verona.connects("juliet")
            assert await watches(juliet, "hall") == {"hall": 1}
            for _ in range(4):
                await say(verona, "hall")
            verona.chat.watching._committed.clear()  # as if another node had stored them
            for seq in (1, 5, 4):
                other_node_tells(verona, "hall", Head(room.epoch, seq, seq))
            assert await news(juliet) == {"hall": 5}
            other_node_tells(verona, "hall", Head(room.epoch, 5, 5))
            await hears_nothing(verona, juliet)

    asyncio.run(play())


@pytest.mark.parametrize("epoch", ["same", "another"])
def test_a_forged_head_is_told_to_nobody_and_hides_nothing(tmp_path: Path, epoch: str) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            room = await verona.chat.directory.create_room(PRINCE, "hall")
            await say(verona, "hall")
            juliet = await verona.connects("juliet")
            assert await watches(juliet, "hall") == {"hall": 1}
            forged = room.epoch if epoch == "same" else "forged"
            other_node_tells(verona, "hall", Head(forged, 2**62, 2**62))
            await verona.chat.watching.tell()
            await say(verona, "hall")
            assert await news(juliet) == {"hall": 2}

    asyncio.run(play())


def other_node_tells(verona: Stage, room: str, head: Head) -> None:
    [payload] = Heads("other").write({room: head, "elsewhere": Head("e", 9)})
    verona.chat.deliver(TOPIC, payload)


class Fickle:
    """Lets everybody into the hall until its mind changes."""

    forbidden = False
    broken = False

    @hookimpl
    async def authorize(self, user: User, action: str, room: str) -> bool | None:
        if self.broken:
            raise OSError("the directory does not answer")
        return False if self.forbidden and user.id == "juliet" and room == "hall" else None


@asynccontextmanager
async def stage_with(plugin: type[Fickle], data_dir: Path) -> AsyncIterator[Stage]:
    plugins = {"tornchat": {"plugins": ("jwt", "peewee", "local", "fickle")}}
    async with open_stage(data_dir, plugins, {"fickle": plugin}) as stage:
        yield stage


def test_a_room_that_a_plugin_forbids_later_is_watched_no_more_after_a_comparison(tmp_path: Path) -> None:
    async def play() -> None:
        class Plugin(Fickle):
            pass

        async with stage_with(Plugin, tmp_path) as verona:
            for room in ("hall", "garden"):
                await verona.chat.directory.create_room(PRINCE, room)
            juliet, romeo = await verona.connects("juliet"), await verona.connects("romeo")
            for player in (juliet, romeo):
                assert await watches(player, "hall", "garden") == {"hall": 0, "garden": 0}
            Plugin.forbidden = True
            await verona.chat.watching.compare()
            await say(verona, "hall")
            await say(verona, "garden")
            assert await news(juliet) == {"garden": 1}
            assert await news(romeo) == {"hall": 1, "garden": 1}
            await say(verona, "hall")
            await hears_nothing(verona, juliet)

    asyncio.run(play())


def test_nothing_is_told_while_a_plugin_can_not_say_who_may_see_it(tmp_path: Path) -> None:
    async def play() -> None:
        class Plugin(Fickle):
            pass

        async with stage_with(Plugin, tmp_path) as verona:
            await verona.chat.directory.create_room(PRINCE, "hall")
            juliet = await verona.connects("juliet")
            assert await watches(juliet, "hall") == {"hall": 0}
            Plugin.broken = True
            await verona.chat.watching.compare()
            await say(verona, "hall")
            await verona.chat.watching.tell()
            assert not juliet.socket.recv_messages.frames
            Plugin.broken = False
            assert await news(juliet) == {"hall": 1}

    asyncio.run(play())


@pytest.mark.parametrize("loaded", [False, True], ids=["not loaded", "loaded"])
def test_the_number_counts_messages_and_not_what_acts_on_them(tmp_path: Path, loaded: bool) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            room = await verona.chat.directory.create_room(PRINCE, "hall")
            await act(verona)
            juliet = await verona.connects("juliet")
            if loaded:
                await verona.enters("romeo", "hall", v1=True)
            await juliet.asks("watch", id="w", rooms=["hall"])
            assert (await juliet.next_of("room_news"))["rooms"] == [["hall", room.epoch, 5, 2]]
            await act(verona)
            assert (await juliet.next_of("room_news"))["rooms"] == [["hall", room.epoch, 10, 4]]

    asyncio.run(play())


async def act(verona: Stage) -> None:
    """Two messages, an edit, a mark and a deletion."""
    first = await verona.chat.say("hall", "one", sender=PRINCE)
    second = await verona.chat.say("hall", "two", sender=PRINCE)
    await verona.chat.edit("hall", first.entry.seq, "uno", by=PRINCE)
    await verona.chat.mark("hall", first.entry.seq, "reaction", ["x"], by=PRINCE)
    await verona.chat.delete("hall", second.entry.seq, by=PRINCE)


def test_a_node_that_does_not_know_the_number_has_it_read(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            room = await verona.chat.directory.create_room(PRINCE, "hall")
            juliet = await verona.connects("juliet")
            assert await watches(juliet, "hall") == {"hall": 0}
            await act(verona)
            verona.chat.watching._committed.clear()
            other_node_tells(verona, "hall", Head(room.epoch, 4))
            assert (await juliet.next_of("room_news"))["rooms"] == [["hall", room.epoch, 5, 2]]

    asyncio.run(play())


def test_lost_hints_are_found_in_storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            await verona.chat.directory.create_room(PRINCE, "hall")
            juliet = await verona.connects("juliet")
            await watches(juliet, "hall")
            await say(verona, "hall")
            verona.chat.watching._committed.clear()
            await verona.chat.watching.compare()
            assert await news(juliet) == {"hall": 1}

    asyncio.run(play())


def test_more_rooms_than_allowed_and_bad_sets_are_refused(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path, {"limits": {"watched_rooms": 3}}) as verona:
            juliet = await verona.connects("juliet")
            for rooms, code in (
                (["a"] * 4, "room_limit"),
                ([1], "invalid_message"),
                ("a", "invalid_message"),
            ):
                await juliet.asks("watch", id="w", rooms=rooms)
                error = await juliet.next_of("error")
                assert (error["code"], error["id"]) == (code, "w")

    asyncio.run(play())


def test_nothing_is_kept_of_a_watcher_who_left(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            await verona.chat.directory.create_room(PRINCE, "hall")
            juliet = await verona.connects("juliet")
            await watches(juliet, "hall")
            await juliet.leaves()
            await until(lambda: not list(verona.chat.visitors), 5, "the end of the connection")
            assert len(verona.chat.watching) == 0

    asyncio.run(play())


def test_heads_travel_in_parts_and_are_no_control_messages() -> None:
    heads = {f"room{number}": Head("e", number) for number in range(2500)}
    payloads = list(Heads("a").write(heads))
    assert len(payloads) == 3
    read: dict[str, Head] = {}
    for payload in payloads:
        read |= Heads("b").read(payload) or {}
        assert Heads("a").read(payload) == {}
        assert Control("b").read(payload) is None
    assert read == heads
    control = Control("a")
    assert Heads("b").read(control.write(control.make("room", "hall"))) is None
    assert Heads("b").read(json.dumps(["nonsense"]).encode()) is None
