"""Kinds of plugins as plays: a poll, its votes and its end, over WebSockets."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.polls import OPTIONS, asks, closes, on_polls, votes
from tests.scenarios.test_changes import _answer, deletes, edits, enters, history, says, tells
from tests.stage import Stage, open_stage

DATA = {"options": OPTIONS, "closed": False}


async def answered(player: Any, act: Any, client_id: str, *arguments: Any, **fields: Any) -> dict[str, Any]:
    """Send it, and return the answer."""
    await act(player, client_id, *arguments, **fields)
    return await _answer(player, client_id)


def test_a_poll_is_asked_voted_on_and_closed(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await enters(verona, "juliet")
        await asks(romeo)
        asked = await juliet.next_of("chat_message")
        assert asked.pop("timestamp").endswith("Z")
        assert asked == {
            "type": "chat_message",
            "message": "Tea or coffee?",
            "sender_username": "Romeo",
            "sender_id": "romeo",
            "seq": 1,
            "kind": "poll",
            "data": DATA,
        }
        assert (await _answer(romeo, "p")) == {"type": "ack", "id": "p", "seq": 1}
        await votes(juliet, "v", 1, "2")
        assert await romeo.next_of("marked") == {
            "type": "marked",
            "kind": "vote",
            "seq": 1,
            "position": 2,
            "counts": {"2": 1},
            "changes": [{"user_id": "juliet", "added": ["2"], "removed": []}],
        }
        await closes(romeo, "c", 1)
        changed = await juliet.next_of("message_changed")
        assert changed.pop("edited_at").endswith("Z")
        assert changed == {
            "type": "message_changed",
            "seq": 1,
            "position": 3,
            "revision": 1,
            "message": "Tea or coffee? (closed)",
            "data": {**DATA, "closed": True},
        }
        assert (await _answer(romeo, "c")) == {"type": "ack", "id": "c", "seq": 1, "position": 3}
        [message, end] = await history(await enters(verona, "paris"))
        assert (message["kind"], message["data"]["closed"], end["position"]) == ("poll", True, 3)
        assert message["marks"] == {"vote": {"2": {"count": 1, "users": ["juliet"]}}}

    on_polls(tmp_path, play)


def test_classic_has_the_text_and_no_other_keys(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        classic = await verona.enters("nurse", "general")
        romeo = await enters(verona, "romeo")
        await answered(romeo, asks, "p")
        assert (await answered(romeo, closes, "c", 1))["type"] == "ack"
        await says(romeo, "next")
        told = await classic.next_of("chat_message")
        assert {*told} == {"type", "message", "sender_username", "sender_id", "timestamp"}
        assert told["message"] == "Tea or coffee?"
        assert await classic.hears() == "next", "votes and ends are not told"
        later = await verona.enters("paris", "general")
        assert [await later.hears() for _ in range(2)] == ["Tea or coffee? (closed)", "next"]

    on_polls(tmp_path, play)


def test_who_resumes_is_told_the_data_of_what_has_changed(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await answered(romeo, asks, "p")
        await answered(romeo, closes, "c", 1)
        again = await enters(verona, "juliet", since=1, epoch=romeo.epoch)  # type: ignore[attr-defined]
        [changed, end] = await history(again)
        assert (changed["type"], changed["seq"], changed["data"]["closed"]) == ("message_changed", 1, True)
        assert end["position"] == 2

    on_polls(tmp_path, play)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"type": "send", "message": "?", "kind": "poll"}, "options"),
    ({"type": "send", "message": "?", "kind": "poll", "data": {}}, "options"),
    ({"type": "send", "message": "?", "kind": "poll", "data": {"options": ["one"]}}, "length >= 2"),
    ({"type": "send", "message": "?", "kind": "poll", "data": {"options": [1, 2]}}, "options"),
    ({"type": "send", "message": "?", "kind": "poll", "data": {**DATA, "colour": 1}}, "colour"),
    ({"type": "send", "message": "?", "kind": "poll", "data": []}, "data"),
    ({"type": "send", "message": "?", "kind": "poll", "data": {"options": ["\0" * 9000, "b"]}}, "bytes"),
    ({"type": "send", "message": "?", "kind": "message", "data": DATA}, "no `data`"),
    ({"type": "send", "message": "?", "data": DATA}, "no `data`"),
    ({"type": "send", "message": "?", "kind": "quiz", "data": DATA}, "no kind 'quiz'"),
    ({"type": "send", "message": "?", "kind": "Poll", "data": DATA}, "kind"),
    ({"type": "send", "message": "?", "kind": 5}, "kind"),
    ({"type": "send", "message": "?", "kind": "vote"}, "is a mark, and no message"),
    ({"type": "send", "message": "?", "kind": "deletion"}, "is a revision, and no message"),
    ({"type": "mark", "kind": "poll", "seq": 1, "tokens": ["1"]}, "is a message, and no mark"),
    ({"type": "mark", "kind": "vote", "seq": 1, "tokens": ["3"]}, "The options are 1, 2."),
    ({"type": "mark", "kind": "vote", "seq": 1, "tokens": ["1", "2"]}, "at most 1"),
    ({"type": "mark", "kind": "vote", "seq": 2, "tokens": ["1"]}, "acts on a poll"),
    ({"type": "revise", "kind": "close-poll", "seq": 2}, "acts on a poll"),
    ({"type": "revise", "kind": "close-poll", "seq": 1, "data": {"x": 1}}, "no `data`"),
    ({"type": "revise", "kind": "vote", "seq": 1}, "is a mark, and no revision"),
    ({"type": "revise", "kind": "edit", "seq": 1}, "built in"),
    ({"type": "revise", "kind": "deletion", "seq": 1}, "built in"),
    ({"type": "revise", "kind": "close-poll", "seq": "1"}, "seq"),
    ({"type": "revise", "kind": "close-poll"}, "seq"),
]


def test_what_does_not_fit_is_refused_with_words_and_nothing_is_stored(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await answered(romeo, asks, "p")
        await says(romeo, "plain")
        for number, (frame, words) in enumerate(BAD):
            player = await enters(verona, "romeo")  # repeated faults end a connection
            await tells(player, id=f"bad{number}", **frame)
            error = await player.next_of("error")
            assert (error["code"], error["id"]) == ("invalid_message", f"bad{number}"), frame
            assert words in error["error"], (frame, error)
            await player.leaves()
        assert (await answered(romeo, closes, "gone", 99))["code"] == "not_found"
        [*_, end] = await history(await enters(verona, "paris"))
        assert end["position"] == 2

    on_polls(tmp_path, play)


def test_a_text_is_needed_as_for_every_message(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        assert (await answered(romeo, asks, "a", text=" "))["code"] == "empty_message"
        assert (await answered(romeo, asks, "b", text="x" * 5000))["code"] == "message_too_long"

    on_polls(tmp_path, play)


def test_a_closed_poll_takes_no_votes_and_is_closed_once_and_only_by_its_sender(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await enters(verona, "juliet")
        await answered(romeo, asks, "p")
        assert (await answered(juliet, closes, "c", 1))["code"] == "forbidden"
        assert (await answered(romeo, closes, "c1", 1))["type"] == "ack"
        refused = await answered(juliet, votes, "v", 1, "1")
        assert (refused["code"], refused["error"]) == ("rejected", "The poll is closed.")
        assert (await answered(romeo, closes, "c2", 1))["error"] == "The poll is closed already."
        assert (await answered(romeo, closes, "c1", 1))["position"] == 2, "a repeat gets the first answer"

    on_polls(tmp_path, play)


def test_a_repeat_is_known_by_its_data(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        first = await answered(romeo, asks, "p")
        assert await answered(romeo, asks, "p") == first
        assert (await answered(romeo, asks, "p", options=["a", "b"]))["code"] == "conflict"
        await romeo.says("Tea or coffee?", "p")
        assert (await _answer(romeo, "p"))["code"] == "conflict"

    on_polls(tmp_path, play)


def test_a_deleted_poll_keeps_its_kind_and_no_data_and_takes_nothing(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await enters(verona, "juliet")
        await answered(romeo, asks, "p")
        await answered(juliet, votes, "v", 1, "1")
        await answered(romeo, closes, "c", 1)
        await answered(romeo, deletes, "d", 1)
        for act, *more in ((votes, "2"), (closes,)):
            assert (await answered(romeo, act, f"late {act.__name__}", 1, *more))["code"] == "not_found"
        [message, _] = await history(await enters(verona, "paris"))
        assert (message["message"], message["kind"]) == ("", "poll")
        assert not {"data", "marks"} & {*message}
        page = await verona.chat._hooks.read_history("general", 0, None, 100)
        assert [(entry.text, entry.data) for entry in page.entries] == [("", "")] * 4

    on_polls(tmp_path, play)


def test_an_edit_keeps_the_data_and_a_text_that_was_not_edited_is_not_said_to_be(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await answered(romeo, asks, "p")
        await answered(romeo, edits, "e", 1, 0, "Tea, or coffee?")
        [message, _] = await history(await enters(verona, "paris"))
        assert (message["message"], message["data"], message["revision"]) == ("Tea, or coffee?", DATA, 1)

    on_polls(tmp_path, play)


def test_a_closed_poll_wins_over_votes_that_come_at_the_same_time(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        voters = [await enters(verona, f"voter{n}") for n in range(8)]
        for round_ in range(4):
            seq = (await answered(romeo, asks, f"p{round_}"))["seq"]
            calls = [answered(voter, votes, f"v{round_}", seq, "1") for voter in voters]
            calls.insert(round_ * 2, answered(romeo, closes, f"c{round_}", seq))
            answers = await asyncio.gather(*calls)
            end = answers.pop(round_ * 2)["position"]
            for answer in answers:
                assert answer["position"] < end if answer["type"] == "ack" else answer["code"] == "rejected"

    on_polls(tmp_path, play)


def test_a_poll_is_readable_where_its_plugin_was_taken_out(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await answered(romeo, asks, "p")
        await answered(romeo, votes, "v", 1, "1")
        await answered(romeo, closes, "c", 1)

    async def without() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await enters(verona, "romeo")
            [message, end] = await history(romeo)
            assert (message["message"], message["kind"]) == ("Tea or coffee? (closed)", "poll")
            assert message["data"]["closed"] is True
            assert message["marks"]["vote"]["1"]["count"] == 1
            assert end["position"] == 3
            for act, *more in ((votes, "2"), (closes,), (asks,)):
                where = () if act is asks else (1,)
                refused = await answered(romeo, act, f"late {act.__name__}", *where, *more)
                assert refused["code"] == "invalid_message"
                assert "no loaded plugin declares it" in refused["error"]
            await answered(romeo, edits, "e", 1, 1, "edited")
            assert (await answered(romeo, deletes, "d", 1))["type"] == "ack"

    on_polls(tmp_path, play)
    asyncio.run(without())


@pytest.mark.parametrize("act", ["poll", "vote"])
def test_the_declared_action_is_asked_for_after_send(tmp_path: Path, act: str) -> None:
    asked: list[str] = []

    class Asked:
        from tornchat import hookimpl

        @hookimpl
        def authorize(self, user: Any, action: str, room: str) -> bool | None:
            asked.append(action)
            return False if action == "poll" and user.id == "juliet" else None

    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await enters(verona, "juliet")
        await answered(romeo, asks, "p")
        asked.clear()
        if act == "poll":
            assert (await answered(juliet, asks, "p"))["code"] == "forbidden"
            assert asked == ["send", "poll"]
        else:
            assert (await answered(juliet, votes, "v", 1, "1"))["type"] == "ack"
            assert asked == ["send"]

    on_polls(tmp_path, play, {"asked": Asked})
