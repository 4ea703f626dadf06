"""Messages that change, as plays: edit and delete over WebSockets, with their races and refusals."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stage import Player, Stage, open_stage

Play = Callable[[Stage], Awaitable[None]]


def on_stage(tmp_path: Path, play: Play, **settings: dict[str, object]) -> None:
    async def main() -> None:
        async with open_stage(tmp_path, settings) as verona:
            await play(verona)

    asyncio.run(main())


async def tells(player: Player, **frame: object) -> None:
    await player.socket.send(json.dumps(frame))


async def edits(player: Player, client_id: str, seq: object, revision: object, message: object) -> None:
    await tells(player, type="edit", id=client_id, seq=seq, revision=revision, message=message)


async def deletes(player: Player, client_id: str, seq: object) -> None:
    await tells(player, type="delete", id=client_id, seq=seq)


async def says(player: Player, *texts: str) -> None:
    """Say these texts and wait until each is acknowledged."""
    for text in texts:
        await player.says(text, f"say {text}")
        await player.next_of("ack")


async def enters(verona: Stage, name: str, since: int | None = None, epoch: str = "") -> Player:
    """Enter with v1, and pass over all but the history, which starts after the user list."""
    query = {"since": since, "epoch": epoch} if since is not None else None
    player = await verona.enters(name, "general", v1=True, query=query)
    welcome = await player.next_of("welcome")
    player.epoch = welcome["epoch"]  # type: ignore[attr-defined]
    await player.next_of("room_users_list")
    return player


async def history(player: Player) -> list[dict[str, Any]]:
    """All frames up to `caught_up`, which is the last of them."""
    frames: list[dict[str, Any]] = []
    while not frames or frames[-1]["type"] != "caught_up":
        frames.append(await player.next())
    return frames


def short(frame: dict[str, Any]) -> tuple[Any, ...]:
    """Type, seq, text, revision and position of a frame, as far as it has them."""
    keys = ("type", "seq", "message", "revision", "position")
    return tuple(frame[key] for key in keys if key in frame)


def test_an_edit_is_told_and_acknowledged_and_later_histories_have_the_new_text(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await enters(verona, "juliet")
        await says(romeo, "helo")
        await edits(romeo, "e1", 1, 0, "hello")
        changed = await romeo.next_of("message_changed")
        assert changed.pop("edited_at").endswith("Z")
        assert changed == {
            "type": "message_changed",
            "seq": 1,
            "position": 2,
            "revision": 1,
            "message": "hello",
        }
        assert await romeo.next() == {"type": "ack", "id": "e1", "seq": 1, "position": 2}
        assert short(await juliet.next_of("message_changed")) == ("message_changed", 1, "hello", 1, 2)
        paris = await enters(verona, "paris")
        [message, end] = await history(paris)
        assert short(message) == ("chat_message", 1, "hello", 1, 2)
        assert message["edited_at"].endswith("Z")
        assert end == {"type": "caught_up", "position": 2}

    on_stage(tmp_path, play)


def test_a_deletion_over_the_socket_is_told_and_acknowledged(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await says(romeo, "a slip")
        await deletes(romeo, "d1", 1)
        assert await romeo.next_of("message_deleted") == {"type": "message_deleted", "seq": 1, "position": 2}
        assert await romeo.next() == {"type": "ack", "id": "d1", "seq": 1, "position": 2}
        await deletes(romeo, "d1", 1)
        assert await romeo.next() == {"type": "ack", "id": "d1", "seq": 1, "position": 2}
        await deletes(romeo, "d2", 1)
        assert await romeo.next() == {"type": "ack", "id": "d2", "seq": 1, "position": 2}, "it is deleted"
        paris = await enters(verona, "paris")
        assert list(map(short, await history(paris))) == [("chat_message", 1, "", 2), ("caught_up", 2)]

    on_stage(tmp_path, play)


REFUSED = [
    ({"type": "edit", "seq": 9, "revision": 0, "message": "x"}, "not_found"),
    ({"type": "edit", "seq": 0, "revision": 0, "message": "x"}, "not_found"),
    ({"type": "edit", "seq": 2, "revision": 0, "message": "x"}, "not_found"),  # deleted
    ({"type": "edit", "seq": 4, "revision": 0, "message": "x"}, "not_found"),  # a deletion
    ({"type": "edit", "seq": 3, "revision": 0, "message": "x"}, "forbidden"),  # somebody else's
    ({"type": "edit", "seq": 1, "revision": 1, "message": "x"}, "stale"),
    ({"type": "edit", "seq": 1, "revision": -1, "message": "x"}, "invalid_message"),
    ({"type": "edit", "seq": 1, "message": "x"}, "invalid_message"),
    ({"type": "edit", "seq": 1, "revision": 0}, "invalid_message"),
    ({"type": "edit", "seq": "1", "revision": 0, "message": "x"}, "invalid_message"),
    ({"type": "edit", "seq": 1, "revision": 0, "message": " "}, "empty_message"),
    ({"type": "edit", "seq": 1, "revision": 0, "message": "x" * 4001}, "message_too_long"),
    ({"type": "edit", "seq": 2**60, "revision": 0, "message": "x"}, "invalid_message"),
    ({"type": "delete", "seq": 9}, "not_found"),
    ({"type": "delete", "seq": 4}, "not_found"),
    ({"type": "delete", "seq": 3}, "forbidden"),
    ({"type": "delete"}, "invalid_message"),
    ({"type": "redact", "seq": 1}, "invalid_message"),
]


def test_what_can_not_be_done_is_refused_with_its_code(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await enters(verona, "juliet")
        await says(romeo, "one", "two")
        await says(juliet, "juliet's")
        await deletes(romeo, "d", 2)
        await romeo.next_of("ack")
        for number, (frame, code) in enumerate(REFUSED):
            player = juliet if number % 2 and code in ("not_found", "invalid_message") else romeo
            await tells(player, id=f"bad{number}", **frame)
            error = await player.next_of("error")
            assert (error["code"], error["id"]) == (code, f"bad{number}"), frame
            assert error.get("revision") == (0 if code == "stale" else None)
        await says(romeo, "three")
        [*_, last] = await history(await enters(verona, "paris"))
        assert last["position"] == 5, "nothing of it was stored"

    on_stage(tmp_path, play, limits={"messages_per_second": 0})


def test_of_two_edits_with_one_revision_the_first_wins_and_the_other_is_told_the_present_one(
    tmp_path: Path,
) -> None:
    async def play(verona: Stage) -> None:
        tabs = [await enters(verona, "romeo"), await enters(verona, "romeo")]
        await says(tabs[0], "one")
        await asyncio.gather(*(edits(tab, f"e{n}", 1, 0, f"edit {n}") for n, tab in enumerate(tabs)))
        answers = [await _answer(tab, f"e{n}") for n, tab in enumerate(tabs)]
        assert sorted(answer["type"] for answer in answers) == ["ack", "error"]
        error = next(answer for answer in answers if answer["type"] == "error")
        assert (error["code"], error["revision"]) == ("stale", 1)

    on_stage(tmp_path, play)


async def _answer(player: Player, client_id: str) -> dict[str, Any]:
    while True:
        frame = await player.next()
        if frame.get("id") == client_id:
            return frame


@pytest.mark.parametrize("first", ["edit", "delete"])
def test_a_deletion_wins_before_and_after_an_edit(tmp_path: Path, first: str) -> None:
    async def play(verona: Stage) -> None:
        tabs = [await enters(verona, "romeo"), await enters(verona, "romeo")]
        await says(tabs[0], "one")
        calls = [edits(tabs[0], "e", 1, 0, "two"), deletes(tabs[1], "d", 1)]
        await asyncio.gather(*(calls if first == "edit" else reversed(calls)))
        await _answer(tabs[0], "e")
        assert (await _answer(tabs[1], "d"))["type"] == "ack"
        message, _ = await history(await enters(verona, "paris"))
        assert (message["seq"], message["message"]) == (1, "")
        page = await verona.chat._hooks.read_history("general", 0, None, 100)
        assert {entry.text for entry in page.entries} == {""}, "the edit keeps no text, either"

    on_stage(tmp_path, play)


def test_a_repeat_gets_the_first_ack_whatever_happened_since(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await says(romeo, "one")
        await edits(romeo, "e1", 1, 0, "two")
        await edits(romeo, "e2", 1, 1, "three")
        acks = {name: await _answer(romeo, name) for name in ("e1", "e2")}
        for again in range(3):
            await romeo.says("one", "say one")  # its text is another one now
            assert await _answer(romeo, "say one") == {"type": "ack", "id": "say one", "seq": 1}
            await edits(romeo, "e2", 1, 1, "three")
            assert await _answer(romeo, "e2") == acks["e2"]
            if not again:
                await edits(romeo, "e1", 1, 0, "another")
                assert (await _answer(romeo, "e1"))["code"] == "conflict"
            await edits(romeo, "e1", 1, 0, "two")
            assert await _answer(romeo, "e1") == acks["e1"]
            if again == 1:
                await deletes(romeo, "d", 1)
                await _answer(romeo, "d")
        [*_, last] = await history(await enters(verona, "paris"))
        assert last["position"] == 4

    on_stage(tmp_path, play)


def test_a_resume_tells_new_messages_and_deletions_and_then_what_older_ones_are_now(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await enters(verona, "juliet")
        await says(romeo, "one", "two", "three")  # 1, 2, 3
        await juliet.leaves()
        await edits(romeo, "e1", 1, 0, "uno")  # 4
        await romeo.next_of("ack")
        await says(romeo, "four")  # 5
        await edits(romeo, "e2", 1, 1, "un")  # 6
        await edits(romeo, "e3", 5, 0, "quatre")  # 7
        await deletes(romeo, "d1", 2)  # 8
        for _ in range(3):
            await romeo.next_of("ack")
        for loaded in (True, False):
            if not loaded:
                verona.chat.rooms.loaded()  # the room stays, its tail is forgotten
                room = verona.chat.rooms.get("general")
                room.tail.acts_since = room.tail.messages_since = room.seq
                room.tail.messages.clear()
                room.tail.acts.clear()
                room.streams.clear()
            resumed = await enters(verona, "juliet", since=3, epoch=romeo.epoch)  # type: ignore[attr-defined]
            assert list(map(short, await history(resumed))) == [
                ("chat_message", 5, "quatre", 1, 7),
                ("message_deleted", 2, 8),
                ("message_changed", 1, "un", 2, 6),
                ("caught_up", 8),
            ]

    on_stage(tmp_path, play)


def test_a_history_counts_messages_and_not_what_happened_to_them(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await says(romeo, "one", "two", "three")
        for number in range(10):
            await edits(romeo, f"e{number}", 3, number, f"edit {number}")
            await romeo.next_of("ack")
        frames = await history(await enters(verona, "paris"))
        assert [frame.get("seq") for frame in frames] == [2, 3, None]

    on_stage(tmp_path, play, rooms={"history_limit": 2})


def test_classic_is_told_messages_only_in_their_present_state(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, tybalt = await enters(verona, "romeo"), await verona.enters("tybalt", "general")
        await says(romeo, "one", "two")
        await edits(romeo, "e1", 1, 0, "uno")
        await deletes(romeo, "d1", 2)
        await romeo.next_of("ack")
        await romeo.next_of("ack")
        await says(romeo, "three")
        assert [await tybalt.hears() for _ in range(3)] == ["one", "two", "three"]
        paris = await verona.enters("paris", "general")
        assert (await paris.next())["type"] == "room_users_list"
        frame = await paris.next()
        assert set(frame) == {"type", "message", "sender_username", "sender_id", "timestamp"}
        assert frame["message"] == "uno"
        assert (await paris.next())["message"] == "three"
        assert (await paris.next())["type"] == "user_join"

    on_stage(tmp_path, play)


def test_the_time_to_edit_ends(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await says(romeo, "one")
        await edits(romeo, "in time", 1, 0, "two")
        await _answer(romeo, "in time")
        await asyncio.sleep(1.05)
        await edits(romeo, "late", 1, 1, "three")
        assert (await _answer(romeo, "late"))["code"] == "forbidden"
        await edits(romeo, "in time", 1, 0, "two")
        assert (await _answer(romeo, "in time"))["type"] == "ack", "a repeat is no edit"

    on_stage(tmp_path, play, messages={"edit_seconds": 1})
