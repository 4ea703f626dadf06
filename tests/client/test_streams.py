"""Streamed messages of the Python client and of code in the process: nothing is lost or doubled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from tornchat_peewee import PeeweePlugin

from tests.client.play import enter, next_of
from tests.client.relay import relay
from tests.client.test_staying import through
from tests.stage import COUNT, Stage, open_stage, serving
from tornchat import ChatError, Draft, NotStored, StoreResult, User, hookimpl
from tornchat.client import Connected, Message, MessageAppended, MessageChanged, SendRefused

KILLS = COUNT or 4
BOT = User("bot", "Bot")
WORDS = [f"{number}😀é " for number in range(400)]


async def present(stage: Stage, room: str = "hall") -> list[tuple[str, str]]:
    """Text and status of each message."""
    page = await stage.app.history(room)
    return [(entry.text, entry.more.status if entry.more else "") for entry in page.entries]


def test_an_answer_is_written_and_heard(tmp_path: Path) -> None:
    async def play() -> None:
        async with (
            open_stage(tmp_path) as verona,
            enter(verona, "bot") as bot,
            enter(verona, "romeo") as romeo,
        ):
            question = await romeo.send("What light is it?")
            async with bot.stream(reply_to=question, meta={"model": "sun"}) as answer:
                assert answer.seq is None
                await answer.write("\n ")  # a message can't begin with nothing
                assert answer.seq is None
                await answer.write("It is ")
                await answer.write("the east.")
            first = [await next_of(romeo, Message) for _ in range(2)][1]
            assert (first.text, first.open, first.reply_to) == ("\n It is ", True, question)
            assert first.meta == {"model": "sun"}
            piece = await next_of(romeo, MessageAppended)
            assert (piece.seq, piece.offset, piece.text) == (answer.seq, 8, "the east.")
            end = await next_of(romeo, MessageChanged)
            assert (end.open, end.status, end.text) == (False, "complete", None)
            held = romeo.messages[first.seq]
            assert (held.text, held.open, held.status) == ("\n It is the east.", False, "complete")
            with pytest.raises(ValueError, match="closed"):
                await answer.write("!")

    asyncio.run(play())


def test_the_end_of_the_block_says_how_it_ended(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona, enter(verona, "bot") as bot:

            async def fail() -> None:
                async with bot.stream() as answer:
                    await answer.write("a")
                    raise KeyError

            with pytest.raises(KeyError):
                await fail()
            begun = asyncio.Event()

            async def speak() -> None:
                async with bot.stream() as other:
                    await other.write("b")
                    begun.set()
                    await asyncio.Event().wait()

            speaking = asyncio.create_task(speak())
            await begun.wait()
            speaking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await speaking
            async with bot.stream():
                pass  # nothing was written
            assert await present(verona) == [("a", "failed"), ("b", "cancelled")]

    asyncio.run(play())


def test_a_write_that_is_cancelled_is_made_up_for_by_the_next(tmp_path: Path) -> None:
    async def play() -> None:
        async with (
            open_stage(tmp_path) as verona,
            relay(verona) as between,
            through(between, verona, "bot") as bot,
        ):
            async with bot.stream() as answer:
                await answer.write("a")
                gone = asyncio.Event()

                def loses(frame: bytes) -> bool:
                    if b'"ack"' in frame:
                        gone.set()
                    return b'"ack"' in frame

                between.loses = loses
                writing = asyncio.create_task(answer.write("b"))
                await gone.wait()
                writing.cancel()
                await asyncio.wait({writing})
                between.loses = lambda frame: False
                await asyncio.gather(answer.write("c"), answer.write("d"))
            assert await present(verona) == [("abcd", "complete")]

    asyncio.run(play())


@pytest.mark.parametrize("lost", [b'"ack"', b'"message_appended"'])
@pytest.mark.long
def test_frames_that_are_lost_lose_and_double_nothing(
    tmp_path: Path, lost: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tornchat.client.outgoing.UNANSWERED_SECONDS", 0.2)
    monkeypatch.setattr("tornchat.client.visit.RESEND_SECONDS", 0.1)

    async def play() -> None:
        async with (
            open_stage(tmp_path) as verona,
            relay(verona) as between,
            through(between, verona, "bot") as bot,
        ):
            async with bot.stream() as answer:
                await answer.write(WORDS[0])
                for number, word in enumerate(WORDS[1:20]):
                    between.loses = (
                        (lambda frame: lost in frame) if number % 4 == 1 else (lambda frame: False)
                    )
                    if number % 4 == 1:
                        asyncio.get_running_loop().call_later(
                            0.1, setattr, between, "loses", lambda frame: False
                        )
                    await answer.write(word)
            assert await present(verona) == [("".join(WORDS[:20]), "complete")]

    asyncio.run(play())


@pytest.mark.long
def test_a_server_that_is_killed_again_and_again_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """P1, P6 for pieces: SIGKILL in the middle of an answer, while others listen."""
    data_dir = tmp_path / "data"

    async def play(stack: ExitStack) -> None:
        server = stack.enter_context(serving(data_dir))
        async with (
            relay(server.stage) as between,
            through(between, server.stage, "bot", buffer=10_000) as bot,
            through(between, server.stage, "romeo", buffer=10_000) as romeo,
        ):
            parts = [asyncio.Event() for _ in range(KILLS)]

            async def write() -> None:
                async with bot.stream() as answer:
                    for number, word in enumerate(WORDS):
                        await answer.write(word)
                        if (number + 1) % (len(WORDS) // (KILLS + 1)) == 0:
                            next((part for part in parts if not part.is_set()), parts[-1]).set()

            writing = asyncio.create_task(write())
            for part in parts:
                await part.wait()
                server.kill()
                between.cut()
                server = stack.enter_context(serving(data_dir))
                between.leads_to(server.stage)
            await writing
            end = await romeo.send("the end")
            while True:
                message = await next_of(romeo, Message)
                if message.seq == end:
                    break
            assert bot.messages[1].text == romeo.messages[1].text == "".join(WORDS)
            assert romeo.messages[1].status == "complete"
            async with enter(server.stage, "juliet") as juliet:
                await next_of(juliet, Connected)
                assert (await next_of(juliet, Message)).text == "".join(WORDS)
            print(f"{KILLS} kills, {len(WORDS)} pieces: 0 lost, 0 doubled")
            assert server.stop() == 0

    with ExitStack() as stack:
        asyncio.run(play(stack))


def test_what_the_server_refuses_is_raised_and_not_sent_again(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona, enter(verona, "bot") as bot:
            answer = bot.stream()
            await answer.write("a")
            with pytest.raises(SendRefused) as refused:
                await answer.write("b\0")
            assert refused.value.code == "invalid_message"
            await answer.write("c")
            await verona.app.delete("hall", 1, by=BOT)
            with pytest.raises(SendRefused) as refused:
                await answer.write("d")
            assert refused.value.code == "not_found"
            with pytest.raises(SendRefused):
                await answer.close()
            other = bot.stream()
            await other.write("e")
            async with enter(verona, "bot") as second:
                from_elsewhere = second.stream()
                from_elsewhere.seq, from_elsewhere._length = other.seq, 1
                await from_elsewhere.write("f")
                from_elsewhere._length = 1
                with pytest.raises(SendRefused) as refused:
                    await from_elsewhere.write("g")
            assert (refused.value.code, refused.value.length) == ("stale", 2)
            await other.close("cancelled")
            assert await present(verona) == [("", ""), ("ef", "cancelled")]

    asyncio.run(play())


# --- in the process ---


def test_code_in_the_process_writes_an_answer(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona, enter(verona, "romeo") as romeo:
            async with verona.app.stream("hall", sender=BOT) as answer:
                await answer.write("x" * 5_000)  # in several pieces
                await answer.write("y")
            assert (answer.seq, answer.length) == (1, 5_001)
            await next_of(romeo, MessageChanged)
            assert romeo.messages[1].text == "x" * 5_000 + "y"
            assert await present(verona) == [("x" * 5_000 + "y", "complete")]
            with pytest.raises(ChatError) as refused:
                await verona.app.stream("nowhere", sender=BOT).write("z")
            assert refused.value.code == "room_not_found"

    asyncio.run(play())


def test_a_room_that_nobody_is_in_is_written_to(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            await verona.app.create_room("hall", by=BOT)
            async with verona.app.stream("hall", sender=BOT) as answer:
                for word in WORDS[:50]:
                    await answer.write(word)
            assert verona.chat.rooms.get("hall") is None
            assert await present(verona) == [("".join(WORDS[:50]), "complete")]

    asyncio.run(play())


def test_a_storage_that_fails_now_and_then_loses_and_doubles_nothing(tmp_path: Path) -> None:
    class Plugin(PeeweePlugin):
        calls = 0

        @hookimpl
        def store_messages(self, drafts: Sequence[Draft]) -> asyncio.Future[list[StoreResult]]:
            Plugin.calls += 1
            if Plugin.calls % 3 == 0:
                raise NotStored("not now")
            return super().store_messages(drafts)

    async def play() -> None:
        settings = {"tornchat": {"plugins": "jwt, failing, local", "data_dir": str(tmp_path)}}
        async with open_stage(tmp_path, settings, {"failing": Plugin}) as verona:
            await verona.app.create_room("hall", by=BOT)
            answer = verona.app.stream("hall", sender=BOT)
            failures = [await tried(answer.write(word)) for word in WORDS[:40]]
            while failure := await tried(answer.close()):
                failures.append(failure)
            assert {*failures} == {"", "unavailable"}
            assert await present(verona) == [("".join(WORDS[:40]), "complete")]

    asyncio.run(play())


async def tried(call: Awaitable[None]) -> str:
    """The code with which a call is refused, or ""."""
    try:
        await call
    except ChatError as error:
        return error.code
    return ""
