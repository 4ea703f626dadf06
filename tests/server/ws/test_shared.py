"""Many rooms on one connection: each session has the promises of a connection of its own."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.stage import Player, Stage, open_stage
from tornchat import Participant, PresenceChange, User, hookimpl
from tornchat.server.ws.shared import MOST_EARLY_BYTES, MOST_JOINS, SharedConnection

PRINCE = User("prince", "Prince", frozenset({"admin"}))


async def until(player: Player, kind: str, room: str) -> dict[str, Any]:
    """The next frame of this type in this room."""
    while True:
        frame = await player.next_of(kind)
        if frame.get("room") == room:
            return frame


async def talk(verona: Stage, room: str, count: int) -> None:
    """Romeo says `count` things on a connection of its own."""
    romeo = await verona.enters("romeo", room, v1=True)
    for number in range(count):
        await romeo.says(str(number), client_id=f"{room}-{number}")
    for _ in range(count):
        await romeo.next_of("ack")
    await romeo.leaves()


def test_a_connection_begins_with_who_it_is_and_each_frame_of_a_room_names_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            juliet = await verona.connects("juliet")
            hello = await juliet.next()
            assert list(hello) == ["type", "user", "expires_at"]
            assert (hello["type"], hello["user"]) == ("hello", {"id": "juliet", "username": "Juliet"})
            await juliet.joins("tea")
            await juliet.says_in("tea", "Good pilgrim", "m1")
            frames = [await juliet.next() for _ in range(5)]
            kinds = ["room_users_list", "caught_up", "user_join", "chat_message", "ack"]
            assert [list(frame)[:2] for frame in frames] == [["type", "room"]] * 5
            assert [(frame["type"], frame["room"]) for frame in frames] == [(kind, "tea") for kind in kinds]
            assert frames[3]["message"] == "Good pilgrim"
            assert frames[4] == {"type": "ack", "room": "tea", "id": "m1", "seq": 1}

    asyncio.run(play())


def test_rooms_of_one_connection_and_single_room_sockets_hear_each_other(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "hall", v1=True)
            juliet = await verona.connects("juliet")
            await juliet.joins("hall")
            await juliet.joins("garden")
            await juliet.says_in("garden", "here", "a")
            await juliet.says_in("hall", "there", "b")
            assert await romeo.hears() == "there"
            await romeo.says("I hear", client_id="c")
            assert (await until(juliet, "ack", "hall"))["id"] == "b"
            assert (await until(juliet, "chat_message", "hall"))["message"] == "I hear"

    asyncio.run(play())


def test_a_session_resumes_where_it_was_and_tells_when_it_can_not(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path, {"rooms": {"history_limit": 5}}) as verona:
            juliet = await verona.connects("juliet")
            epochs = {room: (await juliet.joins(room))["epoch"] for room in ("hall", "garden")}
            await juliet.leaves()
            await talk(verona, "hall", 200)
            await talk(verona, "garden", 8)
            juliet = await verona.connects("juliet")
            welcome = await juliet.joins("hall", since=2, epoch=epochs["hall"])
            assert (welcome["recovered"], welcome["seq"]) == (True, 200)
            heard = [(await until(juliet, "chat_message", "hall"))["seq"] for _ in range(198)]
            assert heard == list(range(3, 201))
            welcome = await juliet.joins("garden", since=2, epoch="another")
            assert welcome["recovered"] is False
            heard = [(await until(juliet, "chat_message", "garden"))["seq"] for _ in range(5)]
            assert heard == [4, 5, 6, 7, 8]

    asyncio.run(play())


def test_a_long_history_and_messages_meanwhile_come_without_a_gap(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            await talk(verona, "hall", 2000)
            juliet = await verona.connects("juliet")
            epoch = (await juliet.joins("hall"))["epoch"]
            await juliet.asks("leave", id="l1", room="hall")
            await until(juliet, "ack", "hall")
            await juliet.asks("join", id="j2", room="hall", since=0, epoch=epoch)
            paris = await verona.enters("paris", "hall", v1=True)
            for number in range(100):
                await paris.says("meanwhile", client_id=str(number))
            heard = [(await until(juliet, "chat_message", "hall"))["seq"] for _ in range(2100)]
            assert heard == list(range(1, 2101))

    asyncio.run(play())


def test_who_leaves_hears_no_more_and_may_join_again(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            juliet = await verona.connects("juliet")
            romeo = await verona.enters("romeo", "hall", v1=True)
            for room in ("hall", "garden"):
                await juliet.joins(room)
            await juliet.says_in("hall", "farewell", "a")
            await until(juliet, "ack", "hall")
            await juliet.asks("leave", id="l1", room="hall")
            assert await juliet.next_of("ack") == {"type": "ack", "id": "l1", "room": "hall"}
            assert (await romeo.next_of("user_leave"))["user_id"] == "juliet"
            await romeo.says("unheard", client_id="b")
            await romeo.next_of("ack")
            await juliet.says_in("garden", "still here", "c")
            assert (await juliet.next_of("chat_message"))["room"] == "garden"
            assert (await juliet.joins("hall"))["seq"] == 2

    asyncio.run(play())


@pytest.mark.parametrize(
    ("payload", "code", "client_id", "room"),
    [
        ("nope", "invalid_json", None, None),
        ('{"type":"join","id":"j"}', "invalid_message", "j", None),
        ('{"type":"join","id":"j","room":5}', "invalid_message", None, None),
        ('{"type":"join","id":"j","room":"hall"}', "already_joined", "j", None),
        ('{"type":"join","id":"j","room":"a","room":"b"}', "invalid_json", None, None),
        ('{"type":"join","id":"j","room":"a","since":-1,"epoch":"e"}', "invalid_message", "j", None),
        ('{"type":"leave","id":"l","room":"elsewhere"}', "not_joined", "l", "elsewhere"),
        ('{"type":"send","id":"s","message":"x"}', "invalid_message", "s", None),
        ('{"type":"send","id":"s","message":"x","room":"elsewhere"}', "not_joined", "s", "elsewhere"),
        ('{"type":"send","id":"s","message":" ","room":"hall"}', "empty_message", "s", "hall"),
        ('{"type":"send","id":"s","message":"x","room":"b","room":"hall"}', "invalid_json", None, "hall"),
        ('{"type":"dance","id":"s","room":"hall"}', "invalid_message", "s", "hall"),
        ('{"type":"auth","id":"t","token":"garbage"}', "unauthorized", "t", None),
    ],
)
def test_a_bad_frame_is_answered_and_the_rooms_go_on(
    tmp_path: Path, payload: str, code: str, client_id: str | None, room: str | None
) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            juliet = await verona.connects("juliet")
            await juliet.joins("hall")
            await juliet.socket.send(payload)
            error = await juliet.next_of("error")
            assert (error["code"], error.get("id"), error.get("room")) == (
                code,
                client_id,
                room or error.get("room"),
            )
            await juliet.says_in("hall", "on", "m")
            assert (await until(juliet, "ack", "hall"))["id"] == "m"

    asyncio.run(play())


def test_more_rooms_than_allowed_are_refused(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path, {"limits": {"rooms_per_connection": 2}}) as verona:
            juliet = await verona.connects("juliet")
            for room in ("a", "b"):
                await juliet.joins(room)
            await juliet.asks("join", id="j3", room="c")
            error = await juliet.next_of("error")
            assert (error["code"], error["id"]) == ("room_limit", "j3")
            await juliet.asks("leave", id="l", room="a")
            await juliet.joins("c")

    asyncio.run(play())


def test_a_room_that_refuses_does_not_stop_the_others(tmp_path: Path) -> None:
    async def play() -> None:
        settings = {"rooms": {"auto_create": False}}
        async with open_stage(tmp_path, settings) as verona:
            juliet = await verona.connects("juliet")
            await juliet.asks("join", id="j", room="nowhere")
            closed = await juliet.next_of("closed")
            assert closed == {"type": "closed", "room": "nowhere", "code": 4000, "reason": "room not found"}
            await juliet.asks("join", id="j", room="no/name")
            assert (await juliet.next_of("closed"))["code"] == 4000
            await verona.chat.directory.create_room(PRINCE, "hall")
            await juliet.joins("hall")

    asyncio.run(play())


def test_a_kick_and_a_ban_end_one_session_and_a_ban_keeps_out(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            juliet = await verona.connects("juliet")
            for room in ("hall", "garden"):
                await juliet.joins(room)
            await verona.chat.moderation.kick(PRINCE, "hall", "juliet")
            assert (await juliet.next_of("closed")) == {
                "type": "closed",
                "room": "hall",
                "code": 4003,
                "reason": "removed",
            }
            await juliet.joins("hall")
            await verona.chat.moderation.ban(PRINCE, "hall", "juliet", 60)
            assert (await juliet.next_of("closed"))["code"] == 4003
            await juliet.asks("join", id="again", room="hall")
            assert (await juliet.next_of("closed"))["code"] == 4000
            await juliet.says_in("garden", "still here", "m")
            assert (await until(juliet, "ack", "garden"))["seq"] == 1

    asyncio.run(play())


def test_a_deleted_room_ends_its_session(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            juliet = await verona.connects("juliet")
            for room in ("hall", "garden"):
                await juliet.joins(room)
            await verona.chat.directory.delete_room(PRINCE, "hall")
            closed = await juliet.next_of("closed")
            assert (closed["room"], closed["code"]) == ("hall", 4000)
            await juliet.joins("hall")

    asyncio.run(play())


def test_what_concerns_the_whole_site_ends_a_connection_even_without_a_room(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            juliet, rosaline = await verona.connects("juliet"), await verona.connects("juliet")
            await juliet.joins("hall")
            await verona.chat.site.disconnect(PRINCE, "juliet")
            assert await juliet.is_closed() == 4003
            assert await rosaline.is_closed() == 4003

    asyncio.run(play())


@pytest.mark.long
def test_an_expired_token_ends_the_connection_and_a_new_one_keeps_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.connects("romeo", lifetime=2)
            juliet = await verona.connects("juliet", lifetime=2)
            nurse = await verona.enters("nurse", "hall", v1=True, token=verona.token("nurse", 2))
            await juliet.joins("hall")
            for player in (juliet, nurse):
                await player.asks("auth", id="t1", token=verona.token(player.name, 600))
                answer = await player.next_of("auth")
                assert answer["id"] == "t1"
                assert answer["expires_at"] > 0
            assert await romeo.is_closed() == 4001
            await juliet.says_in("hall", "I stay", "m")
            assert await nurse.hears() == "I stay"

    asyncio.run(play())


@pytest.mark.parametrize("many", [True, False], ids=["many rooms", "one room"])
@pytest.mark.parametrize(
    ("token", "code"),
    [("another's", "forbidden"), ("expired", "unauthorized"), ("garbage", "unauthorized")],
)
def test_a_bad_token_leaves_the_old_one(tmp_path: Path, many: bool, token: str, code: str) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            given = {"another's": verona.token("romeo"), "expired": verona.token("juliet", -60)}
            juliet = (
                await verona.connects("juliet") if many else await verona.enters("juliet", "hall", v1=True)
            )
            await juliet.asks("auth", id="t1", token=given.get(token, token))
            error = await juliet.next_of("error")
            assert (error["code"], error["id"]) == (code, "t1")
            if many:
                await juliet.joins("hall")
            await juliet.asks("send", room="hall", id="m", message="still juliet")
            assert (await juliet.next_of("chat_message"))["sender_id"] == "juliet"

    asyncio.run(play())


def test_frames_for_a_room_that_is_being_joined_wait_for_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            juliet = await verona.connects("juliet")
            await juliet.asks("join", id="j", room="hall")
            for number in range(5):
                await juliet.says_in("hall", str(number), str(number))
            assert [(await until(juliet, "ack", "hall"))["id"] for _ in range(5)] == list("01234")

    asyncio.run(play())


class Slow:
    """Lets nobody enter before it is told to."""

    opened: asyncio.Event

    @hookimpl
    async def authorize(self, user: User, action: str, room: str) -> bool | None:
        await Slow.opened.wait()
        return None


def test_what_waits_for_rooms_that_are_being_joined_is_bounded_for_the_connection(tmp_path: Path) -> None:
    async def play() -> None:
        Slow.opened = asyncio.Event()
        settings = {"tornchat": {"plugins": ("jwt", "peewee", "local", "slow")}}
        async with open_stage(tmp_path, settings, {"slow": Slow}) as verona:
            juliet = await verona.connects("juliet")
            long = "x" * 60_000
            for number in range(20):
                await juliet.asks("join", id="j", room=f"room{number}")
                for part in range(10):
                    await juliet.says_in(f"room{number}", long, f"{number}-{part}")
            await juliet.says_in("room0", "short", "short")
            kept, error = 0, await juliet.next_of("error")
            while error["id"] != "19-9":
                assert (error["code"], error["retry_after"]) == ("busy", 1.0)
                error = await juliet.next_of("error")
            [connection] = verona.connections.all()
            for place in connection._places.values():
                kept += sum(map(len, place.early))
            assert 0 < kept <= MOST_EARLY_BYTES
            Slow.opened.set()
            while (ack := await juliet.next_of("ack"))["id"] != "short":
                pass
            assert ack["room"] == "room0"
            await until(juliet, "caught_up", "room19")
            assert connection._early_bytes == 0

    asyncio.run(play())


def test_joins_that_are_refused_are_not_faster_than_messages(tmp_path: Path) -> None:
    async def play() -> None:
        settings = {"limits": {"messages_per_second": 10, "burst": 5}, "rooms": {"auto_create": False}}
        async with open_stage(tmp_path, settings) as verona:
            juliet = await verona.connects("juliet")
            loop = asyncio.get_running_loop()
            began = loop.time()
            for number in range(30):
                await juliet.asks("join", id="j", room=f"room{number}")
            for _ in range(30):
                assert (await juliet.next_of("closed"))["code"] == 4000
            assert loop.time() - began >= (30 - 5 - MOST_JOINS) / 10 - 0.1
            romeo = await verona.connects("romeo")
            await romeo.asks("join", id="j", room="nowhere")
            assert (await romeo.next_of("closed"))["code"] == 4000

    asyncio.run(play())


def test_too_many_bad_frames_end_the_connection(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            juliet = await verona.connects("juliet")
            for _ in range(30):
                await juliet.socket.send("nope")
            assert await juliet.is_closed() == 1008

    asyncio.run(play())


def test_a_drain_closes_with_1001_after_the_frames_that_were_due(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            juliet = await verona.connects("juliet")
            await juliet.joins("hall")
            await verona.connections.drain(1.0)
            assert await juliet.is_closed() == 1001
            assert not list(verona.chat.visitors)
            assert not verona.chat.rooms.get("hall").population

    asyncio.run(play())


def test_a_classic_client_without_a_room_is_still_refused(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            assert await (await verona.enters("romeo", "")).is_closed() == 4000

    asyncio.run(play())


# --- clients that read slowly ---


async def hesitant(verona: Stage, user: str) -> Player:
    """A connection for many rooms whose client reads little ahead of what the test asks for."""
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    own.setblocking(False)
    await asyncio.get_running_loop().sock_connect(own, ("127.0.0.1", verona.port))
    player = await verona.connects(user, sock=own, max_queue=2, max_size=None)
    await player.next()
    return player


def connection_of(verona: Stage, user: str) -> SharedConnection:
    return next(one for one in verona.chat.visitors if one.user.id == user)


async def say_until_behind(verona: Stage, talker: Player, room: str) -> int:
    """Say something large until the connection of `juliet` is behind; how often."""
    connection = connection_of(verona, "juliet")
    for number in range(10_000):
        if connection in verona.chat.turn.gathering.behind:
            return number
        await talker.says("x" * 40_000, client_id=f"{room}-{number}")
        await talker.next_of("ack")
    raise AssertionError("the kernel takes everything")


def test_a_flooded_room_does_not_hold_up_the_others(tmp_path: Path) -> None:
    async def play() -> None:
        settings = {"limits": {"send_buffer_bytes": 0, "message_chars": 0}}
        async with open_stage(tmp_path, settings) as verona:
            juliet = await hesitant(verona, "juliet")
            for room in ("flood", "quiet"):
                await juliet.joins(room)
            paris = await verona.enters("paris", "flood", v1=True)
            said = await say_until_behind(verona, paris, "flood")
            romeo = await verona.enters("romeo", "quiet", v1=True)
            for number in range(40):
                await paris.says("y" * 40_000, client_id=f"more-{number}")
                await romeo.says(str(number), client_id=str(number))
                await paris.next_of("ack")
            heard: list[tuple[str, int]] = []
            while len(heard) < said + 40 + 40:
                frame = await juliet.next_of("chat_message")
                heard.append((frame["room"], frame["seq"]))
            assert [seq for room, seq in heard if room == "flood"] == list(range(1, said + 41))
            assert [seq for room, seq in heard if room == "quiet"] == list(range(1, 41))
            assert heard.index(("quiet", 40)) < heard.index(("flood", said + 39)), "quiet waited for flood"
            assert not verona.chat.turn.gathering.behind

    asyncio.run(play())


def test_what_a_connection_may_be_behind_is_the_sum_over_its_rooms(tmp_path: Path) -> None:
    async def play() -> None:
        settings = {"limits": {"send_buffer_bytes": 1_000_000, "message_chars": 0}}
        async with open_stage(tmp_path, settings) as verona:
            juliet = await hesitant(verona, "juliet")
            rooms = [f"room{number}" for number in range(8)]
            for room in rooms:
                await juliet.joins(room)
            talkers = [await verona.enters("paris", room, v1=True) for room in rooms]
            await say_until_behind(verona, talkers[0], rooms[0])
            counts, said = verona.chat.counts, 0
            while not counts.slow:
                for talker in talkers:
                    await talker.says("y" * 40_000, client_id=f"more-{said}")
                    await talker.next_of("ack")
                said += 8
                assert said * 40_000 < 2_500_000, "each room counts by itself"
            assert await juliet.is_closed() in (1013, 1006)

    asyncio.run(play())


@pytest.mark.long
def test_a_history_longer_than_the_socket_takes_lets_other_rooms_through(tmp_path: Path) -> None:
    async def play() -> None:
        settings = {"limits": {"message_chars": 0, "resume_messages": 0}}
        async with open_stage(tmp_path, settings) as verona:
            paris = await verona.enters("paris", "long", v1=True)
            epoch = (await paris.next())["epoch"]
            for number in range(400):
                await paris.says("x" * 40_000, client_id=str(number))
                await paris.next_of("ack")
            juliet = await hesitant(verona, "juliet")
            await juliet.joins("quiet")
            await juliet.asks("join", id="j", room="long", since=0, epoch=epoch)
            romeo = await verona.enters("romeo", "quiet", v1=True)
            assert (await until(juliet, "welcome", "long"))["recovered"] is True
            await romeo.says("hear me", client_id="m")
            heard: list[tuple[str, int]] = []
            while len(heard) < 401:
                frame = await juliet.next_of("chat_message")
                heard.append((frame["room"], frame["seq"]))
            assert [seq for room, seq in heard if room == "long"] == list(range(1, 401))
            assert heard.index(("quiet", 1)) < heard.index(("long", 400))

    asyncio.run(play())


def test_rooms_with_news_at_once_are_told_with_one_write(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            juliet = await verona.connects("juliet")
            for room in ("a", "b", "c"):
                await juliet.joins(room)
            connection = connection_of(verona, "juliet")
            writes: list[int] = []
            write_all = connection._write_all
            connection._write_all = lambda parts: (writes.append(len(parts)), write_all(parts))[1]
            for room in ("a", "b", "c"):
                news = PresenceChange("join", Participant("romeo", "Romeo"))
                verona.chat.rooms.get(room).tell_presence([news])
            for _ in range(3):
                while (await juliet.next_of("user_join"))["user_id"] != "romeo":
                    pass
            assert writes[-1] >= 3

    asyncio.run(play())
