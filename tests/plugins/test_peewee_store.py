"""Storing: places without gaps, repeats, deletions, and drafts that can't be stored."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from tests.plugins.peeweekit import (
    JULIET,
    ROMEO,
    Place,
    deletion,
    draft,
    refused,
    say,
    storage,
    stored,
    texts,
)
from tornchat import Entry

LONE_SURROGATE = "\ud800"


def test_an_entry_is_the_draft_with_a_place(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            room = await chat.open_room("hall", ROMEO, False, 0, ROMEO.id)
            [result] = await chat.store_messages([draft("hi", draft_id="d", client_id="c", sent_at=7)])
            assert result == stored(result)
            assert result.entry == Entry(1, "1", "romeo", "hi", 7, "d", "c")
            assert (result.epoch, result.repeated) == (room.epoch, False)
            page = await chat.read_history("hall", None, None, 10)
            assert page.entries == (result.entry,)

    asyncio.run(play())


def test_many_callers_in_many_rooms_leave_no_gap(place: Place) -> None:
    rooms = [f"room{number}" for number in range(20)]
    dice = random.Random(1)

    async def play() -> None:
        async with storage(place, *rooms) as chat:
            calls = [[draft(room=dice.choice(rooms)) for _ in range(7)] for _ in range(300)]
            answers = await asyncio.gather(*[chat.store_messages(call) for call in calls])
            places: dict[str, list[int]] = {room: [] for room in rooms}
            for call, answer in zip(calls, answers, strict=True):
                for said, result in zip(call, answer, strict=True):
                    assert stored(result).entry.draft_id == said.draft_id
                    places[said.room].append(result.entry.seq)
            for room in rooms:
                assert places[room] == list(range(1, len(places[room]) + 1))
                assert len(await texts(chat, room)) == len(places[room])

    asyncio.run(play())


@pytest.mark.parametrize(
    "said", ["\x01a\x7f", "'); DROP TABLE log; --", "%s ? {x} %", "\u202e👩‍👩‍👧", "x" * 100_000]
)
def test_text_is_kept_as_it_is(place: Place, said: str) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            await say(chat, said)
            assert await texts(chat) == [said]

    asyncio.run(play())


def test_sqlite_keeps_a_nul_and_refuses_what_is_no_text(tmp_path: Path) -> None:
    async def play() -> None:
        async with storage(tmp_path, "hall") as chat:
            batch = [draft("\x00a\x00"), draft(["no text"])]  # type: ignore[arg-type]
            nul, no_text = await chat.store_messages(batch)
            assert stored(nul).entry.seq == 1
            assert refused(no_text) == "rejected"
            assert await texts(chat) == ["\x00a\x00"]

    asyncio.run(play())


def test_the_same_id_and_text_gives_the_first_entry_back(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            [first] = await chat.store_messages([draft("hi", client_id="c")])
            [again] = await chat.store_messages([draft("hi", client_id="c")])
            assert again.entry == first.entry
            assert again.repeated
            assert await texts(chat) == ["hi"]

    asyncio.run(play())


def test_a_repeat_within_one_batch_gives_the_first_entry_back(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            batch = [draft("hi", client_id="c"), draft("hi", client_id="c"), draft("ho", client_id="c")]
            first, again, other = await chat.store_messages(batch)
            assert again.entry == first.entry
            assert again.repeated
            assert refused(other) == "conflict"
            assert [entry.seq for entry in await say(chat, "next")] == [2]

    asyncio.run(play())


def test_the_same_id_with_another_text_is_a_conflict(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            await chat.store_messages([draft("hi", client_id="c")])
            [other] = await chat.store_messages([draft("ho", client_id="c")])
            assert refused(other) == "conflict"

    asyncio.run(play())


def test_an_id_is_the_senders_own_in_one_room(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall", "attic") as chat:
            same_id = [
                draft("a", client_id="c"),
                draft("b", user=JULIET, client_id="c"),
                draft("c", room="attic", client_id="c"),
                draft("d"),
                draft("d"),
            ]
            results = [stored(result) for result in await chat.store_messages(same_id)]
            assert [result.repeated for result in results] == [False] * 5

    asyncio.run(play())


def test_a_repeat_of_a_deleted_message_is_a_repeat(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            await chat.store_messages([draft("hi", client_id="c")])
            await chat.store_messages([deletion(1)])
            [again] = await chat.store_messages([draft("hi", client_id="c")])
            assert (stored(again).repeated, again.entry.seq, again.entry.text) == (True, 1, "")

    asyncio.run(play())


def test_a_deletion_blanks_its_target_and_is_an_entry(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            await say(chat, "one", "two", "three")
            [result] = await chat.store_messages([deletion(2)])
            assert (result.entry.seq, result.entry.kind, result.entry.target) == (4, "deletion", 2)
            assert await texts(chat) == ["one", "", "three", ""]

    asyncio.run(play())


def test_a_deletion_may_follow_its_target_in_one_batch(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            batch = [draft("oops"), deletion(1), draft("well")]
            assert [stored(result).entry.seq for result in await chat.store_messages(batch)] == [1, 2, 3]
            assert await texts(chat) == ["", "", "well"]

    asyncio.run(play())


@pytest.mark.parametrize("target", [0, -1, 3, 99, None], ids=str)
def test_a_deletion_of_what_is_no_message_is_refused(place: Place, target: int) -> None:
    async def play() -> None:
        async with storage(place, "hall", "attic") as chat:
            await say(chat, "one", "two", "three", room="attic")
            await say(chat, "one", "two")
            await chat.store_messages([deletion(1)])
            [result] = await chat.store_messages([deletion(target)])
            assert refused(result) == ("empty_message" if target is None else "not_found")
            assert await texts(chat) == ["", "two", ""]

    asyncio.run(play())


@pytest.mark.parametrize("length", [30, 20_000])
def test_a_deleted_text_is_in_no_file_any_more(tmp_path: Path, length: int) -> None:
    secret = "wherefore art thou " * (length // 19)

    async def play() -> None:
        async with storage(tmp_path, "hall") as chat:
            await say(chat, "before", secret, "after")
            assert secret[:19] in everything_in(tmp_path)
            await chat.store_messages([deletion(2)])
            assert secret[:19] not in everything_in(tmp_path)

    asyncio.run(play())


def everything_in(directory: Path) -> str:
    return "".join(path.read_bytes().decode("latin-1") for path in sorted(directory.glob("tornchat.db*")))


def test_a_room_that_is_not_there_is_gone(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            gone, there = await chat.store_messages([draft(room="nowhere"), draft()])
            assert refused(gone) == "room_gone"
            assert stored(there).entry.seq == 1

    asyncio.run(play())


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (draft(LONE_SURROGATE), "rejected"),
        (draft(client_id=LONE_SURROGATE), "rejected"),
        (draft(room=LONE_SURROGATE), "rejected"),
        (draft(sent_at=2**70), "rejected"),
        (deletion(2**70), "not_found"),
        (deletion(-(2**70)), "rejected not_found"),
        (draft(None), "empty_message"),  # type: ignore[arg-type]
        (draft({}, sent_at=None), "empty_message"),  # type: ignore[arg-type]
        (draft(draft_id=None), "rejected"),
    ],
)
def test_a_draft_that_the_database_cannot_hold_harms_no_other(place: Place, bad: object, code: str) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            batch = [draft("one"), bad, draft("two", client_id="c"), bad, draft("two", client_id="c")]
            one, first, two, second, again = await chat.store_messages(batch)
            assert refused(first) == refused(second)
            assert refused(first) in code.split()
            assert [stored(result).entry.seq for result in (one, two, again)] == [1, 2, 2]
            assert again.repeated
            assert await texts(chat) == ["one", "two"]

    asyncio.run(play())


def test_a_few_bad_drafts_cost_a_large_batch_little(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            batch = [draft(str(number)) for number in range(2000)]
            for number in (7, 8, 1999):
                batch[number] = draft(LONE_SURROGATE)
            results = await chat.store_messages(batch)
            assert [refused(results[number]) for number in (7, 8, 1999)] == ["rejected"] * 3
            assert await texts(chat) == [said.text for said in batch if said.text != LONE_SURROGATE]

    asyncio.run(play())


@pytest.mark.parametrize("count", [1, 4, 5, 31, 256, 257, 1023])
def test_a_batch_of_any_length_is_stored_whole_and_in_order(place: Place, count: int) -> None:
    async def play() -> None:
        async with storage(place, "hall", "yard") as chat:
            batch = [draft(str(number), room=("hall", "yard")[number % 3 == 0]) for number in range(count)]
            results = [stored(result) for result in await chat.store_messages(batch)]
            assert [result.entry.text for result in results] == [said.text for said in batch]
            for room in ("hall", "yard"):
                assert await texts(chat, room) == [said.text for said in batch if said.room == room]

    asyncio.run(play())


def test_nothing_to_store_is_fine(place: Place) -> None:
    async def play() -> None:
        async with storage(place) as chat:
            assert await chat.store_messages([]) == []

    asyncio.run(play())


def test_a_call_that_is_given_up_before_it_begins_stores_nothing(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            calls = [chat.store_messages([draft(str(number)) for number in range(2000)]) for _ in range(3)]
            calls[2].cancel()
            await asyncio.gather(*calls, return_exceptions=True)
            assert len(await texts(chat)) == 4000

    asyncio.run(play())


@pytest.mark.parametrize("length", [30, 20_000])
def test_a_pruned_text_is_in_no_file_any_more(tmp_path: Path, length: int) -> None:
    secret = "antidisestablishmentarianism " * (length // 29)

    async def play() -> None:
        async with storage(tmp_path, "hall") as chat:
            await chat.store_messages([draft(secret, sent_at=1000), draft("after", sent_at=3000)])
            assert secret[:28] in everything_in(tmp_path)
            assert await chat.prune_history("hall", 2000, 100, None) == 1
            assert secret[:28] not in everything_in(tmp_path)
            assert (await chat.read_history("hall", 0, None, 9)).entries[0].text == "after"

    asyncio.run(play())
