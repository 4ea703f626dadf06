"""Slow mode: users wait between their messages, moderators don't, and nothing is lost by a refusal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tornchat_peewee import PeeweePlugin

from tests.service.test_directory import JULIET, PRINCE, ROMEO, TYBALT, WATCH, refused
from tests.service.test_removal import two_nodes_without_a_bus
from tests.stage import Player, Stage, open_stage
from tornchat import ChatError, Draft, Refusal, StoreResult, hookimpl
from tornchat.wire import Said


@asynccontextmanager
async def a_slow_hall(place: Path, seconds: int = 600) -> AsyncIterator[Stage]:
    """A room of Juliet's with slow mode, which nobody has entered."""
    async with open_stage(place) as stage:
        await stage.chat.directory.create_room(JULIET, "hall")
        await stage.chat.moderation.set_slow_mode(JULIET, "hall", seconds)
        yield stage


async def answer(player: Player) -> dict[str, Any]:
    """The next ack or error."""
    while (frame := await player.next())["type"] not in ("ack", "error"):
        pass
    return frame


def code(frame: dict[str, Any]) -> object:
    return frame.get("code", "stored")


def test_users_wait_over_a_websocket_over_http_and_in_process(tmp_path: Path) -> None:
    async def play() -> None:
        async with a_slow_hall(tmp_path) as stage:
            romeo = await stage.enters("romeo", "hall", v1=True)
            await romeo.says("first", "1")
            assert code(await answer(romeo)) == "stored"
            await romeo.says("second", "2")
            told = await answer(romeo)
            assert (told["id"], told["code"]) == ("2", "slow_mode")
            assert 590 < told["retry_after"] <= 600
            with pytest.raises(ChatError) as error:
                await stage.chat.posting.post(ROMEO, "hall", Said("third"))
            assert error.value.code == "slow_mode"
            assert 590 < (error.value.retry_after or 0) <= 600
            untrusted = stage.chat.say("hall", "fourth", sender=ROMEO, trusted=False)
            assert await refused(untrusted) == "slow_mode"
            await stage.chat.say("hall", "code of the site may", sender=ROMEO)

    asyncio.run(play())


def test_it_holds_in_a_room_that_nobody_is_in_and_after_a_restart(tmp_path: Path) -> None:
    async def play() -> None:
        async with a_slow_hall(tmp_path) as stage:
            await stage.chat.posting.post(ROMEO, "hall", Said("first"))
            assert await refused(stage.chat.posting.post(ROMEO, "hall", Said("second"))) == "slow_mode"
            await stage.chat.posting.post(TYBALT, "hall", Said("others have their own time"))
        async with open_stage(tmp_path) as stage:
            assert await refused(stage.chat.posting.post(ROMEO, "hall", Said("third"))) == "slow_mode"
            romeo = await stage.enters("romeo", "hall", v1=True)
            await romeo.says("fourth", "4")
            assert code(await answer(romeo)) == "slow_mode"

    asyncio.run(play())


def test_moderators_need_not_wait(tmp_path: Path) -> None:
    async def play() -> None:
        async with a_slow_hall(tmp_path) as stage:
            await stage.chat.directory.set_member(JULIET, "hall", "romeo", "moderator")
            for who in (JULIET, ROMEO, WATCH, PRINCE):
                for text in ("one", "two"):
                    await stage.chat.posting.post(who, "hall", Said(text))

    asyncio.run(play())


def test_a_refused_message_changes_nothing(tmp_path: Path) -> None:
    """No strike, however many there are, no position, and the time to wait goes on as it was."""

    async def play() -> None:
        async with a_slow_hall(tmp_path) as stage:
            romeo = await stage.enters("romeo", "hall", v1=True)
            await romeo.says("first", "1")
            assert (await answer(romeo))["seq"] == 1
            waits = []
            for number in range(40):
                await romeo.says("again", f"n{number}")
                told = await answer(romeo)
                assert code(told) == "slow_mode"
                waits.append(told["retry_after"])
            assert waits == sorted(waits, reverse=True)
            await stage.chat.moderation.set_slow_mode(JULIET, "hall", 0)
            await romeo.says("at last", "last")
            assert (await answer(romeo))["seq"] == 2

    asyncio.run(play())


def test_the_time_passes(tmp_path: Path) -> None:
    async def play() -> None:
        async with a_slow_hall(tmp_path, 1) as stage:
            romeo = await stage.enters("romeo", "hall", v1=True)
            for number in range(2):
                await romeo.says("word", f"{number}")
                while code(told := await answer(romeo)) == "slow_mode":
                    await asyncio.sleep(told["retry_after"])
                    await romeo.says("word", f"{number}")
                assert told["seq"] == number + 1

    asyncio.run(play())


def test_what_is_sent_again_is_acknowledged_and_not_refused(tmp_path: Path) -> None:
    """The first ack may be lost: a refusal would say that the message is not stored."""

    async def play() -> None:
        async with a_slow_hall(tmp_path) as stage:
            romeo = await stage.enters("romeo", "hall", v1=True)
            await romeo.says("first", "1")
            assert (await answer(romeo))["seq"] == 1
            again = await stage.enters("romeo", "hall", v1=True)
            await again.says("first", "1")
            assert (await answer(again))["seq"] == 1
            repeated = await stage.chat.posting.post(ROMEO, "hall", Said("first", "1"))
            assert (repeated.entry.seq, repeated.repeated) == (1, True)
            await again.says("another text", "1")
            assert code(await answer(again)) == "conflict"

    asyncio.run(play())


def test_of_many_at_once_one_is_stored(tmp_path: Path) -> None:
    async def play() -> None:
        async with a_slow_hall(tmp_path) as stage:
            romeo = [await stage.enters("romeo", "hall", v1=True) for _ in range(3)]
            calls = [stage.chat.posting.post(ROMEO, "hall", Said(f"call {n}")) for n in range(3)]
            for number, player in enumerate(romeo):
                await player.says("frame", f"{number}")
            told = await asyncio.gather(*calls, return_exceptions=True)
            codes = [one.code if isinstance(one, ChatError) else "stored" for one in told]
            codes += [code(await answer(player)) for player in romeo]
            assert sorted(map(str, codes)) == ["slow_mode"] * 5 + ["stored"]

    asyncio.run(play())


def test_what_is_sent_again_before_it_is_stored_is_not_refused(tmp_path: Path) -> None:
    """A client that reconnects at once sends it again while storage is still at work with the first."""
    given, go = asyncio.Event(), asyncio.Event()

    class Held(PeeweePlugin):
        @hookimpl
        async def store_messages(self, drafts: Sequence[Draft]) -> Any:
            given.set()
            await go.wait()
            return await super().store_messages(drafts)

    async def play() -> None:
        settings = {"tornchat": {"plugins": "jwt, store, local"}, "store": {"data_dir": str(tmp_path)}}
        async with open_stage(tmp_path, settings, {"store": Held}) as stage:
            await stage.chat.directory.create_room(JULIET, "hall")
            await stage.chat.moderation.set_slow_mode(JULIET, "hall", 600)
            first = asyncio.create_task(stage.chat.posting.post(ROMEO, "hall", Said("first", "1")))
            await given.wait()
            again = asyncio.create_task(stage.chat.posting.post(ROMEO, "hall", Said("first", "1")))
            romeo = await stage.enters("romeo", "hall", v1=True)
            await romeo.says("first", "1")
            await romeo.says("second", "2")
            told = await answer(romeo)
            assert (told["id"], told["code"]) == ("2", "slow_mode")
            go.set()
            assert [(await call).entry.seq for call in (first, again)] == [1, 1]
            assert (await answer(romeo))["seq"] == 1
            assert await refused(stage.chat.posting.post(ROMEO, "hall", Said("third"))) == "slow_mode"

    asyncio.run(play())


class RefusesOnce(PeeweePlugin):
    """A storage that refuses what it is told to refuse."""

    @hookimpl
    def store_messages(self, drafts: Sequence[Draft]) -> Any:
        if all(draft.text != "refuse this" for draft in drafts):
            return super().store_messages(drafts)
        results: list[StoreResult] = [Refusal("rejected") for _ in drafts]
        return results


def test_what_is_not_stored_leaves_the_next_one_free(tmp_path: Path) -> None:
    async def play() -> None:
        settings = {"tornchat": {"plugins": "jwt, store, local"}, "store": {"data_dir": str(tmp_path)}}
        async with open_stage(tmp_path, settings, {"store": RefusesOnce}) as stage:
            await stage.chat.directory.create_room(JULIET, "hall")
            await stage.chat.moderation.set_slow_mode(JULIET, "hall", 600)
            assert await refused(stage.chat.posting.post(ROMEO, "hall", Said("refuse this"))) == "rejected"
            romeo = await stage.enters("romeo", "hall", v1=True)
            await romeo.says("refuse this", "1")
            assert code(await answer(romeo)) == "rejected"
            await romeo.says("a word", "2")
            assert code(await answer(romeo)) == "stored"

    asyncio.run(play())


@pytest.mark.long
def test_every_node_enforces_it_within_five_seconds_without_the_bus(tmp_path: Path) -> None:
    async def play() -> None:
        async with two_nodes_without_a_bus(tmp_path) as (verona, mantua):
            await verona.chat.directory.create_room(JULIET, "hall")
            romeo = await mantua.enters("romeo", "hall", v1=True)
            assert await romeo.next_of("welcome")
            await verona.chat.moderation.set_slow_mode(JULIET, "hall", 600)
            await verona.chat.posting.post(ROMEO, "hall", Said("on the other node"))
            number = 0
            async with asyncio.timeout(5):
                while True:
                    await romeo.says("word", f"{(number := number + 1)}")
                    if code(await answer(romeo)) == "slow_mode":
                        break
                    await asyncio.sleep(0.05)
            await verona.chat.moderation.set_slow_mode(JULIET, "hall", 0)
            async with asyncio.timeout(5):
                while True:
                    await romeo.says("word", f"{(number := number + 1)}")
                    if code(await answer(romeo)) == "stored":
                        return
                    await asyncio.sleep(0.05)

    asyncio.run(play())


@pytest.mark.parametrize("seconds", [-1, 21_601])
def test_seconds_that_no_room_has(tmp_path: Path, seconds: int) -> None:
    async def play() -> None:
        async with a_slow_hall(tmp_path) as stage:
            change = stage.chat.moderation.set_slow_mode(JULIET, "hall", seconds)
            assert await refused(change) == "invalid_message"

    asyncio.run(play())


def test_without_the_storage_nothing_is_accepted(tmp_path: Path) -> None:
    class Away(PeeweePlugin):
        @hookimpl
        async def read_latest_messages(self) -> Any:
            raise OSError("away")

    async def play() -> None:
        settings = {"tornchat": {"plugins": "jwt, store, local"}, "store": {"data_dir": str(tmp_path)}}
        async with open_stage(tmp_path, settings, {"store": Away}) as stage:
            await stage.chat.directory.create_room(JULIET, "hall")
            await stage.chat.moderation.set_slow_mode(JULIET, "hall", 600)
            romeo = await stage.enters("romeo", "hall", v1=True)
            await romeo.says("a word", "1")
            assert code(await answer(romeo)) == "unavailable"

    asyncio.run(play())
