"""Typing and receipts: told to members at the head of a small room, on all nodes, and kept nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.nodes import open_nodes
from tests.stage import Player, Stage, open_stage
from tests.valkey import Valkey, valkey
from tornchat import User
from tornchat.cluster.userevents import TOPIC, Typing, UserEvents
from tornchat.wire import signals

PRINCE = User("prince", "Prince", frozenset({"admin"}))
JULIET = {"type": "typing", "user_id": "juliet"}


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as running:
        yield running


async def enters(verona: Stage, name: str, v1: bool = True) -> Player:
    player = await verona.enters(name, "hall", v1=v1)
    await player.next_of("caught_up" if v1 else "user_join")
    return player


async def heard_before(player: Player, text: str) -> list[dict[str, Any]]:
    """The frames about typing that come before this message."""
    found = []
    while (frame := await player.next()).get("message") != text:
        if frame["type"] in ("typing", "read_state"):
            found.append(frame)
    return found


def test_typing_is_shown_at_once_and_at_most_every_three_seconds(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            juliet, romeo = await enters(verona, "juliet"), await enters(verona, "romeo")
            classic = await enters(verona, "paris", v1=False)
            shared = await verona.connects("nurse")
            await shared.joins("hall")
            for thread in (None, 7, None):
                await juliet.asks("typing", **({} if thread is None else {"thread": thread}))
            await juliet.says("said", "m1")
            assert await heard_before(romeo, "said") == [JULIET]
            assert await heard_before(classic, "said") == []
            assert (await heard_before(shared, "said")) == [
                {"type": "typing", "room": "hall", "user_id": "juliet"}
            ]
            verona.chat._signals._typed.clear()  # three seconds later
            await juliet.asks("typing", thread=1)
            await juliet.says("more", "m2")
            assert await heard_before(romeo, "more") == [{**JULIET, "thread": 1}]

    asyncio.run(play())


def test_a_thousand_signals_are_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            juliet, romeo = await enters(verona, "juliet"), await enters(verona, "romeo")
            for _ in range(1000):
                await juliet.asks("typing")
            await juliet.says("said", "m1")
            assert await heard_before(romeo, "said") == [JULIET]

    asyncio.run(play())


@pytest.mark.parametrize("limit", [0, 1])
def test_in_rooms_above_the_limit_nothing_is_shown(tmp_path: Path, limit: int) -> None:
    async def play() -> None:
        async with open_stage(tmp_path, {"rooms": {"typing_limit": limit}}) as verona:
            juliet, romeo = await enters(verona, "juliet"), await enters(verona, "romeo")
            await juliet.asks("typing")
            await juliet.says("said", "m1")
            assert await heard_before(romeo, "said") == []

    asyncio.run(play())


def test_the_muted_and_bad_frames_show_nothing(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            juliet, romeo = await enters(verona, "juliet"), await enters(verona, "romeo")
            await verona.chat.moderation.mute(PRINCE, "hall", "juliet", 60)
            await juliet.asks("typing")
            for bad in ({"thread": -1}, {"thread": "x"}, {"thread": 2**53}):
                await romeo.asks("typing", id="t", **bad)
                error = await romeo.next_of("error")
                assert (error["code"], error["id"]) == ("invalid_message", "t")
            await romeo.says("said", "m1")
            assert await heard_before(romeo, "said") == []

    asyncio.run(play())


def test_typing_in_a_room_of_a_hundred_is_one_encoding_and_a_write_per_member(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[object] = []
    framed = signals.framed

    def counted(told: Any) -> bytes:
        encoded.append(told)
        return framed(told)

    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            players = [await enters(verona, f"user{number}") for number in range(100)]
            room = verona.chat.rooms.get("hall")
            await asyncio.sleep(0)
            offsets, sent = [stream.head for stream in room.streams.values()], verona.chat.counts.sent_bytes
            monkeypatch.setattr(signals, "framed", counted)
            await players[0].asks("typing")
            for player in players:
                assert (await player.next_of("typing"))["user_id"] == "user0"
            assert len(encoded) == 1
            frame = len(framed(encoded[0]))  # type: ignore[arg-type]
            assert verona.chat.counts.sent_bytes - sent == 100 * frame, "one write of this frame per member"
            assert [stream.head for stream in room.streams.values()] == offsets, "it has no place in a stream"

    asyncio.run(play())


def test_typing_is_shown_on_all_nodes_to_those_in_the_room(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with open_nodes(2, server, tmp_path) as (verona, mantua):
            juliet, romeo = await enters(verona, "juliet"), await enters(mantua, "romeo")
            outside = await mantua.connects("paris")
            await outside.next_of("hello")
            await juliet.next_of("user_join")
            await juliet.asks("typing")
            assert await romeo.next_of("typing") == JULIET
            await outside.asks("watch", id="w", rooms=[])
            assert (await outside.next())["type"] == "ack", "who is not in the room is told nothing"

    asyncio.run(play())


def test_a_forged_signal_of_somebody_who_is_not_there_is_not_shown(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await enters(verona, "romeo")
            [payload] = UserEvents("other").write([Typing("hall", user) for user in ("paris", "romeo")])
            verona.chat.deliver(TOPIC, payload)
            assert (await romeo.next_of("typing"))["user_id"] == "romeo"

    asyncio.run(play())


def test_receipts_are_told_in_small_rooms_only_and_not_by_default(tmp_path: Path) -> None:
    async def play(limit: int) -> list[dict[str, Any]]:
        async with open_stage(tmp_path / str(limit), {"rooms": {"receipts_limit": limit}}) as verona:
            juliet, romeo = await enters(verona, "juliet"), await enters(verona, "romeo")
            await romeo.says("first", "m1")
            await juliet.next_of("chat_message")
            for _ in range(3):
                await juliet.asks("read", seq=1)
            await juliet.next_of("read_moved")
            verona.chat._signals.tell()
            verona.chat._signals.tell()
            await juliet.says("last", "m2")
            return [frame for frame in await heard_before(romeo, "last") if frame["user_id"] == "juliet"]

    assert asyncio.run(play(2)) == [{"type": "read_state", "user_id": "juliet", "seq": 1}]
    assert asyncio.run(play(1)) == asyncio.run(play(0)) == []
