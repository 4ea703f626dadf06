"""Incoming webhooks: real HTTP calls speak as a bot, within limits, and their secrets show nowhere."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient
from tornchat_webhooks.doors import Door, Spec, read_doors

from tests.hosting import hosting, settings
from tests.stage import open_stage
from tornchat import ChatApp, Draft, Rejected, SettingsError, User, hookimpl

SECRET = "s3cret-" * 6
ANN = User("ann", "ann")
PAGE = Path(__file__).parents[2] / "docs" / "webhooks.md"


def written(place: Path, **more: object) -> Path:
    values = {"secret": SECRET, "room": "ops", "username": "Alerts", **more}
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    file = place / "incoming.toml"
    file.write_text("\n".join(["[alerts]", *lines, ""]))
    return file


def sections(place: Path, *plugins: str, **more: object) -> dict[str, dict[str, object]]:
    return {
        "tornchat": {"plugins": ["jwt", "peewee", "local", "webhooks", *plugins]},
        "webhooks": {"incoming": str(written(place, **more)), "file": str(place / "nothing.toml")},
    }


async def posted(address: str, body: object, secret: str = SECRET, **headers: str) -> tuple[int, Any]:
    text = body if isinstance(body, (bytes, str)) else json.dumps(body)
    url = f"http://{address}/api/incoming/{secret}"
    answer = await AsyncHTTPClient().fetch(url, method="POST", body=text, headers=headers, raise_error=False)
    return answer.code, json.loads(answer.body)


def test_it_speaks_as_a_bot_once_per_key(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def play() -> None:
        async with open_stage(tmp_path, sections(tmp_path)) as stage:
            address = f"127.0.0.1:{stage.port}"
            for _ in range(2):
                assert (await posted(address, {"message": "lost"}))[1]["code"] == "room_not_found"
            lines = [line.getMessage() for line in caplog.records if line.name == "tornchat.webhooks"]
            assert lines == ["webhook:alerts is called, and its room does not exist"]
            await stage.chat.create_room("ops", by=ANN, private=True)
            ann = await stage.enters("ann", "ops", v1=True)
            key = {"Idempotency-Key": "k1"}
            assert await posted(address, {"message": "disk full", "more": 1}, **key) == (201, {"seq": 1})
            assert await posted(address, {"message": "disk full"}, **key) == (200, {"seq": 1})
            assert (await posted(address, {"message": "other"}, **key))[0] == 409
            frame = await ann.next_of("chat_message")
            assert (frame["message"], frame["sender_username"]) == ("disk full", "Alerts")
            [entry] = (await stage.chat.history("ops")).entries
            assert entry.sender_id == "webhook:alerts"

    asyncio.run(play())


class Strict:
    @hookimpl
    def filter_message(self, draft: Draft, user: User) -> Draft:
        assert user.roles == {"bot"}
        if draft.text == "darn":
            raise Rejected("not here")
        return draft


def test_bad_calls_are_refused_and_nothing_is_stored(tmp_path: Path) -> None:
    async def play() -> None:
        given = sections(tmp_path, "strict")
        async with open_stage(tmp_path, given, {"strict": Strict}) as stage:
            address = f"127.0.0.1:{stage.port}"
            await stage.chat.create_room("ops", by=ANN)
            for body, status in (
                (b"{", 400),
                (b"\xff", 400),
                ({"text": "x"}, 400),
                ({"message": 7}, 400),
                ({"message": " "}, 422),
                ({"message": "darn"}, 422),
                ({"message": "x" * 20_000}, 422),
                ({"message": "x" * 70_000}, 413),
            ):
                assert (await posted(address, body))[0] == status, body
            assert (await posted(address, {"message": "x"}, **{"Idempotency-Key": "k" * 65}))[0] == 400
            assert (await posted(address, {"message": "x"}, "wrong"))[0] == 404
            got = await AsyncHTTPClient().fetch(f"http://{address}/api/incoming/{SECRET}", raise_error=False)
            assert (got.code, got.headers["Allow"]) == (405, "POST")
            assert (await stage.chat.history("ops")).head_seq == 0

    asyncio.run(play())


def test_a_rate_is_kept(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path, sections(tmp_path, per_minute=2)) as stage:
            address = f"127.0.0.1:{stage.port}"
            await stage.chat.create_room("ops", by=ANN)
            answers = [(await posted(address, {"message": str(nth)}))[0] for nth in range(3)]
            assert answers == [201, 201, 429]

    asyncio.run(play())
    clock = [0.0]
    door = Door("x", Spec(secret=SECRET, room="ops", username="x", per_minute=60), lambda: clock[0])
    assert [door.wait() for _ in range(61)][59:] == [0.0, 1.0]
    clock[0] = 1.5
    assert (door.wait(), door.wait()) == (0.0, 0.5)


@pytest.mark.gen_test
async def test_no_line_shows_the_secret_in_any_host(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host's application logs every request by Tornado's access log."""
    caplog.set_level(logging.DEBUG)
    chat = ChatApp(settings(tmp_path, **sections(tmp_path)))
    async with hosting(chat.routes("/talk"), chat) as host:
        await chat.create_room("ops", by=ANN)
        address = f"{host.address}/talk"
        assert (await posted(address, {"message": "hello"}))[0] == 201
        assert (await posted(address, b"{"))[0] == 400

        def broken(secret: str) -> None:
            raise RuntimeError("broken")

        monkeypatch.setattr("tornchat_webhooks.doors.Doors.find", lambda self, secret: broken(secret))
        assert (await posted(address, {"message": "hello"}))[0] == 500
    assert "an incoming webhook failed" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"secret": "short"}, "32 to 128"),
        ({"secret": "ä" * 40}, "32 to 128"),
        ({"room": ""}, "no room"),
        ({"per_minute": 0}, "per_minute"),
        ({"rooms": "ops"}, "unknown field"),
        ({"secret": 7}, "Expected `str`"),
    ],
)
def test_a_wrong_file_stops_the_start(tmp_path: Path, more: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError) as error:
        read_doors(written(tmp_path, **more))
    assert words in str(error.value)
    assert SECRET not in str(error.value)


def test_two_with_one_secret_and_no_file_stop_the_start(tmp_path: Path) -> None:
    file = written(tmp_path)
    file.write_text(file.read_text() + file.read_text().replace("alerts", "others"))
    with pytest.raises(SettingsError, match="secret of alerts"):
        read_doors(file)
    with pytest.raises(SettingsError, match="can't be read"):
        read_doors(tmp_path / "nothing")
    assert SECRET not in repr(Spec(secret=SECRET, room="ops", username="x"))


def test_the_file_of_the_page_is_read(tmp_path: Path) -> None:
    _, file = re.findall(r"^```toml\n(.*?)```", PAGE.read_text(), re.M | re.S)
    (tmp_path / "incoming.toml").write_text(file)
    door = read_doors(tmp_path / "incoming.toml").find("QSBzZWNyZXQgb2YgMzIgY2hhcmFjdGVycyBvciBtb3Jl")
    assert door is not None
    assert door.room == "ops"
