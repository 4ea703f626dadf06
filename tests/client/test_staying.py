"""The Python client when its connection, its server or its token ends: it comes back, and nothing is lost."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.client.play import enter, hears, next_of
from tests.client.relay import Relay, relay
from tests.stage import COUNT, Stage, open_stage, serving
from tornchat.client import Client, Connected, Disconnected, Ended, Message, UserJoined, connect

DROPS = COUNT or 5


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each connection counts as a good one, so that many breaks in a row are no reason to wait longer."""
    monkeypatch.setattr("tornchat.client.visit.STEADY_SECONDS", 0.0)


def through(between: Relay, stage: Stage, user: str, **options: object) -> Client:
    """A client whose connections pass a relay."""
    url = f"ws://127.0.0.1:{between.port}/ws/chat/hall/"
    return connect(url, stage.token(user), **options)


def test_a_connection_that_breaks_off_is_resumed(tmp_path: Path) -> None:
    async def play() -> None:
        async with (
            open_stage(tmp_path) as verona,
            relay(verona) as between,
            through(between, verona, "juliet") as juliet,
            enter(verona, "romeo") as romeo,
        ):
            await romeo.send("before")
            assert await hears(juliet, 1) == ["before"]
            between.cut()
            lost = await next_of(juliet, Disconnected)
            assert (lost.code, lost.retry_in <= 0.5) == (None, True)
            assert juliet.state == "reconnecting"
            await romeo.send("meanwhile")
            back = await next_of(juliet, Connected)
            assert (back.recovered, juliet.state) == (True, "connected")
            await romeo.send("after")
            assert await hears(juliet, 2) == ["meanwhile", "after"]

    asyncio.run(play())


def test_no_message_is_lost_or_doubled_when_cut_within_frames(tmp_path: Path, steady: None) -> None:
    async def play() -> None:
        async with (
            open_stage(tmp_path) as verona,
            relay(verona) as between,
            through(between, verona, "juliet") as juliet,
        ):
            for cut in (1, 30, 333, 1234):
                between.cuts_after = cut
                places = await asyncio.gather(*(juliet.send(f"{cut} {number}") for number in range(20)))
                assert len(set(places)) == 20
                await next_of(juliet, Disconnected)
            await juliet.send("the end")
            assert between.connections >= 5
            async with enter(verona, "romeo", "hall") as romeo:
                entered = await next_of(romeo, Connected)
                assert entered.seq == 81

    asyncio.run(play())


def test_what_comes_while_it_is_cut_again_and_again_is_heard_once(tmp_path: Path, steady: None) -> None:
    async def play() -> None:
        async with (
            open_stage(tmp_path) as verona,
            relay(verona) as between,
            through(between, verona, "juliet") as juliet,
            enter(verona, "romeo") as romeo,
        ):
            for cut in (1, 30, 333, 1234):
                between.cuts_after = cut
                await asyncio.gather(*(romeo.send(f"{cut} {number}") for number in range(20)))
            expected = [f"{cut} {number}" for cut in (1, 30, 333, 1234) for number in range(20)]
            assert await hears(juliet, 80) == expected
            assert between.connections > 1

    asyncio.run(play())


def test_an_acknowledgement_that_is_lost_makes_no_second_message(tmp_path: Path, steady: None) -> None:
    """Promise P6: the ack is dropped, the connection cut, and the message sent again with its id."""

    async def play() -> None:
        async with (
            open_stage(tmp_path) as verona,
            relay(verona) as between,
            through(between, verona, "romeo") as romeo,
        ):
            await next_of(romeo, UserJoined)
            lost = asyncio.Event()

            def lose_acks(frame: bytes) -> bool:
                if b'"type":"ack"' not in frame:
                    return False
                lost.set()
                return True

            between.loses = lose_acks
            for number in range(1, DROPS + 1):
                sending = asyncio.create_task(romeo.send(f"text {number}"))
                await lost.wait()
                between.loses = lambda frame: False
                between.cut()
                assert await sending == number
                lost.clear()
                between.loses = lose_acks
            assert await hears(romeo, DROPS) == [f"text {number}" for number in range(1, DROPS + 1)]
            async with enter(verona, "juliet") as juliet:
                assert (await next_of(juliet, Connected)).seq == DROPS
            print(f"\n{DROPS} acks dropped, each message resent: doubled 0")

    asyncio.run(play())


def test_an_acknowledgement_that_is_lost_is_asked_for_on_the_same_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tornchat.client.outgoing.UNANSWERED_SECONDS", 0.2)
    acks = 0

    def loses_the_first(frame: bytes) -> bool:
        nonlocal acks
        acks += b'"type":"ack"' in frame
        return acks == 1

    async def play() -> None:
        async with (
            open_stage(tmp_path) as verona,
            relay(verona) as between,
            through(between, verona, "romeo") as romeo,
        ):
            between.loses = loses_the_first
            assert await romeo.send("once") == 1
            assert await romeo.send("twice") == 2
            assert between.connections == 1

    asyncio.run(play())


@pytest.mark.long
def test_a_server_that_is_killed_is_waited_for(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"

    async def play(stack: ExitStack) -> None:
        server = stack.enter_context(serving(data_dir))
        async with relay(server.stage) as between, through(between, server.stage, "juliet") as juliet:
            acknowledged = [await juliet.send(f"{number}") for number in range(5)]
            sending = [asyncio.create_task(juliet.send(f"late {number}")) for number in range(20)]
            await asyncio.sleep(0)
            server.kill()
            between.cut()
            assert await hears(juliet, 5) == [f"{number}" for number in range(5)]
            await next_of(juliet, Disconnected)
            again = stack.enter_context(serving(data_dir))
            between.leads_to(again.stage)
            assert (await next_of(juliet, Connected)).recovered
            acknowledged += await asyncio.gather(*sending)
            assert acknowledged == list(range(1, 26))
            assert again.stop() == 0

    with ExitStack() as stack:
        asyncio.run(play(stack))


def test_a_server_that_goes_away_says_when_to_come_back(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            juliet = enter(verona, "juliet")
            await juliet.__aenter__()
            await next_of(juliet, UserJoined)
        lost = await next_of(juliet, Disconnected)
        assert lost.code == 1001
        assert lost.reason == f"closed with 1001 retry_after={lost.retry_in:.1f}"
        await juliet.close()
        assert juliet.state == "closed"

    asyncio.run(play())


def test_another_log_is_told_so_that_an_application_can_begin_anew(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path / "one") as verona:
            settings = {"jwt": {"secret": verona.key}}
            async with (
                open_stage(tmp_path / "two", settings) as mantua,
                relay(verona) as between,
                through(between, verona, "juliet") as juliet,
            ):
                await juliet.send("of the old log")
                await next_of(juliet, Message)
                between.leads_to(mantua)
                between.cut()
                assert (await next_of(juliet, Connected)).recovered is False
                assert await juliet.send("of the new log") == 1
                assert await hears(juliet, 1) == ["of the new log"]

    asyncio.run(play())


def test_a_token_that_expires_is_replaced_by_the_function(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            asked = 0

            async def token() -> str:
                nonlocal asked
                asked += 1
                return verona.token("juliet", lifetime=1.5 if asked == 1 else 600)

            async with connect(f"ws://127.0.0.1:{verona.port}/ws/chat/hall/", token) as juliet:
                lost = await next_of(juliet, Disconnected)
                assert (lost.code, lost.reason) == (4001, "the token has expired")
                assert (await next_of(juliet, Connected)).recovered
                assert await juliet.send("still here") == 1
                assert asked == 2

    asyncio.run(play())


def test_a_function_whose_fresh_token_is_refused_is_not_asked_for_ever(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:

            async def token() -> str:
                return "never-a-token"

            url = f"ws://127.0.0.1:{verona.port}/ws/chat/hall/"
            with pytest.raises(Ended) as end:
                async with connect(url, token, wait=False) as juliet:
                    await next_of(juliet, Connected)
            assert end.value.code == 4001
            with pytest.raises(Ended, match="4001"):
                await juliet.send("hello")

    asyncio.run(play())


def test_a_string_that_expires_is_the_end(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            url = f"ws://127.0.0.1:{verona.port}/ws/chat/hall/"
            async with connect(url, verona.token("juliet", lifetime=1.2)) as juliet:
                with pytest.raises(Ended) as end:
                    await next_of(juliet, Disconnected)
            assert (end.value.code, juliet.state) == (4001, "closed")

    asyncio.run(play())


def test_a_token_function_that_fails_is_asked_again(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            asked = 0

            async def token() -> str:
                nonlocal asked
                asked += 1
                if asked < 3:
                    raise RuntimeError("secret")
                return verona.token("juliet")

            url = f"ws://127.0.0.1:{verona.port}/ws/chat/hall/"
            async with connect(url, token, wait=False) as juliet:
                failed = await next_of(juliet, Disconnected)
                assert failed.reason == "the token function failed: RuntimeError"
                await next_of(juliet, Connected)

    asyncio.run(play())


def test_it_may_be_there_before_its_server(tmp_path: Path) -> None:
    async def play() -> None:
        async with (
            open_stage(tmp_path) as verona,
            relay(Stage(1, "")) as between,
            through(between, verona, "juliet", wait=False) as juliet,
        ):
            sending = asyncio.create_task(juliet.send("early"))
            await next_of(juliet, Disconnected)
            assert juliet.state == "connecting"
            between.leads_to(verona)
            assert await sending == 1
            assert juliet.state == "connected"

    asyncio.run(play())


def test_the_token_is_a_header_and_no_part_of_the_url(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona, relay(verona) as between:
            async with through(between, verona, "juliet") as juliet:
                await juliet.send("one")
                await next_of(juliet, Message)
                between.cut()
                await next_of(juliet, Connected)
            first, second = (head.decode().split("\r\n") for head in between.heads)
            assert first[0] == "GET /ws/chat/hall/ HTTP/1.1"
            assert second[0].endswith("&since=1 HTTP/1.1")
            assert "epoch=" in second[0]
            assert sum("Bearer" in line for line in first) == 1
            assert "Sec-WebSocket-Protocol: tornchat.v1" in first

    asyncio.run(play())


@pytest.mark.long
def test_a_path_that_dies_silently_is_noticed_and_resumed_within_ten_seconds(tmp_path: Path) -> None:
    """Nothing is shortened here: the figure is that of a user."""

    async def play() -> None:
        loop = asyncio.get_running_loop()
        async with (
            open_stage(tmp_path) as verona,
            relay(verona) as between,
            through(between, verona, "juliet") as juliet,
            enter(verona, "romeo") as romeo,
        ):
            await romeo.send("before")
            assert await hears(juliet, 1) == ["before"]
            between.kill_silently()
            began = loop.time()
            await romeo.send("missed")
            lost = await next_of(juliet, Disconnected)
            assert lost.reason == "the connection has died silently"
            assert (await next_of(juliet, Connected)).recovered
            assert await hears(juliet, 1) == ["missed"]
            print(f"\na dead path: noticed, and what was missed received, after {loop.time() - began:.1f} s")
            assert loop.time() - began < 10

    asyncio.run(play())


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the time until a path counts as dead."""
    monkeypatch.setattr("tornchat.client.heartbeat.TICK_SECONDS", 0.05)


@pytest.mark.parametrize("answer", [b'{"type":"pong"', b'{"type":"error"'])
def test_any_answer_to_a_ping_is_a_sign_of_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hasty: None, answer: bytes
) -> None:
    """A server of an older version answers a ping with an error, as one without a type does here."""
    if b"error" in answer:
        monkeypatch.setattr("tornchat.client.heartbeat.PING", b'{"type":"future"}')
    answers = 0
    enough = asyncio.Event()

    def counts(frame: bytes) -> bool:
        nonlocal answers
        answers += answer in frame
        if answers >= 5:
            enough.set()
        return False

    async def play() -> None:
        async with (
            open_stage(tmp_path) as verona,
            relay(verona) as between,
            through(between, verona, "juliet") as juliet,
        ):
            between.loses = counts
            await asyncio.wait_for(enough.wait(), 20)
            assert await juliet.send("still here") == 1
            assert (juliet.state, between.connections) == ("connected", 1)

    asyncio.run(play())


@pytest.mark.long
def test_a_path_is_not_dead_because_this_process_was_busy_or_read_nothing(
    tmp_path: Path, hasty: None
) -> None:
    """One whose loop is blocked, and one whose buffer is full: both have not listened."""

    async def play() -> None:
        async with (
            open_stage(tmp_path) as verona,
            relay(verona) as between,
            through(between, verona, "juliet", buffer=1) as juliet,
        ):
            await asyncio.sleep(2)  # as many ticks as a dead path has, and more
            time.sleep(2)  # noqa: ASYNC251 (that is what is tested)
            await next_of(juliet, UserJoined)
            assert await juliet.send("still here") == 1
            assert between.connections == 1

    asyncio.run(play())


def test_a_server_without_a_welcome_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tornchat.client.visit.WELCOME_SECONDS", 0.3)

    async def play() -> None:
        async with open_stage(tmp_path) as verona, relay(verona) as between:
            between.loses = lambda frame: True
            async with through(between, verona, "juliet", wait=False) as juliet:
                await next_of(juliet, Disconnected)
                between.loses = lambda frame: False
                await next_of(juliet, Connected)

    asyncio.run(play())
