"""The client edits and deletes, and keeps its messages in their present state over all connections."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.client.play import enter, next_of
from tests.stage import Stage, open_stage
from tornchat.client import (
    CaughtUp,
    Client,
    Disconnected,
    MarkChange,
    Marked,
    Message,
    MessageChanged,
    MessageDeleted,
    SendRefused,
    Tally,
)
from tornchat.client.messages import MOST_MESSAGES, Messages
from tornchat.model import Mentions, Replies

THEN = datetime(2024, 3, 14, tzinfo=UTC)


def texts(chat: Client) -> dict[int, tuple[str, int]]:
    return {seq: (message.text, message.revision) for seq, message in chat.messages.items()}


def cut_off(verona: Stage, user: str) -> None:
    for member in verona.chat.rooms.get("hall").members():
        if member.user.id == user:
            member.outlet.end(1001, "retry_after=0.3")


def test_what_is_edited_and_deleted_is_told_and_kept(tmp_path: Path) -> None:
    async def play() -> None:
        async with (
            open_stage(tmp_path) as verona,
            enter(verona, "romeo") as romeo,
            enter(verona, "juliet") as juliet,
        ):
            for text in ("one", "two"):
                await romeo.send(text)
            assert await romeo.edit(1, "uno") == 3
            assert await romeo.edit(1, "un") == 4
            assert await romeo.delete(2) == 5
            changed = await next_of(juliet, MessageChanged)
            assert (changed.seq, changed.position, changed.revision, changed.text) == (1, 3, 1, "uno")
            assert (await next_of(juliet, MessageDeleted)).seq == 2
            assert texts(juliet) == texts(romeo) == {1: ("un", 2), 2: ("", 0)}
            with pytest.raises(SendRefused) as refused:
                await romeo.edit(1, "late", revision=1)
            assert (refused.value.code, refused.value.revision) == ("stale", 2)
            with pytest.raises(SendRefused, match="forbidden"):
                await juliet.edit(1, "mine")

    asyncio.run(play())


def test_what_changed_meanwhile_is_told_after_the_new_messages(tmp_path: Path) -> None:
    async def play() -> None:
        async with (
            open_stage(tmp_path) as verona,
            enter(verona, "romeo") as romeo,
            enter(verona, "juliet") as juliet,
        ):
            for text in ("one", "two", "three"):
                await romeo.send(text)
            while (await next_of(juliet, Message)).seq < 3:
                pass
            for again in range(1, 3):
                cut_off(verona, "juliet")
                await romeo.edit(1, f"edit {again}")
                seq = await romeo.send("new")
                await romeo.edit(seq, "newer")
                if again == 1:
                    await romeo.delete(2)
                assert (await next_of(juliet, Message)).text == "newer"
                changed = await next_of(juliet, MessageChanged)
                assert (changed.seq, changed.text) == (1, f"edit {again}")
                await next_of(juliet, CaughtUp)
                assert texts(juliet) == texts(romeo)

    asyncio.run(play())


def message(seq: int, text: str = "hello", position: int = 0) -> Message:
    return Message(seq, "r", "Romeo", text, THEN, position=position)


def test_a_resume_that_breaks_off_and_begins_again_tells_nothing_twice() -> None:
    messages = Messages()
    first = [message(1), message(3, "three", 4), MessageDeleted(1, 5)]
    for frame in first:
        assert messages.news(frame) == frame
        messages.apply(frame)
    assert [messages.news(frame) for frame in first] == [None, None, None]
    later = message(3, "edited since", 9)
    assert messages.news(later) == MessageChanged(3, 9, 0, "edited since", None)
    assert messages.news(message(3, "", 9)) == MessageDeleted(3, 9)


def test_older_changes_and_those_of_messages_that_are_not_held_change_nothing() -> None:
    messages = Messages()
    messages.apply(message(3, "three", 7))
    for change in (MessageChanged(3, 7, 1, "x"), MessageChanged(3, 4, 1, "x")):
        assert messages.news(change) is None
        messages.apply(change)
    other = MessageChanged(2, 9, 1, "x")
    assert messages.news(other) == other, "somebody may have kept it"
    messages.apply(other)
    assert dict(messages) == {3: message(3, "three", 7)}


def test_the_newest_are_kept() -> None:
    messages = Messages()
    for seq in range(1, MOST_MESSAGES + 3):
        messages.apply(message(seq))
    assert (len(messages), min(messages), max(messages)) == (MOST_MESSAGES, 3, MOST_MESSAGES + 2)


def test_threads_mentions_and_meta_are_sent_told_and_kept(tmp_path: Path) -> None:
    async def play() -> None:
        async with (
            open_stage(tmp_path) as verona,
            enter(verona, "romeo") as romeo,
            enter(verona, "juliet") as juliet,
        ):
            await romeo.send("root")
            seq = await romeo.send("reply", reply_to=1, thread=1, mentions=["juliet"], meta={"a": 1})
            await juliet.send("another", thread=1)
            while (told := await next_of(juliet, Message)).seq < seq:
                pass
            assert (told.reply_to, told.thread, told.meta) == (1, 1, {"a": 1})
            assert told.mentions == Mentions(("juliet",))
            with pytest.raises(SendRefused, match="invalid_message"):
                await romeo.send("in a thread of a thread", thread=seq)
            with pytest.raises(SendRefused, match="not_found"):
                await romeo.send("to nothing", reply_to=99)
            await romeo.edit(seq, "changed", meta={"b": 2})
            assert (await next_of(juliet, MessageChanged)).meta == {"b": 2}
            assert romeo.messages[1].replies == juliet.messages[1].replies == Replies(2, 3)
            cut_off(verona, "juliet")
            await romeo.delete(seq)
            await romeo.edit(1, "the root")
            await romeo.send("late", thread=1)
            await next_of(juliet, CaughtUp)
            assert dict(romeo.messages) == dict(juliet.messages)
            assert juliet.messages[1].replies == Replies(2, 7)
            gone = juliet.messages[seq]
            assert (gone.text, gone.thread, gone.reply_to, gone.mentions, gone.meta) == (
                "",
                1,
                None,
                None,
                None,
            )

    asyncio.run(play())


def test_marks_are_told_and_kept_also_over_a_lost_connection(tmp_path: Path) -> None:
    async def play() -> None:
        async with (
            open_stage(tmp_path) as verona,
            enter(verona, "romeo") as romeo,
            enter(verona, "juliet") as juliet,
        ):
            await romeo.send("one")
            assert await romeo.mark(1, ["x", "y"]) == 2
            marked = await next_of(juliet, Marked)
            change = MarkChange("romeo", ("x", "y"), ())
            assert marked == Marked("reaction", 1, 2, {"x": 1, "y": 1}, (change,))
            assert await juliet.mark(1, ["x"]) == 3
            cut_off(verona, "juliet")
            await next_of(juliet, Disconnected)
            assert await romeo.mark(1, []) == 4
            await next_of(juliet, CaughtUp)
            wanted = {"reaction": {"x": Tally(1, ("juliet",))}}
            assert juliet.messages[1].marks == romeo.messages[1].marks == wanted
            await romeo.delete(1)
            await next_of(juliet, MessageDeleted)
            assert juliet.messages[1].marks == {}

    asyncio.run(play())
