"""A row with a value of a wrong type, or with a text that is not UTF-8, harms no other row of any table."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tornchat_peewee import PeeweePlugin

from tests.plugins.peeweekit import ROMEO, draft, say, storage
from tornchat import SITE, AuditEntry, ConsumerClaim, Invite, KnownUser, More, Report, Sanction, User
from tornchat.testing.fixtures import mark

ADMIN = User("root", "root", frozenset({"admin"}))
LATER = time.time() + 3600
NUMBERS = ("yesterday", b"\xff", 1.5)
TEXTS = (b"\xff", b"text")
SPOILED = {
    "room": (
        "name = 'tea'",
        ("name", "epoch", "owner", "title", "topic"),
        ("head_seq", "first_seq", "slow_seconds", "private"),
    ),
    "member": ("user_id = '3'", ("user_id", "role"), ()),
    "sanction": ("user_id = '6'", ("user_id", "kind", "by", "rank"), ("until", "since")),
    "site_sanction": ("user_id = '8'", ("user_id", "kind", "by", "rank"), ("until", "since")),
    "known_user": ("id = 'b'", ("id", "username", "name_key", "roles"), ()),
    "invite": ("id = 'two'", ("id", "role", "by"), ("created_at", "expires_at", "uses", "used")),
    "audit": ("key = 'two'", ("key", "actor", "action", "room", "target", "detail"), ("at",)),
    "block": ("blocked_id = '3'", ("user_id", "blocked_id"), ()),
    "report": ("reporter = '5'", ("reporter", "reason", "state", "closed_by"), ("seq", "at")),
    "consumer": ("name = 'two'", ("name", "holder"), ("until",)),
    "consumer_cursor": ("consumer = 'two'", ("consumer", "error"), ("failed_at",)),
    "mark": ("target = 2", ("kind", "user_id", "token"), ("target", "position")),
    "thread": ("root = 2", (), ("count", "last_seq")),
    "act": ("1", ("text", "sender_id", "kind", "mark"), ("sent_at", "revision")),
}
CASES = [
    (table, column, value)
    for table, (_, texts, numbers) in SPOILED.items()
    for columns, values in ((texts, TEXTS), (numbers, NUMBERS))
    for column in columns
    for value in values
    if (column, value) != ("until", 1.5)  # which is in the past
]
NOT_UTF8 = [(table, column) for table, (_, texts, _) in SPOILED.items() for column in texts]


async def fill(chat: PeeweePlugin) -> None:
    """Put two rows into each table; the second one is spoiled."""
    await say(chat, "one", "two", "three")
    await chat.store_messages([draft("five", more=More(thread=1)), draft("six", more=More(thread=2))])
    await chat.store_messages([mark(1, "x", room="hall"), mark(2, "y", room="hall", sender="bob")])
    await chat.set_member("hall", "2", "member", 0, 0)
    await chat.set_member("hall", "3", "moderator", 0, 0)
    for room, user_id, kind in (
        (("hall"), "5", "ban"),
        ("hall", "6", "mute"),
        (SITE, "7", "ban"),
        (SITE, "8", "ban"),
    ):
        await chat.set_sanction(Sanction(room, user_id, kind, LATER, "1"), 0)
    await chat.store_users([KnownUser("a", "ann", "ann"), KnownUser("b", "bob", "bob", ("moderator",))])
    await chat.record_audit([AuditEntry("one", 1, "1", "ban"), AuditEntry("two", 2, "1", "ban")])
    await chat.set_block("1", "2", 10)
    await chat.set_block("1", "3", 10)
    await chat.store_report(Report("hall", 1, "4", "spam", 1))
    await chat.store_report(Report("hall", 2, "5", "spam", 1))
    for name in ("one", "two"):
        invite = Invite(name, "hall", "member", "1", 1.0, LATER, 5)
        assert await chat.store_invite(invite, name, 10)
    claims = [ConsumerClaim("one", True, ("hall",)), ConsumerClaim("two", True, ("hall",))]
    await chat.hold_consumers("n1", claims, 60.0)


async def readings(chat: PeeweePlugin) -> dict[str, list[Any]]:
    """Ask every hook that reads lists, and return what of each row names it."""
    page = await chat.read_messages("hall", 0, None, None, None, 50)
    history = await chat.read_history("hall", 0, None, 50)
    marks = await chat.read_marks("hall", [1, 2], None, 0, 10)
    assert page is not None
    assert history is not None
    assert marks is not None
    return {
        "rooms": [room.name for room in await chat.list_rooms(ADMIN, None, 10)],
        "heads": list(await chat.latest_positions(["hall", "tea"])),
        "members": [one.user_id for one in await chat.read_members("hall", None)],
        "admitted": list((await chat.read_admitted({"hall": ["2", "3"]}))["hall"]),
        "sanctions": [(one.user_id, one.kind) for one in await chat.read_sanctions(["hall", SITE])],
        "users": [one.id for one in await chat.read_users(["a", "b"])],
        "same name": [one.id for one in await chat.find_users("ann")],
        "found users": [one.id for one in await chat.search_users("ann", 10)],
        "invites": [one.id for one in await chat.read_invites("hall")],
        "descriptions": list(await chat.read_descriptions(["hall", "tea"])),
        "audit": [one.key for one in await chat.read_audit(None, 10, None, None)],
        "blocks": list(await chat.read_blocks("1")),
        "blockers": list(await chat.find_blockers("2", ["1"])),
        "reports": [one.seq for one in await chat.read_reports(ADMIN, None, None, None, None, 10)],
        "consumers": [one.name for one in await chat.read_consumers()],
        "cursors": [one.room for one in await chat.read_cursors("one", None, 10)],
        "unread": list(await chat.find_unread(["one"], None, 10)),
        "marks": [one.target for one in marks],
        "messages": [entry.seq for entry in page.entries],
        "threads": [entry.seq for entry in page.entries if entry.more and entry.more.replies],
        "history": [entry.seq for entry in history.entries],
        "slow": list(await chat.read_slow_modes(["hall", "tea"])),
        "found": [entry.seq for entry in await chat.search_messages("hall", "one", None, 10) or ()],
    }


FIRST = {
    "rooms": "hall",
    "heads": "hall",
    "members": "2",
    "admitted": "2",
    "sanctions": ("5", "ban"),
    "users": "a",
    "same name": "a",
    "found users": "a",
    "invites": "one",
    "descriptions": "hall",
    "audit": "one",
    "blocks": "2",
    "blockers": "1",
    "reports": 1,
    "consumers": "one",
    "cursors": "hall",
    "unread": "hall",
    "marks": 1,
    "messages": 1,
    "threads": 1,
    "history": 1,
    "found": 1,
}
"""What of the first rows must be told, whatever the second ones are."""


def spoil(data_dir: Path, table: str, column: str, value: object, cast: str = "?") -> None:
    with closing(sqlite3.connect(data_dir / "tornchat.db")) as database:
        where, mine = (
            SPOILED[table][0],
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?",
        )
        for (trigger,) in database.execute(mine, [table]).fetchall():
            database.execute(f"DROP TRIGGER {trigger}")  # the audit is append-only
        done = database.execute(f'UPDATE "{table}" SET "{column}" = {cast} WHERE {where}', [value])
        assert done.rowcount, (table, where)
        database.commit()


async def spoiled(
    tmp_path: Path, table: str, column: str, value: object, cast: str = "?"
) -> dict[str, list[Any]]:
    async with storage(tmp_path, "hall", "tea") as chat:
        await fill(chat)
        before = await readings(chat)
        assert {name for name, first in FIRST.items() if first not in before[name]} == set()
        spoil(tmp_path, table, column, value, cast)
        after = await readings(chat)
        stored = await chat.store_messages([draft("more"), draft("more", "tea")])
        assert type(stored[0]).__name__ == "Stored", "the other room is as before"
        assert await chat.prune_history(None, 0, 10, None) == 0
        return after


@pytest.mark.parametrize(("table", "column", "value"), CASES)
def test_the_other_rows_are_read_and_sanctions_hold(
    tmp_path: Path, table: str, column: str, value: object
) -> None:
    after = asyncio.run(spoiled(tmp_path, table, column, value))
    assert {name for name, first in FIRST.items() if first not in after[name]} == set()
    if column in ("until", "since", "by", "rank"):
        held = ("6", "mute") if table == "sanction" else ("8", "ban")
        assert held in after["sanctions"]


@pytest.mark.parametrize(("table", "column"), NOT_UTF8)
def test_texts_that_are_not_utf8_are_shown_with_replacements(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, table: str, column: str
) -> None:
    secret = b"s3cret \xff"
    after = asyncio.run(spoiled(tmp_path, table, column, secret, "CAST(? AS TEXT)"))
    assert {name for name, first in FIRST.items() if first not in after[name]} == set()
    assert "s3cret" not in caplog.text


def test_a_message_that_is_not_utf8_harms_no_history_and_is_in_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Python's error has the whole text in its words."""

    async def play() -> list[str]:
        async with storage(tmp_path, "hall") as chat:
            await say(chat, "one", "two", "three")
            with closing(sqlite3.connect(tmp_path / "tornchat.db")) as database:
                database.execute("UPDATE message SET text = CAST(x'7333637265742dff' AS TEXT) WHERE seq = 2")
                database.commit()
            page = await chat.read_history("hall", 0, None, 10)
            assert page is not None
            await say(chat, "four")
            return [entry.text for entry in page.entries]

    assert asyncio.run(play()) == ["one", "s3cret-\ufffd", "three"]
    assert "not UTF-8" in caplog.text
    assert "s3cret" not in caplog.text


def test_a_room_whose_owner_is_no_text_is_nobodys(tmp_path: Path) -> None:
    async def play() -> None:
        async with storage(tmp_path, "hall", "tea") as chat:
            spoil(tmp_path, "room", "owner", b"\xff")
            room = await chat.open_room("tea", ROMEO, False, 0, None)
            assert room is not None
            assert room.owner is None
            assert [one.name for one in await chat.list_rooms(ADMIN, None, 10)] == ["hall", "tea"]

    asyncio.run(play())
