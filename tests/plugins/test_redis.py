"""`redis`: its settings, its start, its health, and what it never shows."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis
from tornchat_redis import RedisPlugin
from tornchat_redis.connections import RedisConnections
from tornchat_redis.names import Names
from tornchat_redis.pipe import Pipe

from tests.figures import seconds_without_cpu
from tests.nodes import until
from tests.proxy import proxy
from tests.valkey import Valkey, free_port, plugin, valkey
from tornchat import ChatApp, Participant, SettingsError, Unavailable
from tornchat.testing import RecordingChat

ROMEO = Participant("1", "romeo")
PASSWORD = "h4rd-to-guess"


@pytest.fixture
def server() -> Iterator[Valkey]:
    with valkey() as running:
        yield running


@asynccontextmanager
async def node(
    server: Valkey | str, place: Path, **settings: Any
) -> AsyncIterator[tuple[Any, RecordingChat]]:
    """A started plugin, and the chat that it calls back."""
    url = server if isinstance(server, str) else server.url
    started, chat = RedisPlugin(RedisPlugin.Settings(url=url, **settings)), RecordingChat(place)
    await started.startup(chat)
    try:
        yield started, chat
    finally:
        await started.shutdown()


# --- the start ---


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost",
        "localhost:6379",
        "redis://localhost:a",
        "redis://localhost?nonsense=1",
        "redis://localhost?socket_timeout=x",
        "unix://",
        "redis+sentinel://localhost",
        "redis+sentinel://localhost:x/main",
        "redis+other://localhost",
        "redis+cluster://a:1,b:x",
    ],
)
def test_a_url_that_can_not_be_used_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(SettingsError, match=r"The URL of \[redis\]") as refusal:
        RedisPlugin(RedisPlugin.Settings(url=f"{url}{'&' if '?' in url else '?'}password={PASSWORD}"))
    assert PASSWORD not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://h?decode_responses=True", "has the option decode_responses, which is not supported"),
        ("redis://h?decode_responses=", "has the option decode_responses, which is not supported"),
        ("redis://h?protocol=3", "has the option protocol, which is not supported"),
        ("redis+sentinel://h/main?protocol=3", "has the option protocol, which is not supported"),
        ("redis+cluster://h:1?encoding=latin-1", "has the option encoding, which is not supported"),
        ("redis://h?socket_timeout=9", "has the option socket_timeout, which is not supported"),
        ("redis://h?health_check_interval=1", "has the option health_check_interval, which is not supp"),
        ("redis://h?hunter2=1", "has an option that is not supported"),
        ("redis://:hunter2/x@h:6379/0", "has a password or a user with a / in it"),
        ("redis://u:1/hunter2@h:6379/0", "has a password or a user with a / in it"),
        ("redis://:1?hunter2@h", "has a password or a user with a ? in it"),
        ("redis://:1#hunter2@h", "has a # in it"),
        ("redis+sentinel://:1/hunter2@h/main", "has a password or a user with a / in it"),
        ("redis+cluster://:1/hunter2@h:1", "has a password or a user with a / in it"),
        ("unix://u:hunter2/x@/tmp/s", "has a password or a user with a / in it"),
    ],
)
def test_a_url_that_would_be_misread_is_refused_with_the_reason(url: str, told: str) -> None:
    with pytest.raises(SettingsError, match=r"The URL of \[redis\]") as refusal:
        RedisPlugin(RedisPlugin.Settings(url=url))
    assert told in refusal.value.what
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://:a%2Fb%3Fc%23d@h:6379/0",
        "redis://:a@b@h",
        "redis://h?db=3&username=u&password=a@b/c&client_name=me&protocol=2",
        "rediss://h?ssl_cert_reqs=none&ssl_check_hostname=False",
        "unix:///tmp/a@b.sock?db=1&password=x",
    ],
)
def test_a_url_with_the_options_of_the_docs_is_taken(url: str) -> None:
    RedisPlugin(RedisPlugin.Settings(url=url))


@pytest.mark.parametrize("wrong", [{"prefix": ""}, {"prefix": "a{b}"}, {"socket_timeout": 3}, {"ttl": 1}])
def test_settings_out_of_bounds_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, RedisPlugin.Settings)


def test_without_a_server_it_does_not_start_and_says_why(server: Valkey, tmp_path: Path) -> None:
    server.kill()

    async def play() -> None:
        with pytest.raises(SettingsError, match="Redis can't be used: ConnectionError") as refusal:
            async with node(server, tmp_path):
                pass
        assert "whether the server runs" in refusal.value.cure

    asyncio.run(play())


def test_a_start_that_fails_leaves_no_task_behind(server: Valkey, tmp_path: Path) -> None:
    server.kill()

    async def play() -> None:
        started = plugin(server)
        with pytest.raises(SettingsError):
            await started.startup(RecordingChat(tmp_path))
        await started.shutdown()  # as the core does
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(play())


def test_a_wrong_password_is_named_and_not_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with valkey("--requirepass", "another") as server:
        wrong = RedisPlugin(RedisPlugin.Settings(url=server.url.replace("//", f"//:{PASSWORD}@")))

        async def play() -> str:
            with pytest.raises(SettingsError, match="Redis can't be used: ConnectionError") as refusal:
                await wrong.startup(RecordingChat(tmp_path))
            faults = await wrong.check()
            await wrong.shutdown()
            return f"{refusal.value} {faults} {wrong._settings} {wrong.health()} {caplog.text}"

        assert PASSWORD not in asyncio.run(play())


def test_it_works_with_a_password_over_tcp(tmp_path: Path) -> None:
    port = str(free_port())
    with valkey("--port", port, "--bind", "127.0.0.1", "--requirepass", PASSWORD):

        async def play() -> None:
            url = f"redis://:{PASSWORD}@127.0.0.1:{port}/3"
            async with node(url, tmp_path) as (started, chat):
                await started.subscribe("room:hall")
                started.publish("room:hall", b"hello")
                await chat.until(lambda: chat.payloads("room:hall") == [b"hello"], "the payload")
                assert started.health() == {"broadcast": "ok", "presence": "ok"}

        asyncio.run(play())


def test_several_nodes_need_one_key(server: Valkey, tmp_path: Path) -> None:
    """Else each would make its own, and refuse the others' tokens."""
    settings = {
        "tornchat": {"plugins": ("jwt", "peewee", "redis"), "data_dir": str(tmp_path)},
        "redis": {"url": server.url},
        "peewee": {"url": f"apsw:///{tmp_path}/tornchat.db"},
    }

    async def play() -> None:
        app = ChatApp(settings)
        with pytest.raises(SettingsError, match="each node would make one of its own"):
            await app.start()
        assert [plugin for plugin, _ in await app.hooks.check()] == ["jwt"]
        assert not (tmp_path / "jwt.key").exists()

    asyncio.run(play())


# --- check and health ---


def test_check_finds_nothing_wrong_with_a_good_server(server: Valkey) -> None:
    assert asyncio.run(plugin(server).check()) == []


def test_check_names_a_server_that_is_not_there(server: Valkey) -> None:
    server.kill()
    [fault] = asyncio.run(plugin(server).check())
    assert "ConnectionError" in fault.what


def test_check_names_a_server_that_throws_keys_away() -> None:
    with valkey("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru") as server:
        [fault] = asyncio.run(plugin(server).check())
    assert "maxmemory-policy" in fault.what


def test_health_says_what_is_wrong(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        assert plugin(server).health() == {"broadcast": "not open", "presence": "not open"}
        async with node(server, tmp_path) as (started, _):
            assert started.health() == {"broadcast": "ok", "presence": "ok"}
            server.kill()
            await until(lambda: "redis is down" in started.health()["presence"], 8, "the news")
            server.start()
            await until(lambda: set(started.health().values()) == {"ok"}, 8, "the return")

    asyncio.run(play())


# --- the bus ---


@pytest.mark.long
def test_a_connection_that_is_dead_but_open_is_found_by_its_silence(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        target = server.url.removeprefix("unix://")
        async with (
            proxy(target, Path(target).parent) as between,
            node(between.url, tmp_path) as (started, chat),
        ):
            await started.subscribe("room:hall")
            known = chat.missed
            between.swallows = True
            await until(lambda: not started._open.bus.subscriber.is_up, 8, "the discovery")
            between.swallows = False
            await until(lambda: chat.missed > known, 8, "may_have_missed")
            await until(lambda: set(started.health().values()) == {"ok"}, 8, "the return")
            started.publish("room:hall", b"again")
            await chat.until(lambda: chat.payloads("room:hall") == [b"again"], "the payload")

    asyncio.run(play())


def test_a_hung_server_costs_a_publish_nothing(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with node(server, tmp_path) as (started, _):
            server.send(signal.SIGSTOP)
            start = time.monotonic() - seconds_without_cpu(os.getpid())
            for _ in range(20_000):
                started.publish("room:hall", b"x" * 10_000)  # 200 MB, if they were kept
            assert time.monotonic() - seconds_without_cpu(os.getpid()) - start < 1.0
            assert started._open.pipe._waiting_bytes < 70 << 20
            await until(lambda: not started._open.pipe.is_up, 8, "the discovery")
            assert started._open.pipe._waiting_bytes < 100_000
            assert started._open.pipe.lost >= 20_000
            server.send(signal.SIGCONT)
            await until(lambda: set(started.health().values()) == {"ok"}, 8, "the return")

    asyncio.run(play())


@pytest.mark.long
def test_a_node_that_could_not_publish_tells_the_others_once_it_can(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        target = server.url.removeprefix("unix://")
        async with (
            proxy(target, Path(target).parent) as between,
            node(between.url, tmp_path) as (mute, _),
            node(server, tmp_path) as (_, chat),
        ):
            known = chat.missed
            between.swallows = True
            mute.publish("room:hall", b"lost, perhaps")
            await until(lambda: not mute._open.pipe.is_up, 8, "the discovery")
            assert chat.missed == known
            between.swallows = False
            await until(lambda: chat.missed > known, 8, "may_have_missed")

    asyncio.run(play())


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"\xc1",
        b"\x80\x04.",
        b"\x95\x02\xa1r\x01\xa4join\xa2{}",
        b"\x95\x01\xa1r\x01\xa4join\xa2{}",
        b"\x91" * 9000,
    ],
)
def test_what_is_no_change_of_a_roster_is_passed_over(junk: bytes, server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with node(server, tmp_path) as (started, chat):
            with redis.Redis.from_url(server.url) as stranger:
                stranger.publish("{tornchat}:presence", junk)
            await started.join_presence("hall", ROMEO, "r1")
            await chat.until(lambda: bool(chat.changes), "the change that is one")
            assert [change.participant for _, _, change in chat.changes] == [ROMEO]
            assert started._open.presence.ignored == 1

    asyncio.run(play())


def test_names_of_rooms_never_reach_redis_raw(server: Valkey, tmp_path: Path) -> None:
    names = ["*", "{x}", "a:b", "a b", "\r\nFLUSHALL\r\n", "日本", "%2A", "a"]
    made = Names("chat", "n1")
    keys = [key for name in names for key in (made.topic(f"room:{name}"), *made.room(name, "n1")[2:6])]
    assert len(set(keys)) == 5 * len(names)
    assert not any(set("*{}\r\n ") & set(key.removeprefix("{chat}")) for key in keys)

    async def play() -> None:
        async with node(server, tmp_path) as (started, chat):
            for name in names:
                await started.subscribe(f"room:{name}")
                await started.join_presence(name, ROMEO, f"in {name}")
                started.publish(f"room:{name}", name.encode())
                await chat.until(lambda name=name: bool(chat.payloads(f"room:{name}")), "the payload")
                assert (await started.read_presence(name)).users == (ROMEO,)
            assert [payload.decode() for _, payload in chat.delivered] == names
            assert [room for room, _, _ in chat.changes] == names

    asyncio.run(play())


def test_two_chats_on_one_server_hear_nothing_of_each_other(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with (
            node(server, tmp_path, prefix="one") as (one, _),
            node(server, tmp_path, prefix="two") as (two, chat),
        ):
            await two.subscribe("room:hall")
            one.publish("room:hall", b"not for you")
            await one.join_presence("hall", ROMEO, "r1")
            two.publish("room:hall", b"for you")
            await chat.until(lambda: chat.payloads("room:hall") == [b"for you"], "its own payload")
            assert (await two.read_presence("hall")).users == ()
            assert chat.changes == []

    asyncio.run(play())


def test_first_and_last_sessions_are_known_though_redis_was_away(server: Valkey, tmp_path: Path) -> None:
    """What could not be told is entered with everything else; who asks again is told how it was."""
    juliet = Participant("2", "juliet")

    async def play() -> None:
        async with node(server, tmp_path) as (started, _):
            assert await started.join_presence("hall", ROMEO, "r1")
            server.send(signal.SIGSTOP)
            for attempt in (
                started.read_presence("hall"),
                started.join_presence("hall", juliet, "j1"),
                started.leave_presence("hall", ROMEO, "r1"),
            ):
                with pytest.raises(Unavailable):
                    await attempt
            server.send(signal.SIGCONT)
            await until(lambda: set(started.health().values()) == {"ok"}, 8, "the return")
            assert (await started.read_presence("hall")).users == (juliet,)
            assert await started.join_presence("hall", juliet, "j1") is True
            assert await started.leave_presence("hall", ROMEO, "r1") is True
            assert await started.join_presence("hall", juliet, "j1") is False
            assert await started.leave_presence("hall", ROMEO, "r1") is False

    asyncio.run(play())


# --- the pipe ---


def test_an_answer_never_reaches_another_caller(server: Valkey) -> None:
    """Also when those before were cancelled while their answers were on their way."""

    async def play() -> None:
        pipe = Pipe(RedisConnections(RedisPlugin.Settings(url=server.url)))
        running = asyncio.create_task(pipe.run())
        for number in range(200):
            given_up = asyncio.create_task(pipe.call("ECHO", f"given up {number}"))
            await asyncio.sleep(0)
            if number % 2:
                await asyncio.sleep(0)
            given_up.cancel()
            assert await pipe.call("ECHO", f"{number}") == f"{number}".encode()
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(play())


def test_a_refused_command_harms_no_other(server: Valkey, caplog: pytest.LogCaptureFixture) -> None:
    async def play() -> None:
        pipe = Pipe(RedisConnections(RedisPlugin.Settings(url=server.url)))
        running = asyncio.create_task(pipe.run())
        asked = [pipe.call("NONSENSE", "a secret"), pipe.call("ECHO", "good")]
        refused, good = await asyncio.gather(*asked, return_exceptions=True)
        assert good == b"good"
        assert isinstance(refused, Unavailable)
        assert "a secret" not in f"{refused}{pipe.failure}{caplog.text}"
        running.cancel()
        await asyncio.wait([running])
        with pytest.raises(Unavailable):
            await asyncio.wait_for(_after_the_end(pipe), 2)

    async def _after_the_end(pipe: Pipe) -> None:
        await pipe.call("PING")

    asyncio.run(play())


def test_the_rights_that_the_docs_name_are_enough(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/operating.md").read_text()
    [rights] = re.findall(r"ACL SETUSER (chat [^`]+)`", page)
    with valkey() as server:
        server.ask("ACL", "SETUSER", *rights.split())
        url = server.url.replace("//", "//chat:password@")

        async def play() -> None:
            assert await RedisPlugin(RedisPlugin.Settings(url=url)).check() == []
            async with node(url, tmp_path) as (started, chat):
                await started.subscribe("room:hall")
                started.publish("room:hall", b"hello")
                await started.join_presence("hall", ROMEO, "r1")
                await chat.until(lambda: bool(chat.delivered and chat.changes), "what was told")
                await started._open.rooms.reap("gone", "hall")
                await started._open.rooms.forget("gone")
                assert await started.leave_presence("hall", ROMEO, "r1")

        asyncio.run(play())


def test_a_subscription_that_a_break_left_unconfirmed_can_be_made_again(
    server: Valkey, tmp_path: Path
) -> None:
    async def play() -> None:
        async with node(server, tmp_path) as (chat, handle):
            server.send(signal.SIGSTOP)
            with pytest.raises(Unavailable):
                await chat.subscribe("room:hall")
            await chat.unsubscribe("room:hall")
            known = handle.missed
            server.restart()
            await until(lambda: handle.missed > known, 10, "the connection to the new server")
            await until(lambda: set(chat.health().values()) == {"ok"}, 10, "the server")
            await chat.subscribe("room:hall")
            chat.publish("room:hall", b"heard")
            await handle.until(lambda: handle.payloads("room:hall") == [b"heard"], "the payload")

    asyncio.run(play())


def test_a_version_that_was_heard_is_not_gone_back_behind(server: Valkey, tmp_path: Path) -> None:
    """Another node knew it; Redis forgets everything, and its clock is behind."""

    async def play() -> None:
        async with node(server, tmp_path) as (chat, handle):
            await chat.join_presence("hall", ROMEO, "r1")
            heard = (await chat.read_presence("hall")).version + 10**12
            told = msgspec.msgpack.encode([1, "hall", heard, "join", '{"id":"2","username":"juliet"}'])
            server.ask("PUBLISH", Names("tornchat", "other").presence, told)
            await handle.until(lambda: len(handle.changes_of("hall")) == 2, "the change")
            server.ask("FLUSHALL")
            assert (await chat.read_presence("hall")).version >= heard

    asyncio.run(play())
