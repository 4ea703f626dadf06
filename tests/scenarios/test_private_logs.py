"""A private room on a running server: no line of the log shows its name, whatever happens to it."""

from __future__ import annotations

import asyncio
import logging
import re
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import msgspec
import pytest

from tests.stage import open_stage
from tornchat import RoomInfo, RoomSummary, User
from tornchat.wire import Said

CELL = "zebra-cell"
JULIET = User("juliet", "Juliet")
PRINCE = User("prince", "Prince", frozenset({"admin"}))
LIMITS = {"message_chars": 10}


def called(url: str, token: str) -> None:
    try:
        urlopen(Request(url, headers={"Authorization": f"Bearer {token}"}), timeout=10).close()
    except HTTPError as error:
        error.close()


def test_no_line_shows_the_name_of_a_private_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play() -> None:
        async with open_stage(tmp_path, {"limits": LIMITS}) as stage:
            chat = stage.chat
            await chat.directory.create_room(JULIET, CELL, True)
            await chat.directory.set_member(JULIET, CELL, "romeo", "moderator")
            romeo = await stage.enters("romeo", CELL, v1=True)
            await romeo.says("hello", client_id="1")
            await romeo.says("x" * 11, client_id="2")
            await romeo.next_of("error")
            await chat.moderation.mute(JULIET, CELL, "romeo", 60)
            room = chat.rooms._loaded[CELL]
            chat.rooms._recovery._note(room, 2)
            await chat.rooms._went_back(room)
            assert await romeo.is_closed() == 4010
            await chat.moderation.lift(JULIET, CELL, "romeo", "mute")
            again = await stage.enters("romeo", CELL, v1=True)
            monkeypatch.setattr(chat.reading, "read_history", fails)
            url = f"http://127.0.0.1:{stage.port}/api/rooms/{CELL}/messages"
            await asyncio.to_thread(called, url, stage.token("romeo"))
            await chat.posting.post(JULIET, CELL, Said("text"))
            await chat.directory.delete_room(JULIET, CELL)
            assert await again.is_closed() == 4000

    async def fails(*args: object, **kwargs: object) -> None:
        raise RuntimeError("a fault of the server")

    with caplog.at_level(logging.INFO):
        asyncio.run(play())
    events = {vars(record).get("event") for record in caplog.records}
    assert {"connect", "close", "limit", "gap_repaired", "position_lost", "room_deleted", "audit"} <= events
    assert "a fault of the server" in caplog.text
    shown = [record for record in caplog.records if CELL in f"{record.getMessage()} {vars(record)}"]
    assert shown == []
    names = {vars(record)["room"] for record in caplog.records if "room" in vars(record)}
    digests = names - {"private:"}
    assert len(digests) == 2, "one digest before, and one after the room was given a new epoch"
    users = {"user", "actor", "target", "session"}
    beside = [
        vars(one) for one in caplog.records if vars(one).get("room") in digests and users & vars(one).keys()
    ]
    assert beside == [], "a line with a user and a digest shows who is in which private room"
    acts = [vars(one) for one in caplog.records if vars(one).get("event") == "audit"]
    assert {one["action"]: one["target"] for one in acts}["set member"] == "", "two members in one line"
    for record in caplog.records:
        assert not re.search("private:[0-9a-f]{2}", record.getMessage()) or not re.search(
            "romeo|juliet", record.getMessage()
        )


def test_a_digest_is_the_rooms_own_and_can_not_be_guessed_from_its_name() -> None:
    info = RoomInfo(CELL, "epoch", private=True)
    assert info.logged == RoomInfo(CELL, "epoch", True, "juliet").logged
    assert info.logged == RoomSummary(CELL, "epoch", True, None, 7).logged
    assert info.logged.startswith("private:")
    assert msgspec.structs.replace(info, epoch="another").logged != info.logged
    assert RoomInfo("hall", "epoch").logged == "hall"
