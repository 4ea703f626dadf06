"""Erasing a user: nothing of them is left in the tables, in the index and in the files."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace
from tornchat_peewee import PeeweePlugin

from tests.plugins.peeweekit import JULIET, ROMEO, Place, deletion, draft, say, storage
from tests.plugins.test_peewee_directory import held_by
from tornchat import ERASED, Invite, KnownUser, Mentions, More, Replies, Report, Sanction, User
from tornchat.testing.fixtures import edit, saying

TYBALT = User("tybalt-the-cat", "Tybalt of Capulet")
PRINCE = User("9", "prince", frozenset({"admin"}))
FAR = 4e9


async def live(chat: PeeweePlugin) -> None:
    """What a user leaves: messages in two rooms, one deleted, roles, sanctions by and of them, a name."""
    for room in ("hall", "den"):
        for number in range(3):
            words = f"perfidious rapier {room} {number}"
            await chat.store_messages([draft(words, room, TYBALT, client_id=f"unsheathed-{number}")])
    await say(chat, "a word of Romeo")
    await chat.store_messages([deletion(2, user=TYBALT), deletion(1, "den", user=JULIET)])
    await chat.set_member("den", TYBALT.id, "moderator", 0, 0)
    await chat.create_room("vault", True, 0, TYBALT.id)
    for room in ("hall", ""):
        await chat.set_sanction(Sanction(room, TYBALT.id, "ban", FAR, "2"), 0)
        await chat.set_sanction(Sanction(room, "3", "ban", FAR, TYBALT.id), 0)
    await chat.store_users([KnownUser(TYBALT.id, TYBALT.username, "tybaltofcapulet", ("x",))])
    await chat.search_messages("hall", "rapier", None, 10)
    await chat.set_block(TYBALT.id, "2", 9)
    await chat.set_block("2", TYBALT.id, 9)
    assert await chat.create_direct("a key of Tybalt", "direct-1", [TYBALT.id, ROMEO.id])
    assert await chat.create_direct("another key", "direct-2", [JULIET.id, ROMEO.id])
    for who in (TYBALT.id, ROMEO.id):
        invite = Invite(f"by {who}", "hall", "member", who, 0.0, 9e9, 1)
        assert await chat.store_invite(invite, f"digest {who}", 9)
    assert await chat.store_report(Report("hall", 1, ROMEO.id, "Tybalt of Capulet is rude", 0))
    assert await chat.store_report(Report("hall", 4, TYBALT.id, "perfidious Romeo", 0))
    assert await chat.store_report(Report("hall", 4, JULIET.id, "he is loud", 0))
    [juliets] = await chat.read_reports(PRINCE, "hall", None, JULIET.id, None, 9)
    assert await chat.close_report("hall", juliets.id, "dismissed", TYBALT.id)


async def erase(chat: PeeweePlugin, limit: int = 4) -> int:
    total = 0
    while count := await chat.erase_user(TYBALT.id, limit):
        assert count <= limit
        total += count
    return total


@pytest.mark.parametrize("limit", [1, 4, 500])
def test_nothing_is_left_in_the_tables(place: Place, limit: int) -> None:
    async def play() -> None:
        async with storage(place, "hall", "den") as chat:
            await live(chat)
            before = {room: await chat.read_history(room, 0, None, 100) for room in ("hall", "den")}
            assert await erase(chat, limit) == 7
            for room in ("hall", "den"):
                page = await chat.read_history(room, 0, None, 100)
                assert [entry.seq for entry in page.entries] == list(range(1, page.head_seq + 1))
                assert TYBALT.id not in {entry.sender_id for entry in page.entries}
                assert not [one for one in page.entries if "rapier" in one.text or "Tybalt" in repr(one)]
                news = page.entries[before[room].head_seq :]
                assert {(one.kind, one.sender_id) for one in news} == {("deletion", ERASED.id)}
                assert sorted(one.target for one in news) == [1, 2, 3]
                assert await chat.search_messages(room, "rapier", None, 10) == []
            assert [one.text for one in page.entries if one.text] == []
            assert [one.text for one in before["hall"].entries if one.sender_id == ROMEO.id] == [
                "a word of Romeo"
            ]
            assert "a word of Romeo" in [
                one.text for one in (await chat.read_history("hall", 0, None, 9)).entries
            ]
            assert TYBALT.id not in [one.user_id for one in await chat.read_members("den", None)]
            assert await chat.read_members("vault", None) == []
            left = await chat.read_sanctions(["hall", ""])
            assert [(one.user_id, one.by) for one in left] == [("3", ERASED.id)] * 2
            assert await chat.read_users([TYBALT.id]) == []
            assert await chat.read_blocks(TYBALT.id) == await chat.read_blocks("2") == []
            assert [one.by for one in await chat.read_invites("hall")] == [ROMEO.id]
            assert await chat.find_direct("a key of Tybalt") is None
            assert await chat.find_direct("another key") is not None
            reports = await chat.read_reports(PRINCE, None, None, None, None, 9)
            assert [(one.seq, one.reporter, one.closed_by) for one in reports] == [(4, JULIET.id, ERASED.id)]
            assert await erase(chat) == 0

    asyncio.run(play())


@pytest.mark.parametrize("others", [0, 5000])
def test_nothing_is_left_in_the_files_of_sqlite(tmp_path: Path, others: int) -> None:
    async def play() -> None:
        async with storage(tmp_path, "hall", "den") as chat:
            await live(chat)
            await chat.store_messages([draft(f"word{number} and more") for number in range(others)])
            await chat.search_messages("hall", "rapier", None, 10)
            traces = (b"rapier", b"perfidious", b"unsheathed", b"Tybalt", b"tybalt")
            assert all(held_by(tmp_path, trace) for trace in traces), "the test looks for what is there"
            await erase(chat)
            assert {trace: held_by(tmp_path, trace) for trace in traces} == {trace: [] for trace in traces}
            assert held_by(tmp_path, b"a word of Romeo")

    asyncio.run(play())


TRACE = b"perfidious"


async def removed(place: Path, seconds: float = 10) -> None:
    """Wait until no file of the database holds the word."""
    async with asyncio.timeout(seconds):
        while held_by(place, TRACE):  # noqa: ASYNC110 (a file has no event)
            await asyncio.sleep(0.02)


@pytest.fixture(params=["sqlite", "apsw"])
def files(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, Place]:
    """The directory of the database, and where the plugin finds it. Words are purged at once."""
    monkeypatch.setattr("tornchat_peewee.managing.PURGE_SECONDS", 0.05)
    return tmp_path, f"{request.param}:///{tmp_path / 'tornchat.db'}"


@pytest.mark.parametrize("way", ["deleted", "pruned", "room deleted"])
def test_deleted_words_leave_the_files_of_sqlite(files: tuple[Path, Place], way: str) -> None:
    """FTS5 keeps them until it merges its segments, which may be never."""
    directory, place = files

    async def play() -> None:
        async with storage(place, "hall", "den") as chat:
            await chat.store_messages([draft(f"word{number} and more") for number in range(1200)])
            await chat.search_messages("hall", "word", None, 10)
            await say(chat, "perfidious rapier", room="den")
            await chat.search_messages("den", "rapier", None, 10)
            assert held_by(directory, TRACE), "the test looks for what is there"
            match way:
                case "deleted":
                    await chat.store_messages([deletion(1, "den")])
                case "pruned":
                    assert await chat.prune_history("den", 2**40 * 2, 10, None) == 1
                case _:
                    info = await chat.open_room("den", ROMEO, False, 0, None)
                    assert await chat.delete_room("den", info.epoch)
            await removed(directory)
            assert len(await chat.search_messages("hall", "word7", None, 10)) == 1

    asyncio.run(play())


def test_words_that_were_deleted_before_a_stop_leave_the_files_after_the_next_start(
    files: tuple[Path, Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, place = files

    async def play() -> None:
        async with storage(place, "hall") as chat:
            await chat._stop_clearing()
            for number in range(3):
                await say(chat, f"perfidious rapier {number}")
                await chat.search_messages("hall", "rapier", None, 10)
            await chat.store_messages([deletion(number) for number in (1, 2, 3)])
        assert held_by(directory, TRACE), "nothing has removed it yet"
        async with storage(place, "hall") as chat:
            await removed(directory)

    asyncio.run(play())


def test_without_deletions_the_index_is_left_alone(tmp_path: Path) -> None:
    async def play() -> None:
        async with storage(tmp_path, "hall") as chat:
            await say(chat, "one")
            await chat.search_messages("hall", "one", None, 10)
            await chat.store_messages([deletion(1)])
            await chat._purging().purge()
            steps: list[bool] = []
            monkey = chat._opened().erasure
            purge = monkey.purge
            monkey.purge = lambda session, first: steps.append(first) or purge(session, first)
            await say(chat, "two")
            await chat.search_messages("hall", "two", None, 10)
            await chat._purging().purge()
            assert steps == []
            await chat.store_messages([deletion(3)])
            await chat._purging().purge()
            assert steps[0] is True

    asyncio.run(play())


def test_an_id_that_no_database_can_hold_is_nobodys(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            assert await chat.erase_user("\0", 10) == 0

    asyncio.run(play())


@pytest.mark.parametrize("way", ["erased", "deleted", "pruned"])
def test_nothing_that_a_message_said_is_left(place: Place, tmp_path: Path, way: str) -> None:
    """Its meta, those of its edits, its mentions; and of an erased user the mentions by others."""

    async def play() -> None:
        async with storage(place, "hall") as chat:
            said = More(
                mentions=Mentions(("somebody",)), meta='{"of":"perfidious"}', data='{"is":"perfidious"}'
            )
            theirs = replace(saying(said, "hall"), sender_id=TYBALT.id, client_id="unsheathed-1")
            by_others = More(mentions=Mentions((TYBALT.id, "2")), meta='{"by":"others"}')
            change = replace(
                edit(1, "new", "hall", 0), more=More(meta='{"new":"perfidious"}', data='{"now":"perfidious"}')
            )
            await chat.store_messages(
                [theirs, change, saying(by_others, "hall"), saying(More(thread=3), "hall")]
            )
            if way == "erased":
                while await chat.erase_user(TYBALT.id, 1):
                    pass
            elif way == "deleted":
                await chat.store_messages([deletion(1), deletion(3)])
            else:
                assert await chat.prune_history("hall", 1_710_417_650_000, 9, None) == 1
            page = await chat.read_history("hall", 0, None, 100)
            left = repr(page.entries)
            gone = ("perfidious", "somebody", *([TYBALT.id] if way == "erased" else []))
            assert not [trace for trace in gone if trace in left]
            messages = {one.seq: one.more for one in page.entries if one.target is None}
            if way == "erased":
                kept = (messages[3].mentions, messages[3].meta, messages[3].replies)
                assert kept == (Mentions(("2",)), '{"by":"others"}', Replies(1, 4))
            assert messages[4] == More(thread=3)
            if isinstance(place, Path):
                assert {trace: held_by(tmp_path, trace) for trace in (b"perfidious", b"somebody")} == {
                    b"perfidious": [],
                    b"somebody": [],
                }

    asyncio.run(play())
