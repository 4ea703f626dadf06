"""`peewee` and consumers beyond the contract: pruning waits for them, and cursors end with their rooms."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tornchat_peewee import PeeweePlugin
from tornchat_peewee.rows import fetched

from tests.plugins.peeweekit import Place, draft, say, storage, texts
from tests.plugins.test_peewee_search import rows
from tornchat import ConsumerClaim, CursorMove

DAY = 86_400_000
OLD = 1_700_000_000_000
"""When the drafts of these tests were sent."""


async def prune(chat: PeeweePlugin, patience_days: int) -> int:
    before = OLD + DAY
    return await chat.prune_history("hall", before, 100, before - patience_days * DAY)


async def left(chat: PeeweePlugin) -> list[str]:
    page = await chat.read_history("hall", 0, None, 100)
    assert page is not None
    return [entry.text for entry in page.entries]


def test_pruning_waits_for_consumers_but_not_longer_than_it_should(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            await chat.hold_consumers("n1", [ConsumerClaim("bot")], 10.0)
            await say(chat, *"abc")
            assert await prune(chat, 7) == 0
            [unread] = await chat.read_unread({"hall": ["bot"]}, 10)
            await chat.move_cursors("n1", [CursorMove("bot", "hall", unread.page.epoch, 0, 2)])
            assert await prune(chat, 7) == 2
            assert await left(chat) == ["c"]
            assert await prune(chat, 0) == 1
            assert await chat.find_unread(["bot"], None, 10) == []
            await chat.store_messages([draft("d")])
            [unread] = await chat.read_unread({"hall": ["bot"]}, 10)
            assert [entry.text for entry in unread.page.entries] == ["d"]

    asyncio.run(play())


def test_pruning_does_not_wait_for_a_consumer_that_nobody_serves(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            await chat.hold_consumers("n1", [ConsumerClaim("bot")], 10.0)
            await chat.hold_consumers("n1", [ConsumerClaim("bot")], 0.0)
            await say(chat, *"ab")
            assert await prune(chat, 1) == 0, "its lease ended a moment ago"
            before = OLD + DAY
            await asyncio.sleep(0.05)
            assert await chat.prune_history("hall", before, 100, before - 10) == 2

    asyncio.run(play())


def test_a_room_of_the_same_name_begins_anew(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            await chat.hold_consumers("n1", [ConsumerClaim("bot")], 10.0)
            await say(chat, *"abc")
            [unread] = await chat.read_unread({"hall": ["bot"]}, 10)
            await chat.move_cursors("n1", [CursorMove("bot", "hall", unread.page.epoch, 0, 3)])
            await chat.delete_room("hall", unread.page.epoch)
            assert await chat.find_unread(["bot"], None, 10) == []
            assert chat._clearing is not None
            await chat._clearing
            await chat.create_room("hall", False, 0, None)  # SQLite gives it the id of the deleted one
            await say(chat, "new")
            [unread] = await chat.read_unread({"hall": ["bot"]}, 10)
            assert (await texts(chat), unread.positions["bot"]) == (["new"], 0)

    asyncio.run(play())


FILL = """
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10000)
    INSERT INTO room
        (name, epoch, private, head_seq, first_seq, created_at, indexed_seq, deleted, slow_seconds, acts)
    SELECT 'room' || n, 'epoch', {no}, 5, 1, 1700000000000, 0, {no}, 0, 0 FROM numbers
    RETURNING id
"""


def test_three_rooms_with_news_among_ten_thousand_are_found_by_one_query(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries: list[object] = []

    def counted(cursor: object, query: object) -> object:
        queries.append(query)
        return fetched(cursor, query)

    monkeypatch.setattr("tornchat_peewee.consumers.fetched", counted)

    async def play() -> None:
        async with storage(place) as chat:
            rows(place, FILL.format(no=0 if isinstance(place, Path) else "false"))
            await chat.hold_consumers("n1", [ConsumerClaim("bot"), ConsumerClaim("audit")], 10.0)
            for room in ("room7", "room5000", "room9999"):
                await say(chat, "news", room=room)
            queries.clear()
            assert await chat.find_unread(["bot", "audit"], None, 1000) == ["room5000", "room7", "room9999"]
            assert len(queries) == 1

    asyncio.run(play())
