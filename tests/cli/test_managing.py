"""`tornchat user`, `room` and `audit`, with the server stopped and with the server running."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.process import run
from tests.service.test_directory import ROMEO, TYBALT
from tests.stage import open_stage, serving


def database(place: Path) -> tuple[str, str]:
    """A SQLite to which several processes may write."""
    return "--set", f"peewee.url=apsw:///{place / 'data' / 'tornchat.db'}"


def told(place: Path, *words: str) -> str:
    """What the command prints, which must succeed."""
    done = run(place, *words, "--set", f"tornchat.data_dir={place / 'data'}", *database(place))
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(place: Path, *words: str) -> str:
    """What the command says, which must fail."""
    done = run(place, *words, "--set", f"tornchat.data_dir={place / 'data'}", *database(place))
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.long
def test_rooms_with_the_server_stopped(tmp_path: Path) -> None:
    told(tmp_path, "room", "create", "hall")
    told(tmp_path, "room", "create", "cell", "--private", "--owner", "juliet")
    assert told(tmp_path, "room", "list") == "cell\tprivate\tjuliet\t0\nhall\tpublic\t-\t0\n"
    assert "this name already" in refused(tmp_path, "room", "create", "hall")
    assert "can be no room's name" in refused(tmp_path, "room", "create", "a b")
    assert "default room" in refused(tmp_path, "room", "create", "general", "--owner", "juliet")
    listed = told(tmp_path, "room", "members", "cell", "--give", "romeo", "moderator")
    assert listed == "juliet\towner\nromeo\tmoderator\n"
    assert "no role 'king'" in refused(tmp_path, "room", "members", "cell", "--give", "romeo", "king")
    assert "owns the room" in refused(tmp_path, "room", "members", "cell", "--remove", "juliet")
    assert told(tmp_path, "room", "members", "cell", "--remove", "romeo") == "juliet\towner\n"
    assert told(tmp_path, "room", "slow", "hall", "30") == "hall has slow mode: 30 s.\n"
    assert "no such room" in refused(tmp_path, "room", "slow", "nowhere", "30")
    texts = ("--title", " The hall ", "--topic", "Balls", "--kind", "private")
    assert told(tmp_path, "room", "describe", "hall", *texts) == "hall\tprivate\tThe hall\tBalls\n"
    assert told(tmp_path, "room", "describe", "hall", "--topic", "") == "hall\tprivate\tThe hall\t-\n"
    assert "at most 80" in refused(tmp_path, "room", "describe", "hall", "--title", "x" * 81)
    assert "no such room" in refused(tmp_path, "room", "describe", "nowhere", "--title", "x")
    told(tmp_path, "room", "delete", "hall", "--yes")
    assert "no such room" in refused(tmp_path, "room", "delete", "hall", "--yes")
    acts = [json.loads(line) for line in told(tmp_path, "audit", "--json").splitlines()]
    assert [one["action"] for one in acts] == [
        "create room",
        "create room",
        "set member",
        "remove member",
        "set slow mode",
        "describe room",
        "describe room",
        "delete room",
    ]
    assert all(one["actor"].startswith("console:") for one in acts)
    assert "romeo" in told(tmp_path, "audit", "--user", "romeo", "--limit", "1")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("user", "ban", "romeo", "--for", "1d"), 4003),
        (("user", "disconnect", "romeo"), 4003),
        (("user", "revoke", "romeo"), 4001),
        (("room", "members", "cell", "--remove", "romeo"), 4003),
        (("room", "delete", "cell", "--yes"), 4000),
    ],
    ids=lambda given: " ".join(given[:2]) if isinstance(given, tuple) else "",
)
@pytest.mark.long
def test_a_running_server_obeys_within_five_seconds(
    tmp_path: Path, words: tuple[str, ...], code: int
) -> None:
    told(tmp_path, "room", "create", "cell", "--private", "--owner", "juliet")
    told(tmp_path, "room", "members", "cell", "--give", "romeo", "member")

    async def play() -> None:
        romeo = await process.stage.enters("romeo", "cell")
        assert await romeo.next_of("room_users_list")
        closed = asyncio.create_task(romeo.is_closed())
        await asyncio.to_thread(told, tmp_path, *words)
        async with asyncio.timeout(5):
            assert await closed == code
        if words[:2] == ("user", "ban"):
            assert await (await process.stage.enters("romeo", "cell")).is_closed() == 4003
            await asyncio.to_thread(told, tmp_path, "user", "unban", "romeo")
            async with asyncio.timeout(5):
                while await (await process.stage.enters("romeo", "cell")).is_closed_at_once():
                    pass
        await process.stage.clear()

    with serving(tmp_path / "data", *database(tmp_path)) as process:
        asyncio.run(play())


@pytest.mark.long
def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    assert "not banned" in refused(tmp_path, "user", "unban", "romeo")
    assert told(tmp_path, "audit") == ""


@pytest.mark.long
def test_reports_are_listed_and_closed(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path / "data") as stage:
            for text in ("rude", "ruder\x1b"):
                await stage.chat.say("hall", text, sender=TYBALT)
            for seq in (1, 2):
                await stage.chat.reports.report(ROMEO, "hall", seq, "He is rude.")
            await stage.chat.blocks.block(ROMEO, "tybalt")
            await stage.chat.directory.create_room(ROMEO, "den")
            await stage.chat.inviting.invite(ROMEO, "den")

    told(tmp_path, "room", "create", "hall")
    asyncio.run(play())
    lines = [line.split("\t") for line in told(tmp_path, "reports").splitlines()]
    assert [line[2:] for line in lines] == [
        ["open", "hall", "2", "tybalt", "romeo", "He is rude.", "ruder\\x1b"],
        ["open", "hall", "1", "tybalt", "romeo", "He is rude.", "rude"],
    ]
    [left] = told(tmp_path, "reports", "--resolve", lines[0][0]).splitlines()
    assert left.split("\t") == lines[1]
    assert "no open report" in refused(tmp_path, "reports", "--dismiss", lines[0][0])
    [closed] = records(told(tmp_path, "reports", "--state", "resolved", "--json"))
    assert closed["closed_by"].startswith("console:")
    mine = records(told(tmp_path, "user", "export", "romeo"))
    assert [one["blocks"] for one in mine if "blocks" in one] == ["tybalt"]
    assert [one["report"]["reporter"] for one in mine if "report" in one] == ["romeo"] * 2
    assert [one["invite"]["room"] for one in mine if "invite" in one] == ["den"]
    about = records(told(tmp_path, "user", "export", "tybalt"))
    assert [one["report"]["reporter"] for one in about if "report" in one] == [""] * 2
    told(tmp_path, "user", "erase", "romeo", "--yes")
    assert told(tmp_path, "reports") == ""


def records(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.long
def test_a_user_is_exported_and_erased_while_the_server_runs(tmp_path: Path) -> None:
    async def play() -> None:
        stage = process.stage
        juliet = await stage.enters("juliet", "hall", v1=True)
        romeo = await stage.enters("romeo", "hall", v1=True)
        await romeo.says("perfidious rapier", client_id="unsheathed")
        assert await juliet.hears() == "perfidious rapier"
        await juliet.says("a word", client_id="1")
        found: list[dict[str, Any]] = []
        async with asyncio.timeout(10):
            while not any("user" in one for one in found):  # a name is stored within a second
                found = records(await asyncio.to_thread(told, tmp_path, "user", "export", "romeo"))
        assert [one["message"]["text"] for one in found if "message" in one] == ["perfidious rapier"]
        assert [one["user"]["username"] for one in found if "user" in one] == ["Romeo"]
        await romeo.leaves()
        assert await juliet.next_of("user_leave")
        erased = await asyncio.to_thread(told, tmp_path, "user", "erase", "romeo", "--yes")
        assert erased == "romeo is erased, with 1 messages and deletions.\n"
        async with asyncio.timeout(5):
            assert (await juliet.next_of("message_deleted"))["seq"] == 1
        later = await stage.enters("nurse", "hall", v1=True)
        first = await later.next_of("chat_message")
        assert (first["sender_id"], first["sender_username"], first["message"]) == ("(erased)", "erased", "")
        impostor = await stage.enters("(erased)", "hall")
        assert await impostor.is_closed() == 4001
        await stage.clear()

    with serving(tmp_path / "data", *database(tmp_path)) as process:
        asyncio.run(play())
    data = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("tornchat.db*"))
    assert [trace for trace in (b"rapier", b"unsheathed", b"Romeo") if trace in data] == []
    left = records(told(tmp_path, "user", "export", "romeo"))
    assert [one["audit"]["action"] for one in left] == ["erase user"]
