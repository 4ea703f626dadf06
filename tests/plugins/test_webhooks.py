"""The plugin `webhooks`: signed, filtered, and nothing lost, whatever the receiver or the server does."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
from pathlib import Path
from typing import Any

import pytest
from tornchat_webhooks.addresses import PublicResolver
from tornchat_webhooks.targets import read_targets

from tests.nodes import until
from tests.plugins.receiver import SECRET, Receiver, receiving
from tests.stage import open_stage, serving
from tornchat import Mentions, More, SettingsError, User
from tornchat.wire import Said

ANN = User("ann", "ann")
PLUGINS = "jwt", "peewee", "local", "webhooks"


def staged(receiver: Receiver, place: Path, allow: str = "127.0.0.0/8", **more: object) -> Any:
    """A server that posts to the receiver."""
    file = receiver.file(place / "webhooks.toml", **more)
    webhooks = {"file": str(file), "allow": allow}
    return open_stage(place, {"tornchat": {"plugins": PLUGINS}, "webhooks": webhooks})


async def say(stage: Any, room: str, *texts: str) -> None:
    await stage.chat._hooks.open_room(room, ANN, True, 0, None)
    for text in texts:
        await stage.chat.say(room, text, sender=ANN)


def messages(receiver: Receiver, room: str) -> list[str]:
    return [entry["message"] for entry in receiver.entries(room)]


async def held(stage: Any) -> None:
    await until(lambda: bool(stage.chat.consumers.held()), 10, "a lease")


async def stored_error(stage: Any) -> str:
    """What is stored of the first failure; it is stored after it was counted."""
    async with asyncio.timeout(10):
        while True:
            for cursor in await stage.chat._hooks.read_cursors("webhooks:first", None, 10):
                if cursor.error:
                    return str(cursor.error)


@pytest.mark.parametrize("batch", [True, False])
def test_entries_are_posted_signed_and_in_order(tmp_path: Path, batch: bool) -> None:
    async def play() -> None:
        async with receiving() as receiver, staged(receiver, tmp_path, batch=batch) as stage:
            await held(stage)
            await say(stage, "tea", "a", "b", "c")
            await receiver.until(lambda: len(receiver.entries("tea")) == 3)
            assert messages(receiver, "tea") == ["a", "b", "c"]
            first = receiver.posts[0]
            assert first["type"] == "room.entries"
            assert first["data"]["entries"][0]["id"] == f"{first['data']['epoch']}:1"
            if not batch:
                assert receiver.ids == [entry["id"] for entry in receiver.entries("tea")]

    asyncio.run(play())


@pytest.mark.long
def test_only_its_rooms_and_kinds_are_posted(tmp_path: Path) -> None:
    async def play() -> None:
        async with (
            receiving() as receiver,
            staged(receiver, tmp_path, rooms=["tea"], kinds=["deletion"]) as stage,
        ):
            await held(stage)
            await say(stage, "tea", "a")
            await say(stage, "den", "b")
            for room in ("den", "tea"):
                await stage.chat.delete(room, 1, by=ANN)
            await receiver.until(lambda: bool(receiver.posts))
            [entry] = receiver.entries("tea")
            assert (entry["kind"], entry["target"], receiver.entries("den")) == ("deletion", 1, [])

    asyncio.run(play())


def test_what_messages_say_beyond_their_texts_is_posted(tmp_path: Path) -> None:
    async def play() -> None:
        async with receiving() as receiver, staged(receiver, tmp_path) as stage:
            await held(stage)
            await say(stage, "tea", "root")
            mentions, meta = Mentions(("bob",), True), '{"colour":"red"}'
            more = More(reply_to=1, thread=1, mentions=mentions, meta=meta)
            await stage.chat.posting.post(ANN, "tea", Said("reply", more=more))
            await receiver.until(lambda: len(receiver.keys("tea")) == 2)
            root, reply = receiver.entries("tea")
            names = ("reply_to", "thread", "mentions", "meta")
            assert not {*names} & {*root}
            wanted = [1, 1, {"users": ["bob"], "room": True}, {"colour": "red"}]
            assert [reply[name] for name in names] == wanted

    asyncio.run(play())


def test_what_changes_a_message_is_posted_with_what_it_changed(tmp_path: Path) -> None:
    async def play() -> None:
        async with receiving() as receiver, staged(receiver, tmp_path) as stage:
            await held(stage)
            await say(stage, "tea", "a cup")
            await stage.chat.edit("tea", 1, "two cups", by=ANN)
            await stage.chat.mark("tea", 1, "reaction", ["\N{HOT BEVERAGE}"], by=ANN)
            await stage.chat.mark("tea", 1, "reaction", [], by=ANN)
            await receiver.until(lambda: len(receiver.keys("tea")) == 4)
            _, edit, put, taken = receiver.entries("tea")
            assert (edit["kind"], edit["message"], edit["revision"]) == ("edit", "two cups", 1)
            told = [
                [entry[name] for name in ("target", "added", "removed", "counts")] for entry in (put, taken)
            ]
            assert told == [
                [1, ["\N{HOT BEVERAGE}"], [], {"\N{HOT BEVERAGE}": 1}],
                [1, [], ["\N{HOT BEVERAGE}"], {"\N{HOT BEVERAGE}": 0}],
            ]

    asyncio.run(play())


def test_a_streamed_message_is_posted_piece_by_piece_and_whole_at_its_end(tmp_path: Path) -> None:
    async def play() -> None:
        async with receiving() as receiver, staged(receiver, tmp_path) as stage:
            await held(stage)
            await stage.chat._hooks.open_room("tea", ANN, True, 0, None)
            async with stage.chat.stream("tea", sender=ANN) as answer:
                for posted, piece in enumerate(("It is ", "the \N{SUN WITH FACE} ", "east."), 1):
                    await answer.write(piece)
                    await receiver.until(lambda count=posted: len(receiver.keys("tea")) == count)
            await receiver.until(lambda: len(receiver.keys("tea")) == 4)
            start, second, third, end = receiver.entries("tea")
            assert (start["kind"], start["message"], start["status"]) == ("message", "It is ", "open")
            pieces = [(piece["kind"], piece["offset"], piece["message"]) for piece in (second, third)]
            assert pieces == [("append", 6, "the \N{SUN WITH FACE} "), ("append", 12, "east.")]
            assert (end["kind"], end["status"], end["target"]) == ("close", "complete", 1)
            assert end["message"] == "It is the \N{SUN WITH FACE} east."

    asyncio.run(play())


@pytest.mark.parametrize("trouble", [500, 404, 302, "reset", "hang"])
def test_what_the_receiver_does_not_take_is_posted_again(
    tmp_path: Path, trouble: int | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tornchat.log.roomqueue.FIRST_PAUSE", 0.05)

    async def play() -> None:
        async with receiving() as receiver, staged(receiver, tmp_path, timeout=0.3) as stage:
            await held(stage)
            receiver.status = trouble
            await say(stage, "tea", "a", "b")
            await receiver.until(lambda: receiver.refused >= 2)
            receiver.status = 200
            await receiver.until(lambda: len(receiver.keys("tea")) == 2)
            assert [key.partition(":")[2] for key in receiver.keys("tea")] == ["1", "2"]
            assert receiver.posts[0]["data"]["entries"][0]["message"] == "a"

    asyncio.run(play())


def test_one_by_one_only_the_rest_is_posted_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tornchat.log.roomqueue.FIRST_PAUSE", 0.05)

    async def play() -> None:
        async with receiving() as receiver, staged(receiver, tmp_path, batch=False) as stage:
            took = receiver.took

            def breaks(handler: Any) -> None:
                took(handler)
                receiver.status = 500 if len(receiver.posts) == 2 else 200

            receiver.took = breaks  # type: ignore[method-assign]
            await held(stage)
            receiver.status = 500
            await say(stage, "tea", "a", "b", "c", "d")
            receiver.status = 200
            await receiver.until(lambda: receiver.status == 500)
            await receiver.until(lambda: receiver.refused > 1)
            receiver.status = 200
            await receiver.until(lambda: len(receiver.posts) == 4)
            assert messages(receiver, "tea") == ["a", "b", "c", "d"]

    asyncio.run(play())


def test_private_addresses_get_nothing(tmp_path: Path) -> None:
    async def play() -> None:
        async with receiving() as receiver, staged(receiver, tmp_path, allow="10.0.0.0/8") as stage:
            await held(stage)
            await say(stage, "tea", "a")
            assert "webhook first (127.0.0.1)" in await stored_error(stage)
            assert (receiver.posts, receiver.refused) == ([], 0)

    asyncio.run(play())


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("93.184.216.34", True),
        ("10.1.2.3", True),
        ("10.2.2.3", False),
        ("127.0.0.1", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.1.2.3", True),
        ("fe80::1%eth0", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),
        ("2606:2800:220:1::1", True),
    ],
)
def test_which_addresses_are_private(address: str, allowed: bool) -> None:
    async def play() -> bool:
        return PublicResolver(allowed=(ipaddress.ip_network("10.1.0.0/16"),)).allows(address)

    assert asyncio.run(play()) is allowed


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('url = "ftp://x"', "not http:// or https://"),
        ('url = "https://me:key@example.org/"', "credentials"),
        ('url = "https://example.org:99999/"', "a URL that is none"),
        ('url = "https://example.org/"\nsecret = "whsec_c2hvcnQ="', "24 to 64 bytes"),
        ('url = "https://example.org/"\nroom = "tea"', "unknown field"),
        ("url = 7", "Expected `str`"),
    ],
)
def test_a_wrong_file_stops_the_start_and_shows_no_secret(tmp_path: Path, line: str, words: str) -> None:
    file = tmp_path / "webhooks.toml"
    secret = "" if "secret" in line else f'\nsecret = "{SECRET}"'
    file.write_text(f"[first]\n{line}{secret}\n")
    with pytest.raises(SettingsError) as error:
        read_targets(file)
    assert words in str(error.value)
    assert SECRET not in str(error.value)
    assert "key@" not in str(error.value)
    with pytest.raises(SettingsError, match="can't be read"):
        read_targets(tmp_path / "nothing.toml")


def test_the_page_shows_a_file_that_is_read_and_the_body_that_is_posted(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
    [file, _], [body] = (re.findall(rf"^```{kind}\n(.*?)```", page, re.M | re.S) for kind in ("toml", "json"))
    (tmp_path / "webhooks.toml").write_text(file)
    assert list(read_targets(tmp_path / "webhooks.toml")) == ["orders"]

    async def play() -> None:
        async with receiving() as receiver, staged(receiver, tmp_path / "chat") as stage:
            await held(stage)
            await say(stage, "tea", "hello")
            await receiver.until(lambda: bool(receiver.posts))
            [shown], [posted] = json.loads(body)["data"]["entries"], receiver.entries("tea")
            assert {**receiver.posts[0]["data"], "entries": []}.keys() == json.loads(body)["data"].keys()
            assert posted.keys() == shown.keys()

    asyncio.run(play())


@pytest.mark.long
def test_nothing_is_lost_over_an_outage_of_the_receiver_and_kills_of_the_server(tmp_path: Path) -> None:
    place = tmp_path / "data"
    kills, each = 4, 25

    async def speak(process: Any, number: int) -> None:
        """Say things, and kill the server while they are being posted."""
        ann = await process.stage.enters("ann", "tea", v1=True)
        for nth in range(each):
            await ann.says(f"{number}-{nth}", f"{number}-{nth}")
        for _ in range(each):
            await ann.next_of("ack")
        await asyncio.to_thread(process.kill)

    async def play() -> None:
        async with receiving() as receiver:
            file = receiver.file(tmp_path / "webhooks.toml", start="beginning", timeout=1.0)
            options = [f"webhooks.file={file}", "webhooks.allow=127.0.0.0/8"]
            options.append(f"tornchat.plugins={','.join(PLUGINS)}")
            words = [word for option in options for word in ("--set", option)]
            for number in range(kills):
                receiver.status = 500 if number % 2 else 200
                with serving(place, *words) as process:
                    await speak(process, number)
            receiver.status = 200
            with serving(place, *words):
                await receiver.until(lambda: len(receiver.keys("tea")) == kills * each)
            found = [key.partition(":")[2] for key in receiver.keys("tea")]
            assert found == [str(seq) for seq in range(1, kills * each + 1)]

    asyncio.run(play())
