"""Entries that act on messages: migration of old deletions, erasure, the index, and what reading costs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playhouse.migrations import Runner
from tornchat_peewee.databases import backend_of
from tornchat_peewee.schema import STEPS, TABLE

from tests.plugins.peeweekit import ROMEO, Place, deletion, draft, plugin, say, storage, stored, texts
from tests.plugins.test_peewee_directory import held_by
from tests.plugins.test_peewee_search import rows
from tornchat import Draft, More

OLD = (
    "INSERT INTO room (name, epoch, private, owner, head_seq, first_seq, created_at) "
    "VALUES ('hall', 'acts', false, '1', 6, 1, 0)",
    "INSERT INTO log (room_id, seq, sender_id, sender_username, text, sent_at, draft_id, client_id, kind, "
    "target) "
    "VALUES (1, 1, '1', 'romeo', '', 0, 'd1', 'c1', 'message', NULL), "
    "(1, 2, '1', 'romeo', '', 0, 'd2', NULL, 'deletion', 1), "
    "(1, 3, '1', 'romeo', 'here', 0, 'd3', NULL, 'message', NULL), "
    "(1, 4, '1', 'romeo', '', 0, 'd4', NULL, 'message', NULL), "
    "(1, 5, '1', 'romeo', '', 0, 'd5', 'c5', 'deletion', 4), "
    "(1, 6, '1', 'romeo', '', 0, 'd6', NULL, 'deletion', 4)",
)
"""A log of the version before, with deletions."""


def edit(target: int, text: str, expects: int, **more: str) -> Draft:
    return draft(text, kind="edit", target=target, more=More(expects=expects), **more)


def test_old_deletions_become_entries_that_act(place: Place) -> None:
    backend = backend_of(plugin(place)._settings)
    with backend.migrating():
        Runner(backend.database, str(STEPS), table_name=TABLE).up("0004_words")
        for statement in OLD:
            backend.database.execute_sql(statement)

    async def play() -> None:
        async with storage(place) as chat:
            page = await chat.read_history("hall", 0, None, 100)
            kinds = [(entry.seq, entry.kind, entry.target, entry.empties) for entry in page.entries]
            assert kinds == [
                (1, "message", None, False),
                (2, "deletion", 1, True),
                (3, "message", None, False),
                (4, "message", None, False),
                (5, "deletion", 4, True),
                (6, "deletion", 4, True),
            ]
            assert [entry.position for entry in page.entries if entry.target is None] == [2, 3, 6]
            changed = await chat.read_changed("hall", 0, 10)
            assert changed.count == 3
            again = stored((await chat.store_messages([deletion(4, client_id="c5")]))[0])
            assert (again.entry.seq, again.repeated) == (5, True)
            [result] = await chat.store_messages([edit(3, "there", 0)])
            assert stored(result).entry.seq == 7
            assert rows(place, "SELECT nth FROM act ORDER BY seq") == [(1,), (2,), (3,), (4,)]

    asyncio.run(play())


@pytest.mark.parametrize("way", ["delete", "prune", "erase", "delete room"])
def test_nothing_of_an_edited_message_is_left(place: Place, way: str) -> None:
    """In PostgreSQL the tables are read, in SQLite the files, too. The word index has its own tests."""
    words = (b"perfidious", b"rapier", b"duel")

    async def play() -> None:
        async with storage(place, "hall") as chat:
            await say(chat, "a perfidious word")
            await chat.store_messages([edit(1, "a rapier", 0, client_id="acts"), edit(1, "a duel", 1)])
            await say(chat, "well")
            if way == "delete":
                await chat.store_messages([deletion(1)])
            elif way == "prune":
                assert await chat.prune_history("hall", 2**50, 1, None) == 1
                await chat.prune_history(None, 0, 9, None)  # nothing is left, so that the files are emptied
            elif way == "erase":
                while await chat.erase_user(ROMEO.id, 100):
                    pass
            else:
                room = await chat.open_room("hall", ROMEO, False, 0, None)
                await chat.delete_room("hall", room.epoch)
                await chat._clearing
            found = rows(place, "SELECT text, before, data, digest FROM act WHERE target = 1")
            assert {value for row in found for value in row} <= {"", None}
            assert rows(place, "SELECT count(*) FROM message WHERE text LIKE '%duel%'") == [(0,)]
            if isinstance(place, Path):
                assert [word for word in words if held_by(place, word)] == []

    asyncio.run(play())


def test_the_search_finds_the_present_text(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            await say(chat, "wherefore", "parting")
            assert [e.seq for e in await chat.search_messages("hall", "wherefore", None, 9)] == [1]
            await chat.store_messages([edit(1, "therefore", 0)])
            assert await chat.search_messages("hall", "wherefore", None, 9) == []
            [found] = await chat.search_messages("hall", "therefore", None, 9)
            assert (found.seq, found.text, found.revision) == (1, "therefore", 1)
            await say(chat, "never indexed")
            await chat.store_messages([edit(4, "sorrow", 0)])
            assert [e.seq for e in await chat.search_messages("hall", "sorrow", None, 9)] == [4]
            await chat.store_messages([deletion(1)])
            assert await chat.search_messages("hall", "therefore", None, 9) == []

    asyncio.run(play())


def test_the_log_has_no_gap_where_messages_and_other_entries_alternate(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            await say(chat, "one")
            for number in range(20):
                await chat.store_messages([edit(1, f"edit {number}", number), draft(f"line {number}")])
            assert len(await texts(chat)) == 41
            for after, before, limit in (
                (5, None, 7),
                (None, 30, 7),
                (5, 9, 99),
                (None, None, 3),
                (0, None, 0),
            ):
                page = await chat.read_history("hall", after, before, limit)
                got = [entry.seq for entry in page.entries]
                low, high = after or 0, before or 42
                there = list(range(low + 1, high))
                assert got == (there[:limit] if after is not None else there[max(0, len(there) - limit) :])

    asyncio.run(play())
