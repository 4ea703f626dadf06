"""The Python client in a room whose server is well: it enters, hears, says, and leaves."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.client.play import address, enter, hears, next_of
from tests.stage import open_stage
from tests.tls import make_certificate, tls_before
from tornchat.client import (
    ClientClosed,
    Connected,
    Ended,
    Message,
    NotConnected,
    ReadMoved,
    ReadState,
    SendRefused,
    Typing,
    UserJoined,
    UserLeft,
    UserList,
    connect,
)


def test_it_enters_hears_and_says(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona, enter(verona, "juliet") as juliet:
            assert juliet.state == "connected"
            entered = await anext(juliet)
            assert isinstance(entered, Connected)
            assert (entered.room, entered.user.id, entered.seq) == ("hall", "juliet", 0)
            assert entered.recovered is False
            users = await anext(juliet)
            assert isinstance(users, UserList)
            assert [user.id for user in users.users] == ["juliet"]
            async with enter(verona, "romeo") as romeo:
                while (await next_of(juliet, UserJoined)).user_id != "romeo":
                    pass
                assert await romeo.send("It is my lady.") == 1
                assert await romeo.send("O, it is my love!") == 2
                message = await next_of(juliet, Message)
                assert (message.seq, message.text, message.sender_id) == (1, "It is my lady.", "romeo")
                assert message.sent_at.tzinfo is not None
            assert (await next_of(juliet, UserLeft)).username == "Romeo"
        assert juliet.state == "closed"

    asyncio.run(play())


def test_it_tells_what_was_read_and_who_is_typing(tmp_path: Path) -> None:
    async def play() -> None:
        settings = {"rooms": {"receipts_limit": 9}}
        async with open_stage(tmp_path, settings) as verona, enter(verona, "romeo") as romeo:
            await romeo.send("It is my lady.")
            async with enter(verona, "juliet") as juliet:
                entered = await next_of(juliet, Connected)
                assert (entered.read_seq, entered.unread) == (0, 1)
                assert juliet.typing()
                assert await next_of(romeo, Typing) == Typing("juliet")
                assert juliet.read(1)
                assert await next_of(juliet, ReadMoved) == ReadMoved("hall", 1)
                while (state := await next_of(romeo, ReadState)).user_id != "juliet":
                    pass
                assert state.seq == 1
            assert not juliet.read(1)
            assert not juliet.typing()
            async with enter(verona, "juliet") as juliet:
                entered = await next_of(juliet, Connected)
                assert (entered.read_seq, entered.unread) == (1, 0)

    asyncio.run(play())


def test_many_are_said_at_once_and_keep_their_order(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona, enter(verona, "romeo", unanswered=5) as romeo:
            places = await asyncio.gather(*(romeo.send(f"{number}") for number in range(300)))
            assert places == list(range(1, 301))
            assert await hears(romeo, 300) == [f"{number}" for number in range(300)]

    asyncio.run(play())


def test_the_same_id_again_is_stored_once(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona, enter(verona, "romeo") as romeo:
            assert await romeo.send("once", "a") == await romeo.send("once", "a") == 1
            with pytest.raises(SendRefused) as refusal:
                await romeo.send("twice", "a")
            assert refusal.value.code == "conflict"

    asyncio.run(play())


def test_what_is_refused_for_good_raises(tmp_path: Path) -> None:
    async def play() -> None:
        settings = {"limits": {"message_chars": 5}}
        async with open_stage(tmp_path, settings) as verona, enter(verona, "romeo") as romeo:
            with pytest.raises(SendRefused, match="message_too_long"):
                await romeo.send("far too long")
            assert await romeo.send("short") == 1

    asyncio.run(play())


def test_a_frame_that_would_close_the_connection_each_time_is_refused(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona, enter(verona, "romeo") as romeo:
            with pytest.raises(SendRefused, match="message_too_long"):
                await romeo.send("x" * 70_000)
            assert await romeo.send("short") == 1

    asyncio.run(play())


def test_who_is_too_fast_is_slowed_down_and_loses_nothing(tmp_path: Path) -> None:
    async def play() -> None:
        settings = {"limits": {"messages_per_second": 10, "burst": 2}}
        async with open_stage(tmp_path, settings) as verona, enter(verona, "romeo") as romeo:
            loop = asyncio.get_running_loop()
            began = loop.time()
            for number in range(6):
                assert await romeo.send(f"{number}") == number + 1
            assert loop.time() - began > 0.3

    asyncio.run(play())


def test_it_can_say_more_than_it_has_room_to_hear(tmp_path: Path) -> None:
    """Its own messages fill the buffer while nobody reads; the rest is fetched from the log."""

    async def play() -> None:
        async with open_stage(tmp_path) as verona, enter(verona, "romeo", buffer=20) as romeo:
            async with asyncio.timeout(20):
                for number in range(200):
                    await romeo.send(f"{number}")
            assert await hears(romeo, 200) == [f"{number}" for number in range(200)]
            assert await romeo.send("still here") == 201

    asyncio.run(play())


def test_a_close_ends_what_iterates_and_what_waits(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = enter(verona, "romeo")
            async with romeo:
                await romeo.send("Good night!")

                async def listen() -> list[str]:
                    return [event.text async for event in romeo if isinstance(event, Message)]

                listening = asyncio.create_task(listen())
                await asyncio.sleep(0)
                await romeo.close()
                await romeo.close()
                assert await listening == ["Good night!"]
                with pytest.raises(ClientClosed):
                    await romeo.send("Parting is such sweet sorrow")

    asyncio.run(play())


def test_a_cancelled_send_or_wait_leaves_it_whole(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona, enter(verona, "romeo", unanswered=1) as romeo:
            await next_of(romeo, UserJoined)
            for delay in (0, 0.0005, 0.001, 0.002):
                for number in range(20):
                    task = asyncio.create_task(romeo.send(f"{delay} {number}", f"{delay}-{number}"))
                    await asyncio.sleep(delay)
                    task.cancel()
                    await asyncio.wait({task})
            for delay in (0, 0.001):
                waiting = asyncio.create_task(next_of(romeo, UserLeft))
                await asyncio.sleep(delay)
                waiting.cancel()
                await asyncio.wait({waiting})
            last = await romeo.send("last")
            assert await romeo.send("0.002 19", "0.002-19") in range(1, last + 2)

    asyncio.run(play())


@pytest.mark.parametrize("delay", [0.0, 0.001, 0.003, 0.01])
def test_an_entry_can_be_cancelled_at_any_time(tmp_path: Path, delay: float) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:

            async def visit() -> None:
                async with enter(verona, "romeo"):
                    await asyncio.Event().wait()

            task = asyncio.create_task(visit())
            await asyncio.sleep(delay)
            task.cancel()
            await asyncio.wait({task})
            assert task.cancelled()
            assert [t for t in asyncio.all_tasks() if t.get_name() == "tornchat client"] == []

    asyncio.run(play())


def test_a_server_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    async def play() -> None:
        with pytest.raises(NotConnected, match="URL"):
            async with connect("ws://127.0.0.1:1/ws/chat/hall/", "a-token"):
                pass

    asyncio.run(play())


@pytest.mark.parametrize(
    ("room", "token", "code"), [("hall", "bad", 4001), ("no such room", None, 4000)], ids=["token", "room"]
)
def test_a_final_no_raises_with_its_code_and_the_cure(
    tmp_path: Path, room: str, token: str | None, code: int
) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            url = address(verona, room.replace(" ", "%20"))
            with pytest.raises(Ended) as end:
                async with connect(url, token or verona.token("romeo")):
                    pass
            assert end.value.code == code
            assert end.value.cure

    asyncio.run(play())


def test_a_path_without_a_room_is_told_so(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            with pytest.raises(Ended, match="Look at the URL") as end:
                async with connect(f"ws://127.0.0.1:{verona.port}/nothing", "a-token", wait=False) as chat:
                    await next_of(chat, Connected)
            assert end.value.code == 404

    asyncio.run(play())


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hall",
        "ftp://host/",
        "ws://",
        "ws://[",
        "ws://host:x/",
        "ws://host:99999/",
        "ws://u:p@host/",
        "ws://host/ws/chat/a b/",
        "ws://host/ws/chat/a\r\nX: y/",
        "ws://host/ws/chat/hall/?token=secret",
        "ws://host/ws/chat/hall/?since=1",
    ],
)
def test_a_url_that_is_none_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="The URL") as refusal:
        connect(url, "a-token")
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("token", ["", " ", "a\r\nX: y", "a\x00", "ü"])
def test_a_token_that_is_none_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="token"):
        connect("ws://host/ws/chat/hall/", token)


VOCABULARY = ("errors", "kinds", "marks", "model", "version")
CLIENT_LOADS = ("client", "wire", "streaming", *VOCABULARY, "hooks.specs", "hooks.words")
"""The parts of the core that the client may load. Those of `hooks` come with the package `tornchat`."""


def test_importing_it_loads_nothing_of_the_server() -> None:
    code = "import sys, tornchat.client; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert not done.stderr
    loaded = done.stdout.split()
    assert "tornchat.client.client" in loaded
    assert not {"tornado", "peewee", "jwt", "redis"} & set(loaded)
    core = {name.removeprefix("tornchat.") for name in loaded if name.startswith("tornchat.")}
    allowed = tuple(f"{part}." for part in CLIENT_LOADS)
    assert {name for name in core - {"hooks"} if not f"{name}.".startswith(allowed)} == set()


def test_it_speaks_wss(tmp_path: Path) -> None:
    async def play() -> None:
        certificate = make_certificate(tmp_path)
        async with open_stage(tmp_path) as verona, tls_before(verona.port, certificate) as port:
            url = f"wss://127.0.0.1:{port}/ws/chat/hall/"
            async with connect(url, verona.token("romeo"), tls=certificate.client()) as romeo:
                assert await romeo.send("in secret") == 1
            with pytest.raises(NotConnected, match="certificate"):
                async with connect(url, verona.token("romeo")):
                    pass

    asyncio.run(play())
