"""Marks of code in the process: by the rules of everybody, trusted or not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.service.test_acting import ANN, BOB, ROOT, refused
from tests.stage import open_stage

UP, HEART = "\N{THUMBS UP SIGN}", "\N{HEAVY BLACK HEART}"


def test_a_message_is_marked_by_the_path_of_everybody(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            chat = stage.chat
            await chat.create_room("tea", by=ANN)
            bob = await stage.enters("bob", "tea", v1=True)
            seq = (await chat.say("tea", "hello", sender=ANN)).entry.seq
            first = await chat.mark(
                "tea", seq, "reaction", [HEART + "\N{VARIATION SELECTOR-16}"], by=BOB, id="m"
            )
            assert first.entry.mark is not None
            assert (first.repeated, first.entry.mark.tokens) == (False, (HEART,))
            frame = await bob.next_of("marked")
            assert (frame["seq"], frame["position"], frame["counts"]) == (seq, 2, {HEART: 1})
            await chat.mark("tea", seq, "reaction", {UP: 1}, by=ANN, trusted=False)
            again = await chat.mark(
                "tea", seq, "reaction", [HEART + "\N{VARIATION SELECTOR-16}"], by=BOB, id="m"
            )
            assert (again.repeated, again.entry.seq) == (True, 2)
            same = await chat.mark("tea", seq, "reaction", (HEART,), by=BOB)
            assert (same.repeated, same.entry.seq) == (True, 3)
            [message] = (await chat.history("tea")).entries
            found = {token: tally.users for token, tally in message.marks["reaction"].items()}
            assert found == {HEART: ("bob",), UP: ("ann",)}
            await chat.mark("tea", seq, "reaction", [], by=BOB)
            [message] = (await chat.history("tea")).entries
            assert list(message.marks["reaction"]) == [UP]

    asyncio.run(play())


def test_what_is_no_mark_is_refused(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            chat = stage.chat
            await chat.create_room("tea", by=ANN)
            await chat.say("tea", "hello", sender=ANN)
            await chat.mark("tea", 1, "reaction", [UP], by=ANN, id="m")
            assert await refused(chat.mark("tea", 1, "reaction", [HEART], by=ANN, id="m")) == "conflict"
            for kind in ("edit", "message", "nothing"):
                assert await refused(chat.mark("tea", 1, kind, [UP], by=BOB)) == "invalid_message"
            for token in ("", " ", "a\nb", "\ud800", "x" * 33):
                assert await refused(chat.mark("tea", 1, "reaction", [token], by=BOB)) == "invalid_message"
            for seq in (0, 2, 99):
                assert await refused(chat.mark("tea", seq, "reaction", [UP], by=BOB)) == "not_found"
            assert await refused(chat.mark("nowhere", 1, "reaction", [UP], by=BOB)) == "room_not_found"
            with pytest.raises(TypeError, match="not one string"):
                await chat.mark("tea", 1, "reaction", "ok", by=BOB)
            await chat.mute("tea", "bob", 60, by=ROOT)
            assert await refused(chat.mark("tea", 1, "reaction", [UP], by=BOB, trusted=False)) == "muted"
            await chat.ban("tea", "bob", 60, by=ROOT)
            assert (
                await refused(chat.mark("tea", 1, "reaction", [UP], by=BOB, trusted=False))
                == "room_not_found"
            )
            assert (await chat.mark("tea", 1, "reaction", [UP], by=BOB)).entry.seq == 3

    asyncio.run(play())
