"""Markers: what users have read, on all their devices and nodes, and after a kill."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.nodes import open_nodes, until
from tests.stage import Player, Process, Stage, open_stage, serving
from tests.valkey import Valkey, valkey
from tornchat import Unavailable, User

PRINCE = User("prince", "Prince", frozenset({"admin"}))


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as running:
        yield running


async def speaks(verona: Stage, count: int, room: str = "hall") -> None:
    for number in range(count):
        await verona.chat.say(room, str(number), sender=PRINCE)


async def enters(verona: Stage, name: str, room: str = "hall") -> tuple[Player, dict[str, Any]]:
    player = await verona.enters(name, room, v1=True)
    welcome = await player.next_of("welcome")
    await player.next_of("caught_up")
    return player, welcome


async def unread(verona: Stage, name: str, room: str = "hall") -> tuple[int, int]:
    """What a new session is told; it leaves again."""
    player, welcome = await enters(verona, name, room)
    await player.leaves()
    return welcome["read_seq"], welcome["unread"]


def test_a_marker_is_told_at_the_next_welcome_and_never_goes_back_unless_forced(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            await verona.chat.directory.create_room(PRINCE, "hall")
            await speaks(verona, 5)
            juliet, welcome = await enters(verona, "juliet")
            assert (welcome["read_seq"], welcome["unread"]) == (0, 5)
            for asked, wanted in (
                ({"seq": 3}, (3, 2)),
                ({"seq": 1}, (3, 2)),
                ({"seq": 2, "force": True}, (2, 3)),
                ({"seq": 4}, (4, 1)),
            ):
                await juliet.asks("read", **asked)
                await juliet.asks("read", seq=99, id="late")
                assert (await juliet.next_of("error"))["id"] == "late", "what came before it is done"
                assert await unread(verona, "juliet") == wanted

    asyncio.run(play())


def test_sending_moves_the_senders_marker_and_nobody_elses(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo, _ = await enters(verona, "romeo")
            await romeo.says("one", "m1")
            await romeo.next_of("ack")
            assert await unread(verona, "romeo") == (1, 0)
            assert await unread(verona, "juliet") == (0, 1)
            await verona.chat.say("hall", "two", sender=User("juliet", "Juliet"))
            assert await unread(verona, "juliet") == (2, 0)

    asyncio.run(play())


def test_bad_markers_are_refused_and_change_nothing(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            await verona.chat.directory.create_room(PRINCE, "hall")
            await speaks(verona, 2)
            juliet, welcome = await enters(verona, "juliet")
            for fields in (
                {"seq": 3},
                {"seq": -1},
                {"seq": 2**53},
                {"seq": 1.5},
                {"seq": "1"},
                {"seq": 1, "epoch": "another"},
                {"seq": 1, "force": "yes"},
                {},
            ):
                await juliet.asks("read", id="r", **fields)
                error = await juliet.next_of("error")
                assert (error["code"], error["id"]) == ("invalid_message", "r"), fields
            await juliet.asks("read", seq=1, epoch=welcome["epoch"])
            await juliet.asks("ping")
            await juliet.next_of("pong")
            assert await unread(verona, "juliet") == (1, 1)
            shared = await verona.connects("juliet")
            for frame, code in (
                ({"type": "read", "seq": 1, "room": "hall"}, "not_joined"),
                ({"type": "read", "seq": 1}, "invalid_message"),
            ):
                await shared.asks(**{"kind": frame.pop("type"), **frame})
                assert (await shared.next_of("error"))["code"] == code

    asyncio.run(play())


def test_the_devices_of_a_user_agree_whatever_connections_they_have(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            await verona.chat.directory.create_room(PRINCE, "hall")
            await speaks(verona, 5)
            single, _ = await enters(verona, "juliet")
            inside, outside = await verona.connects("juliet"), await verona.connects("juliet")
            await inside.joins("hall")
            await outside.next_of("hello")
            nurse = await verona.connects("nurse")
            await nurse.joins("hall")
            moved = {"type": "read_moved", "room": "hall", "seq": 4}
            await inside.asks("read", room="hall", seq=4)
            for device in (single, inside, outside):
                assert await device.next_of("read_moved") == moved
            await single.asks("read", seq=2, force=True)
            for device in (single, inside, outside):
                assert (await device.next_of("read_moved"))["seq"] == 2
            await nurse.asks("leave", id="l", room="hall")
            while (frame := await nurse.next())["type"] != "ack":
                assert frame["type"] != "read_moved", "others are told nothing"

    asyncio.run(play())


def test_two_nodes_agree_within_a_second_and_a_lost_hint_is_repaired(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with open_nodes(2, server, tmp_path) as (verona, mantua):
            await verona.chat.directory.create_room(PRINCE, "hall")
            await speaks(verona, 5)
            here, _ = await enters(verona, "juliet")
            there, _ = await enters(mantua, "juliet")
            began = time.monotonic()
            await here.asks("read", seq=4)
            assert (await there.next_of("read_moved"))["seq"] == 4
            took = time.monotonic() - began
            print(f"\nthe other node is told after {took * 1000:.0f} ms")
            assert took < 1
            mantua.chat.user_stream.take = lambda payload: None  # every hint is lost
            await here.asks("read", seq=1, force=True)
            assert (await here.next_of("read_moved"))["seq"] == 4
            assert (await here.next_of("read_moved"))["seq"] == 1
            await there.asks("read", seq=5)  # of the generation before: smaller
            assert (await there.next_of("read_moved"))["seq"] == 5
            assert (await there.next_of("read_moved"))["seq"] == 1, "what stands in storage is told"
            await there.asks("read", seq=3)
            assert (await here.next_of("read_moved"))["seq"] in (1, 3)
            await there.leaves()
            left = await unread(mantua, "juliet")
            assert left == (3, 2), left

    asyncio.run(play())


@pytest.mark.long
def test_markers_are_written_behind_and_kept_while_storage_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            await verona.chat.directory.create_room(PRINCE, "hall")
            await speaks(verona, 5)
            juliet, _ = await enters(verona, "juliet")
            calls: list[int] = []
            stores = verona.chat._hooks.store_markers

            async def fails(markers: Any) -> Any:
                calls.append(len(markers))
                raise Unavailable("storage is down")

            with monkeypatch.context() as broken:
                broken.setattr(verona.chat._hooks, "store_markers", fails)
                for seq in (1, 2, 3):
                    await juliet.asks("read", seq=seq)
                await until(lambda: len(calls) > 1, 5, "a second attempt")
                assert max(calls[-2:]) <= 2, "one marker of Juliet's, perhaps one of the Prince's"
            assert verona.chat._hooks.store_markers is stores
            await until(lambda: not verona.chat.markers._pending, 5, "the end of the failure")
            assert await unread(verona, "juliet") == (3, 2)

    asyncio.run(play())


@pytest.mark.parametrize("rest", [1.3])
@pytest.mark.long
def test_a_marker_outlives_a_kill_a_second_after_it_was_set(tmp_path: Path, rest: float) -> None:
    async def before(server: Process) -> None:
        verona = server.stage
        romeo, _ = await enters(verona, "romeo")
        for number in range(4):
            await romeo.says(str(number), f"m{number}")
            await romeo.next_of("ack")
        juliet, _ = await enters(verona, "juliet")
        await juliet.asks("read", seq=3)
        await juliet.next_of("read_moved")
        await asyncio.sleep(rest)  # the second for which markers may be lost
        server.kill()
        await verona.clear()

    async def after(server: Process) -> None:
        assert await unread(server.stage, "juliet") == (3, 1)
        assert await unread(server.stage, "romeo") == (4, 0)

    with serving(tmp_path / "data") as server:
        asyncio.run(before(server))
    with serving(tmp_path / "data") as server:
        asyncio.run(after(server))


def test_markers_of_many_who_join_at_once_are_read_in_few_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            calls: list[int] = []
            reads = verona.chat._hooks.read_markers

            async def counted(wanted: Any) -> Any:
                calls.append(sum(map(len, wanted.values())))
                return await reads(wanted)

            monkeypatch.setattr(verona.chat._hooks, "read_markers", counted)
            asked = [verona.chat.markers.ask("hall", f"user{number}") for number in range(100)]
            assert [await one for one in asked] == [None] * 100, "there is no such room"
            assert calls == [100]

    asyncio.run(play())


def test_a_storage_without_markers_is_told_and_nothing_else_changes(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            verona.chat.markers.kept = verona.chat.markers._states._kept = False
            juliet = await verona.enters("juliet", "hall", v1=True)
            welcome = await juliet.next_of("welcome")
            assert not {"read_seq", "unread"} & welcome.keys()
            await juliet.says("hello", "m1")
            await juliet.next_of("ack")
            await juliet.asks("read", seq=1, id="r")
            error = await juliet.next_of("error")
            assert (error["code"], error["id"]) == ("unsupported", "r")
            assert not verona.chat.markers._pending

    asyncio.run(play())


def test_a_room_is_entered_while_markers_can_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(wanted: Any) -> Any:
        raise Unavailable("storage is down")

    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            monkeypatch.setattr(verona.chat._hooks, "read_markers", fails)
            juliet = await verona.enters("juliet", "hall", v1=True)
            assert "unread" not in await juliet.next_of("welcome")
            await juliet.says("hello", "m1")
            await juliet.next_of("ack")
            await juliet.asks("read", seq=0, force=True, id="r")
            assert (await juliet.next_of("error"))["code"] == "unavailable"

    asyncio.run(play())
