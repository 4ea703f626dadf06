"""Marks as plays: reactions over WebSockets, with their races, repeats and refusals."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.test_changes import (
    _answer,
    deletes,
    edits,
    enters,
    history,
    on_stage,
    says,
    short,
    tells,
)
from tests.service.test_directory import PRINCE
from tests.stage import Player, Stage
from tornchat import Draft, Entry, Mark, More

UP, PARTY, HEART = "\N{THUMBS UP SIGN}", "\N{PARTY POPPER}", "\N{HEAVY BLACK HEART}"


async def reacts(player: Player, client_id: str, seq: object, *tokens: object) -> None:
    await tells(player, type="mark", id=client_id, kind="reaction", seq=seq, tokens=tokens)


async def reacted(player: Player, client_id: str, seq: int, *tokens: str) -> dict[str, Any]:
    """React, and return the answer."""
    await reacts(player, client_id, seq, *tokens)
    return await _answer(player, client_id)


async def marks_of(verona: Stage, seq: int = 1) -> dict[str, Any]:
    """The marks of a message that a newcomer is told."""
    frames = await history(await enters(verona, "newcomer"))
    [message] = [frame for frame in frames if frame.get("seq") == seq]
    return message.get("marks", {})  # type: ignore[no-any-return]


def test_a_reaction_is_told_and_acknowledged_and_is_in_later_histories(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await enters(verona, "juliet")
        await says(romeo, "one")
        await reacts(juliet, "m1", 1, UP, PARTY)
        assert await romeo.next_of("marked") == {
            "type": "marked",
            "kind": "reaction",
            "seq": 1,
            "position": 2,
            "counts": {UP: 1, PARTY: 1},
            "changes": [{"user_id": "juliet", "added": [UP, PARTY], "removed": []}],
        }
        assert (await juliet.next_of("marked"))["position"] == 2
        assert await juliet.next() == {"type": "ack", "id": "m1", "seq": 1, "position": 2}
        await reacts(juliet, "m2", 1, PARTY, HEART)
        marked = await romeo.next_of("marked")
        assert marked["counts"] == {UP: 0, HEART: 1}
        assert marked["changes"] == [{"user_id": "juliet", "added": [HEART], "removed": [UP]}]
        [message, end] = await history(await enters(verona, "paris"))
        assert (message["position"], end["position"]) == (3, 3)
        assert "revision" not in message
        one = {"count": 1, "users": ["juliet"]}
        assert message["marks"] == {"reaction": {PARTY: one, HEART: one}}
        await reacts(juliet, "m3", 1)
        assert (await romeo.next_of("marked"))["counts"] == {PARTY: 0, HEART: 0}
        assert await marks_of(verona) == {}

    on_stage(tmp_path, play)


BAD: list[tuple[dict[str, object], str]] = [
    ({"seq": 1, "tokens": [f"t{n}" for n in range(21)]}, "invalid_message"),
    ({"seq": 1, "tokens": ["x" * 33]}, "invalid_message"),
    ({"seq": 1, "tokens": [""]}, "invalid_message"),
    ({"seq": 1, "tokens": [" "]}, "invalid_message"),
    ({"seq": 1, "tokens": ["\N{VARIATION SELECTOR-16}"]}, "invalid_message"),
    ({"seq": 1, "tokens": ["a\nb"]}, "invalid_message"),
    ({"seq": 1, "tokens": ["\0"]}, "invalid_message"),
    ({"seq": 1, "tokens": ["\N{RIGHT-TO-LEFT OVERRIDE}x"]}, "invalid_message"),
    ({"seq": 1, "tokens": [1]}, "invalid_message"),
    ({"seq": 1, "tokens": UP}, "invalid_message"),
    ({"seq": 1}, "invalid_message"),
    ({"seq": -1, "tokens": [UP]}, "invalid_message"),
    ({"seq": 1, "tokens": [UP], "kind": "edit"}, "invalid_message"),
    ({"seq": 1, "tokens": [UP], "kind": "message"}, "invalid_message"),
    ({"seq": 1, "tokens": [UP], "kind": "Vote"}, "invalid_message"),
    ({"seq": 1, "tokens": [UP], "kind": "vote"}, "invalid_message"),
    ({"seq": 0, "tokens": [UP]}, "not_found"),
    ({"seq": 2, "tokens": [UP]}, "not_found"),  # deleted
    ({"seq": 3, "tokens": [UP]}, "not_found"),  # a deletion
    ({"seq": 99, "tokens": [UP]}, "not_found"),
]


def test_what_is_no_mark_is_refused_with_its_code(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await says(romeo, "one", "two")
        await deletes(romeo, "d", 2)
        await romeo.next_of("ack")
        for number, (frame, code) in enumerate(BAD):
            player = romeo if number < 8 else await enters(verona, f"user{number}")
            await tells(player, **{"type": "mark", "id": f"bad{number}", "kind": "reaction", **frame})
            error = await player.next_of("error")
            assert (error["code"], error["id"]) == (code, f"bad{number}"), frame
        await romeo.socket.send('{"type":"mark","id":"s","kind":"reaction","seq":1,"tokens":["\\ud800"]}')
        assert (await romeo.next_of("error"))["code"] == "invalid_json"
        [*_, last] = await history(await enters(verona, "paris"))
        assert last["position"] == 3, "nothing of it was stored"

    on_stage(tmp_path, play, limits={"messages_per_second": 0})


def test_variation_selectors_and_composition_make_no_difference(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await enters(verona, "juliet")
        await says(romeo, "one")
        await reacted(romeo, "m1", 1, HEART, "e\N{COMBINING ACUTE ACCENT}")
        await reacted(
            juliet, "m2", 1, HEART + "\N{VARIATION SELECTOR-16}", "\N{LATIN SMALL LETTER E WITH ACUTE}"
        )
        same = await reacted(romeo, "m3", 1, HEART + "\N{VARIATION SELECTOR-15}", "\xe9", HEART)
        assert same["position"] == 3, "nothing was stored; it is the place of the last mark"
        both = {"count": 2, "users": ["romeo", "juliet"]}
        assert await marks_of(verona) == {"reaction": {HEART: both, "\xe9": both}}

    on_stage(tmp_path, play)


def test_a_message_has_at_most_fifty_different_tokens(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await enters(verona, "juliet")
        await says(romeo, "one")
        for number, size in enumerate((20, 20, 10)):
            user = await enters(verona, f"user{number}")
            answer = await reacted(user, "m", 1, *[f"t{number}-{n}" for n in range(size)])
            assert answer["type"] == "ack"
        assert (await reacted(juliet, "m51", 1, "t51"))["code"] == "too_many_marks"
        assert (await reacted(juliet, "m50", 1, "t0-0"))["type"] == "ack"
        assert (await reacted(juliet, "m0", 1))["type"] == "ack"

    on_stage(tmp_path, play)


def test_repeats_of_everything_after_everything_get_the_first_answer(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await says(romeo, "one")
        sent = {"m1": [UP], "m2": [PARTY], "m3": []}
        acks = {name: await reacted(romeo, name, 1, *tokens) for name, tokens in sent.items()}
        assert [ack["position"] for ack in acks.values()] == [2, 3, 4]
        await edits(romeo, "e1", 1, 0, "two")
        acks["e1"] = await _answer(romeo, "e1")
        for again in range(2):
            for name, tokens in reversed(sent.items()):
                assert await reacted(romeo, name, 1, *tokens) == acks[name]
            if not again:
                assert (await reacted(romeo, "m1", 1, HEART))["code"] == "conflict"
            await edits(romeo, "e1", 1, 0, "two")
            assert await _answer(romeo, "e1") == acks["e1"]
            await deletes(romeo, "d", 1)
            await _answer(romeo, "d")
        [*_, last] = await history(await enters(verona, "paris"))
        assert last["position"] == 6

    on_stage(tmp_path, play)


def test_fifty_users_who_toggle_on_one_message_are_counted_exactly(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await says(romeo, "one")
        users = [await enters(verona, f"user{n}") for n in range(50)]

        async def toggle(user: Player, number: int) -> None:
            for turn in range(5 + number % 2):
                assert (await reacted(user, f"m{turn}", 1, *([] if turn % 2 else [UP])))["type"] == "ack"

        await asyncio.gather(*(toggle(user, number) for number, user in enumerate(users)))
        counts, there = dict[str, int](), set[str]()
        while True:
            frame = await romeo.next_of("marked")
            counts |= frame["counts"]
            for change in frame["changes"]:
                assert not there.intersection(change["user_id"] for _ in change["added"])
                there = (there | {change["user_id"]}) if change["added"] else (there - {change["user_id"]})
            if frame["position"] == 1 + 25 * 5 + 25 * 6:
                break
        assert (counts, len(there)) == ({UP: 25}, 25)
        assert await marks_of(verona) == {"reaction": {UP: {"count": 25}}}

    on_stage(tmp_path, play, limits={"messages_per_second": 0})


def test_marks_of_one_commit_are_one_frame_at_the_last_ones_position(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await says(romeo, "one", "two")
        frames = [
            {
                "type": "mark",
                "id": f"m{n}",
                "kind": "reaction",
                "seq": 1 + n % 2,
                "tokens": [UP] * (n // 2 % 2),
            }
            for n in range(2, 14)
        ]
        frames.insert(6, {"type": "send", "id": "s", "message": "between"})
        room = verona.chat.rooms.get("general")
        room.accept(room.info.epoch, await _stored_together(verona, frames))
        told = [await romeo.next() for _ in range(3)]
        assert [frame["type"] for frame in told] == ["chat_message", "marked", "marked"]
        assert [(frame["seq"], frame["position"], frame["counts"]) for frame in told[1:]] == [
            (1, 14, {UP: 0}),
            (2, 15, {UP: 0}),
        ]
        assert [len(frame["changes"]) for frame in told[1:]] == [6, 6]

    on_stage(tmp_path, play)


async def _stored_together(verona: Stage, frames: list[dict[str, Any]]) -> list[Entry]:
    """Store these frames in one commit, behind the back of the room, and return the entries."""
    drafts = [
        Draft(
            f"d{n}",
            "general",
            "romeo",
            "romeo",
            frame.get("message", ""),
            0,
            frame["id"],
            frame.get("kind", "message"),
            frame.get("seq"),
            more=More(mark=Mark(tokens=tuple(frame["tokens"]))) if "tokens" in frame else None,
        )
        for n, frame in enumerate(frames)
    ]
    call = verona.chat._hooks.begin_store(drafts)
    await asyncio.wait({call})
    return [result.entry for result in verona.chat._hooks.store_results(call, drafts)]  # type: ignore[union-attr]


@pytest.mark.parametrize("loaded", [True, False])
def test_a_resume_tells_the_marks_of_older_messages(tmp_path: Path, loaded: bool) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await enters(verona, "juliet")
        await says(romeo, "one", "two")
        await reacted(romeo, "m1", 2, PARTY)
        await juliet.leaves()
        await reacted(romeo, "m2", 1, UP)
        await reacted(romeo, "m3", 2)
        if not loaded:
            room = verona.chat.rooms.get("general")
            room.tail.acts_since = room.tail.messages_since = room.seq
            room.tail.messages.clear()
            room.tail.acts.clear()
            room.streams.clear()
        frames = await history(await enters(verona, "juliet", since=3, epoch=romeo.epoch))  # type: ignore[attr-defined]
        assert list(map(short, frames)) == [
            ("message_changed", 1, "one", 0, 4),
            ("message_changed", 2, "two", 0, 5),
            ("caught_up", 5),
        ]
        told = [frame["marks"] for frame in frames[:2]]
        assert told == [{"reaction": {UP: {"count": 1, "users": ["romeo"]}}}, {}]

    on_stage(tmp_path, play)


def test_who_is_muted_can_not_react_and_classic_is_told_nothing(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, tybalt = await enters(verona, "romeo"), await verona.enters("tybalt", "general")
        await says(romeo, "one")
        await reacted(romeo, "m1", 1, UP)
        await says(romeo, "two")
        assert [await tybalt.hears() for _ in range(2)] == ["one", "two"]
        await verona.chat.moderation.mute(PRINCE, "general", "romeo", 60)
        assert (await reacted(romeo, "m2", 1))["code"] == "muted"

    on_stage(tmp_path, play)
