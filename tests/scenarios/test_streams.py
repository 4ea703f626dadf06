"""Streamed messages, as plays: they grow, are closed, and are refused what does not fit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from msgspec.structs import replace

from tests.scenarios.test_changes import deletes, edits, enters, history, on_stage, says, short, tells
from tests.stage import Player, Stage, open_stage
from tornchat import MOST_OPEN_BYTES, Draft, Rejected, User, hookimpl
from tornchat.client.events import Message, MessageAppended, MessageChanged, MessageDeleted, read_frame
from tornchat.client.messages import Messages

ROMEO, JULIET = User("romeo", "Romeo"), User("juliet", "Juliet")


async def begins(player: Player, text: str = "one", client_id: str = "o") -> int:
    await tells(player, type="send", id=client_id, message=text, open=True)
    return int((await player.next_of("ack"))["seq"])


async def appends(player: Player, seq: object, offset: object, text: object, client_id: str = "p") -> None:
    await tells(player, type="append", id=client_id, seq=seq, offset=offset, message=text)


async def closes(player: Player, seq: object, status: str = "complete", client_id: str = "c") -> None:
    await tells(player, type="close", id=client_id, seq=seq, status=status)


async def answer(player: Player, client_id: str) -> dict[str, Any]:
    """The ack or the error with this id."""
    while True:
        frame = await player.next()
        if frame.get("id") == client_id and frame["type"] in ("ack", "error"):
            return frame


async def code(player: Player, client_id: str) -> str:
    return str((await answer(player, client_id)).get("code"))


def test_a_message_grows_and_is_closed(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await enters(verona, "juliet")
        await begins(romeo, "Grüß 😀")
        message = await juliet.next_of("chat_message")
        assert (message["message"], message["open"], message["seq"]) == ("Grüß 😀", True, 1)
        await appends(romeo, 1, 6, " dich")
        appended = {"type": "message_appended", "seq": 1, "position": 2, "offset": 6, "message": " dich"}
        assert await romeo.next() == appended
        assert await romeo.next() == {"type": "ack", "id": "p", "seq": 1, "position": 2}
        assert await juliet.next() == appended
        await closes(romeo, 1)
        closed = {"type": "message_changed", "seq": 1, "position": 3, "revision": 0}
        closed |= {"open": False, "status": "complete"}
        assert await romeo.next() == closed
        assert await romeo.next() == {"type": "ack", "id": "c", "seq": 1, "position": 3}
        assert await juliet.next() == closed
        [whole, end] = await history(await enters(verona, "paris"))
        assert (whole["message"], whole["status"], whole["position"]) == ("Grüß 😀 dich", "complete", 3)
        assert "open" not in whole
        assert end["position"] == 3

    on_stage(tmp_path, play)


def test_pieces_count_in_bytes_only_and_what_begins_and_closes_as_a_message(tmp_path: Path) -> None:
    async def play() -> None:
        limits = {"messages_per_second": 1, "burst": 3, "bytes_per_second": 65536, "bytes_burst": 65536}
        async with open_stage(tmp_path, {"limits": limits}) as verona:
            romeo = await enters(verona, "romeo")
            loop = asyncio.get_running_loop()
            began = loop.time()
            seq = await begins(romeo, "x")
            for number in range(100):
                await appends(romeo, seq, 1 + number, "x", f"p{number}")
            assert (await answer(romeo, "p99"))["seq"] == seq
            await closes(romeo, seq)
            assert (await answer(romeo, "c"))["seq"] == seq
            await says(romeo, "one")
            assert loop.time() - began < 10, "at one message a second 100 pieces would take longer"
            await says(romeo, "two")
            assert loop.time() - began >= 0.9, "the fourth message waits"

    asyncio.run(play())


def test_who_comes_in_the_middle_has_the_whole_text(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await begins(romeo, "a")
        await appends(romeo, 1, 1, "b", "p1")
        await answer(romeo, "p1")
        paris = await enters(verona, "paris")
        [message, end] = await history(paris)
        assert (message["message"], message["open"], message["position"]) == ("ab", True, 2)
        await paris.leaves()
        await appends(romeo, 1, 2, "c", "p2")
        await answer(romeo, "p2")
        [changed, _] = await history(await enters(verona, "paris", end["position"], romeo.epoch))  # type: ignore[attr-defined]
        assert short(changed) == ("message_changed", 1, "abc", 0, 3)
        assert changed["open"] is True
        await closes(romeo, 1, "cancelled")
        await answer(romeo, "c")
        [changed, _] = await history(await enters(verona, "paris", 2, romeo.epoch))  # type: ignore[attr-defined]
        assert (changed["message"], changed["open"], changed["status"]) == ("abc", False, "cancelled")

    on_stage(tmp_path, play)


def test_classic_is_told_once_when_it_is_closed(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await verona.enters("juliet", "general")
        await begins(romeo, "one")
        await says(romeo, "between")
        assert await juliet.hears() == "between"
        paris = await verona.enters("paris", "general")
        assert await paris.hears() == "between", "an open message is in no history"
        await appends(romeo, 1, 3, " two")
        await closes(romeo, 1)
        await says(romeo, "after")
        for player in (juliet, paris):
            told = await player.next_of("chat_message")
            assert set(told) == {"type", "message", "sender_username", "sender_id", "timestamp"}
            assert (told["message"], told["sender_id"]) == ("one two", "romeo")
            assert await player.hears() == "after"
        later = await verona.enters("nurse", "general")
        assert [await later.hears() for _ in range(3)] == ["one two", "between", "after"]

    on_stage(tmp_path, play)


def test_classic_is_told_of_a_message_that_no_tail_has_any_more(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await verona.enters("juliet", "general")
        watcher = await enters(verona, "nurse")
        await begins(romeo, "one")
        await appends(romeo, 1, 3, " two")
        for number in range(120):
            await verona.chat.say("general", f"m{number}", sender=JULIET)
        await closes(romeo, 1)
        await answer(romeo, "c")
        assert [await juliet.hears() for _ in range(121)][-1] == "one two"
        changed = await watcher.next_of("message_changed")
        assert changed["message"] == "one two", "who may not have it is told the whole text"

    on_stage(tmp_path, play, rooms={"history_limit": 100})


REFUSED = [
    ({"type": "append", "seq": 1, "offset": 3, "message": "x"}, "not_open"),  # was never open
    ({"type": "append", "seq": 2, "offset": 7, "message": "x"}, "not_open"),  # closed
    ({"type": "append", "seq": 3, "offset": 5, "message": "x"}, "forbidden"),  # somebody else's
    ({"type": "append", "seq": 4, "offset": 4, "message": "x"}, "not_found"),  # deleted
    ({"type": "append", "seq": 99, "offset": 4, "message": "x"}, "not_found"),
    ({"type": "append", "seq": 8, "offset": 4, "message": "x"}, "not_found"),  # a piece
    ({"type": "append", "seq": 5, "offset": 2, "message": "x"}, "stale"),
    ({"type": "append", "seq": 5, "offset": 6, "message": "x"}, "stale"),
    ({"type": "append", "seq": 5, "offset": 0, "message": "open and more"}, "stale"),
    ({"type": "append", "seq": 5, "offset": -1, "message": "x"}, "invalid_message"),
    ({"type": "append", "seq": 5, "offset": 2**60, "message": "x"}, "invalid_message"),
    ({"type": "append", "seq": 5, "offset": "4", "message": "x"}, "invalid_message"),
    ({"type": "append", "seq": 5, "offset": 4.5, "message": "x"}, "invalid_message"),
    ({"type": "append", "seq": 5, "message": "x"}, "invalid_message"),
    ({"type": "append", "seq": 5, "offset": 4}, "invalid_message"),
    ({"type": "append", "seq": 5, "offset": 4, "message": None}, "invalid_message"),
    ({"type": "append", "seq": 5, "offset": 4, "message": ""}, "empty_message"),
    ({"type": "append", "seq": 5, "offset": 4, "message": "\0"}, "invalid_message"),
    ({"type": "append", "seq": 5, "offset": 4, "message": "x" * 4001}, "message_too_long"),
    ({"type": "close", "seq": 1, "status": "complete"}, "not_open"),
    ({"type": "close", "seq": 2, "status": "complete"}, "not_open"),
    ({"type": "close", "seq": 3, "status": "complete"}, "forbidden"),
    ({"type": "close", "seq": 4, "status": "complete"}, "not_found"),
    ({"type": "close", "seq": 5, "status": "open"}, "invalid_message"),
    ({"type": "close", "seq": 5, "status": ""}, "invalid_message"),
    ({"type": "close", "seq": 5}, "invalid_message"),
    ({"type": "edit", "seq": 5, "revision": 0, "message": "x"}, "still_open"),
    ({"type": "send", "message": " ", "open": True}, "empty_message"),
    ({"type": "send", "message": "x", "open": 1}, "invalid_message"),
    ({"type": "send", "message": "x" * 4001, "open": True}, "message_too_long"),
]


def test_what_can_not_be_done_is_refused_with_its_code(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await enters(verona, "juliet")
        await says(romeo, "one")
        await begins(romeo, "closed?", "o2")
        await begins(juliet, "hers!", "o3")
        await begins(romeo, "gone", "o4")
        await begins(romeo, "open", "o5")
        await closes(romeo, 2, client_id="c2")
        await deletes(romeo, "d4", 4)
        await appends(romeo, 5, 4, " ", "p5")
        assert (await answer(romeo, "p5"))["position"] == 8
        await appends(romeo, 5, 4, " ", "again")
        assert (await answer(romeo, "again"))["position"] == 8, "the same piece is a repeat"
        for number, (frame, wanted) in enumerate(REFUSED):
            if number % 15 == 14:  # one connection is not refused for ever
                romeo = await enters(verona, "romeo")
            await tells(romeo, id=f"bad{number}", **frame)
            error = await answer(romeo, f"bad{number}")
            assert error["type"] == "error", frame
            assert error["code"] == wanted, frame
            assert error.get("length") == (5 if wanted == "stale" else None)
        await appends(romeo, 5, 5, "!", "last")
        assert (await answer(romeo, "last"))["position"] == 9, "nothing of it was stored"

    on_stage(tmp_path, play)


def test_a_message_has_at_most_256_kib(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await begins(romeo, "x")
        offset, step = 1, 50_000
        for number in range(5):
            await appends(romeo, 1, offset, "y" * step, f"p{number}")
            assert (await answer(romeo, f"p{number}"))["type"] == "ack"
            offset += step
        await appends(romeo, 1, offset, "z" * (MOST_OPEN_BYTES - offset + 1), "too much")
        assert await code(romeo, "too much") == "message_too_long"
        await appends(romeo, 1, offset, "z" * (MOST_OPEN_BYTES - offset), "all")
        assert (await answer(romeo, "all"))["type"] == "ack"
        await closes(romeo, 1)
        assert (await answer(romeo, "c"))["type"] == "ack"
        [message, _] = await history(await enters(verona, "paris"))
        assert len(message["message"]) == MOST_OPEN_BYTES

    on_stage(tmp_path, play, limits={"message_chars": 0})


def test_two_writers_of_one_message_are_compared(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        one, two = await enters(verona, "romeo"), await enters(verona, "romeo")
        await begins(one, "a")
        await appends(one, 1, 1, "b", "p1")
        await appends(two, 1, 1, "c", "p2")
        answers = [await answer(one, "p1"), await answer(two, "p2")]
        assert sorted(frame["type"] for frame in answers) == ["ack", "error"]
        [error] = [frame for frame in answers if frame["type"] == "error"]
        assert (error["code"], error["length"]) == ("stale", 2)

    on_stage(tmp_path, play)


def test_pieces_that_meet_in_the_queue_become_one_entry(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await enters(verona, "juliet")
        await begins(romeo, "0")
        pieces = [f" {number}" for number in range(1, 60)]
        offset = 1
        for number, piece in enumerate(pieces):
            await appends(romeo, 1, offset, piece, f"p{number}")
            offset += len(piece)
        places = [(await answer(romeo, f"p{number}"))["position"] for number in range(len(pieces))]
        assert places == sorted(places)
        assert places[-1] < 40, "each of them became an entry"
        frames = [await juliet.next_of("message_appended")]
        while frames[-1]["position"] < places[-1]:
            frames.append(await juliet.next_of("message_appended"))
        assert "0" + "".join(frame["message"] for frame in frames) == "0" + "".join(pieces)
        for number in (3, 30, 58):  # each is known by its id, or by what it says
            await appends(romeo, 1, 1 + len("".join(pieces[:number])), pieces[number], f"p{number}")
            assert (await answer(romeo, f"p{number}"))["type"] == "ack"
        [message, _] = await history(await enters(verona, "paris"))
        assert message["message"] == "0" + "".join(pieces)

    on_stage(tmp_path, play)


def test_a_repeat_beside_a_new_piece_does_not_take_it_along(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await begins(romeo, "a")
        await appends(romeo, 1, 1, "b", "p1")
        await answer(romeo, "p1")
        for _ in range(3):  # they come in one chunk, and meet in the queue
            await appends(romeo, 1, 1, "b", "p1")
            await appends(romeo, 1, 2, "c", "p2")
            await appends(romeo, 1, 3, "d", "p3")
            await appends(romeo, 1, 3, "x", "p4")
        codes: dict[str, set[str | None]] = {}
        for _ in range(12):
            frame = await romeo.next()
            while frame["type"] not in ("ack", "error"):
                frame = await romeo.next()
            codes.setdefault(frame["id"], set()).add(frame.get("code"))
        assert codes == {"p1": {None}, "p2": {None}, "p3": {None}, "p4": {"stale"}}
        [message, _] = await history(await enters(verona, "paris"))
        assert message["message"] == "abcd"

    on_stage(tmp_path, play)


def test_a_deletion_ends_an_open_message(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await verona.enters("juliet", "general")
        await begins(romeo, "secret")
        await appends(romeo, 1, 6, " words")
        await answer(romeo, "p")
        await deletes(romeo, "d", 1)
        assert (await answer(romeo, "d"))["position"] == 3
        await appends(romeo, 1, 12, "!", "late")
        assert await code(romeo, "late") == "not_found"
        await says(romeo, "after")
        assert await juliet.hears() == "after", "classic is told nothing of it"
        page = await verona.chat._hooks.read_history("general", 0, None, 9)
        assert [entry.text for entry in page.entries] == ["", "", "", "after"]

    on_stage(tmp_path, play)


def test_who_is_muted_adds_nothing_and_may_close(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await begins(romeo, "one")
        await verona.chat.mute("general", "romeo", 600, by=JULIET)
        await appends(romeo, 1, 3, " two")
        assert await code(romeo, "p") == "muted"
        await closes(romeo, 1)
        assert (await answer(romeo, "c"))["type"] == "ack"

    on_stage(tmp_path, play)


def test_it_goes_over_a_connection_for_many_rooms(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await verona.connects("romeo"), await verona.connects("juliet")
        for player in (romeo, juliet):
            await player.joins("general")
        await tells(romeo, type="send", room="general", id="o", message="one", open=True)
        await answer(romeo, "o")
        await tells(romeo, type="append", room="general", id="p", seq=1, offset=3, message=" two")
        await tells(romeo, type="close", room="general", id="c", seq=1, status="failed")
        assert (await answer(romeo, "c"))["position"] == 3
        appended = await juliet.next_of("message_appended")
        assert (appended["room"], appended["message"]) == ("general", " two")
        assert (await juliet.next_of("message_changed"))["status"] == "failed"

    on_stage(tmp_path, play)


# --- the end of what nobody ends ---


async def closed(player: Player) -> dict[str, Any]:
    frame = await player.next_of("message_changed")
    return {key: frame[key] for key in ("seq", "open", "status")}


@pytest.mark.parametrize("squatted", [False, True])
def test_a_silent_message_is_closed_as_failed(tmp_path: Path, squatted: bool) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await enters(verona, "juliet")
        classic = await verona.enters("nurse", "general")
        if squatted:
            await romeo.says("mine", "close:2")
            await answer(romeo, "close:2")
        seq = await begins(romeo)
        await romeo.leaves()
        assert await closed(juliet) == {"seq": seq, "open": False, "status": "failed"}
        assert "one" in [await classic.hears() for _ in range(1 + squatted)]

    on_stage(tmp_path, play, messages={"open_seconds": 1})


class Picky:
    """A filter of streamed messages, which notes what it sees."""

    seen: ClassVar[list[tuple[str, str, str]]] = []

    @hookimpl
    def filter_message(self, draft: Draft, user: User) -> Draft:
        more = draft.more
        self.seen.append((draft.kind, draft.text, more.context if more is not None else ""))
        whole = more.context + draft.text if more is not None else draft.text
        if "damn" in whole:
            raise Rejected("Mind your language.")
        if draft.kind == "close" and "bad end" in draft.text:
            raise Rejected("Not this.")
        if draft.kind == "close":
            return replace(draft, text=draft.text.replace("slow", "quick"))
        return replace(draft, text=draft.text.replace("longish", "long"))


def filtered(tmp_path: Path, play: Callable[[Stage], Any], **settings: dict[str, object]) -> None:
    async def main() -> None:
        Picky.seen.clear()
        given = {"tornchat": {"plugins": "jwt, picky, peewee, local", "data_dir": str(tmp_path)}}
        async with open_stage(tmp_path, given | settings, {"picky": Picky}) as verona:
            await play(verona)

    asyncio.run(main())


def test_filters_see_pieces_with_what_is_before_them_and_the_whole_at_the_end(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await enters(verona, "juliet")
        classic = await verona.enters("nurse", "general")
        start = "x" * 150 + "y" * 150
        await begins(romeo, start)
        await appends(romeo, 1, 300, " da", "p1")
        await appends(romeo, 1, 303, "mn", "p2")  # not stored with the one before, whose outcome it awaits
        await appends(romeo, 1, 303, "sh slow", "p3")
        assert [await code(romeo, "p1"), await code(romeo, "p2")] == ["None", "rejected"]
        assert (await answer(romeo, "p3"))["position"] == 3
        await closes(romeo, 1)
        assert (await answer(romeo, "c"))["position"] == 4
        context = start[100:]
        assert Picky.seen == [
            ("message", start, ""),
            ("append", " da", context),
            ("append", "mn", context[3:] + " da"),
            ("append", "sh slow", context[3:] + " da"),
            ("close", start + " dash slow", ""),
        ]
        changed = await juliet.next_of("message_changed")
        assert (changed["message"], changed["status"]) == (start + " dash quick", "complete")
        assert await classic.hears() == start + " dash quick"

    filtered(tmp_path, play)


def test_a_filter_may_change_the_length_of_a_piece(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        await verona.app.create_room("general", by=ROMEO)
        async with verona.app.stream("general", sender=ROMEO) as answer:
            await answer.write("a longish ")
            await answer.write("and longish")
            await answer.write(" text")
        page = await verona.chat.history("general")
        assert [entry.text for entry in page.entries] == ["a long and long text"]
        assert answer.length == len("a long and long text")

    filtered(tmp_path, play)


def test_a_whole_that_the_filters_refuse_stays_open_and_is_deleted_in_the_end(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await enters(verona, "juliet")
        await begins(romeo, "a bad")
        await appends(romeo, 1, 5, " end", "p")
        await closes(romeo, 1)
        assert await code(romeo, "c") == "rejected"
        assert (await juliet.next_of("message_deleted"))["seq"] == 1

    filtered(tmp_path, play, messages={"open_seconds": 1})


def test_a_client_has_what_the_log_has(tmp_path: Path) -> None:
    """All frames of somebody who was there from the beginning, and of one who came later."""

    async def play(verona: Stage) -> None:
        romeo, juliet = await enters(verona, "romeo"), await enters(verona, "juliet")
        await begins(romeo, "0")
        offset = 1
        for number in range(1, 40):
            await appends(romeo, 1, offset, f" {number}", f"p{number}")
            offset += len(f" {number}")
            if number == 20:
                await answer(romeo, "p20")
                paris = await enters(verona, "paris")
                await tells(juliet, type="mark", id="m", kind="reaction", seq=1, tokens=["👍"])
        await closes(romeo, 1)
        await answer(romeo, "c")
        await says(romeo, "end")
        for player in (juliet, paris):
            found = await messages_until(player, "end")
            assert found[1].text == " ".join(map(str, range(40)))
            assert (found[1].status, found[1].open) == ("complete", False)
            assert found[1].marks["reaction"]["👍"].count == 1

    on_stage(tmp_path, play)


async def messages_until(player: Player, last: str, found: Messages | None = None) -> Messages:
    """What a client has after all frames up to a message with this text; `found` is what it has so far."""
    found = Messages() if found is None else found
    while True:
        frame = read_frame(str(await player.receive()).encode())
        if isinstance(frame, Message | MessageAppended | MessageChanged | MessageDeleted) or (
            frame is not None and type(frame).__name__ == "Marked"
        ):
            assert not found.lacks(frame), "a part is missing"
            found.apply(frame)
        if isinstance(frame, Message) and frame.text == last:
            return found


def test_an_edit_is_possible_after_the_close(tmp_path: Path) -> None:
    async def play(verona: Stage) -> None:
        romeo = await enters(verona, "romeo")
        await begins(romeo, "one")
        await closes(romeo, 1)
        await edits(romeo, "e", 1, 0, "two")
        assert (await answer(romeo, "e"))["position"] == 3
        [message, _] = await history(await enters(verona, "paris"))
        assert (message["message"], message["revision"], message["status"]) == ("two", 1, "complete")

    on_stage(tmp_path, play)
