"""Search: its words, and that what was deleted or forgotten is in no index and no file any more."""

from __future__ import annotations

import asyncio
import sqlite3
import unicodedata
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tornchat_peewee.words import words_of

from tests.plugins.peeweekit import Place, deletion, draft, say, storage


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, hello WORLD!", ["hello", "world"]),
        ("Crème brûlée", ["creme", "brulee"]),
        ("Straße STRASSE", ["strasse"]),
        ("https://a.example/x_y?q=1", ["https", "a", "example", "x", "y", "q", "1"]),
        ("東京タワ", ["東", "京", "タ", "ワ"]),
        ("' OR 1=1 --", ["or", "1"]),
        ("x" * 100, ["x" * 64]),
        ("?! \0", []),
        ("\ud800 lone", ["lone"]),
    ],
)
def test_the_words_of_a_text(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("किमी काम", ["किमी", "काम"], id="Devanagari"),
        pytest.param("বাংলা ভাষা", ["বাংলা", "ভাষা"], id="Bengali"),
        pytest.param("தமிழ் மொழி", ["தமிழ்", "மொழி"], id="Tamil"),
        pytest.param("తెలుగు భాష", ["తెలుగు", "భాష"], id="Telugu"),
        pytest.param("ಕನ್ನಡ, ಭಾಷೆ", ["ಕನ್ನಡ", "ಭಾಷೆ"], id="Kannada"),
        pytest.param("മലയാളം (ഭാഷ)", ["മലയാളം", "ഭാഷ"], id="Malayalam"),
        pytest.param("ગુજરાતી ભાષા", ["ગુજરાતી", "ભાષા"], id="Gujarati"),
        pytest.param("ਪੰਜਾਬੀ ਬੋਲੀ", ["ਪੰਜਾਬੀ", "ਬੋਲੀ"], id="Gurmukhi"),
        pytest.param("සිංහල භාෂාව", ["සිංහල", "භාෂාව"], id="Sinhala"),
        pytest.param("བོད་ཡིག", ["བོད", "ཡིག"], id="Tibetan"),
        pytest.param("กินข้าว", ["กิ", "น", "ข้", "า", "ว"], id="Thai"),
        pytest.param("ភាសា", ["ភា", "សា"], id="Khmer"),
        pytest.param("العَرَبِيَّة لغة", ["العربية", "لغة"], id="Arabic"),
        pytest.param(
            "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            ["\u0646\u0645\u06cc\u062e\u0648\u0627\u0647\u0645"],
            id="Persian with a zero-width non-joiner",
        ),
        pytest.param("עִבְרִית שפה", ["עברית", "שפה"], id="Hebrew"),
        pytest.param("Ёлка ЁЛКА", ["елка"], id="Cyrillic"),
        pytest.param("Ελληνικά", ["ελληνικα"], id="Greek"),
        pytest.param("Հայերեն լեզու", ["հայերեն", "լեզու"], id="Armenian"),
        pytest.param("አማርኛ ቋንቋ", ["አማርኛ", "ቋንቋ"], id="Ethiopic"),
        pytest.param("한국어 말", ["한국어", "말"], id="Hangul"),
        pytest.param("がか ｶﾞ", ["が", "か", "ガ"], id="kana"),
        pytest.param("漢字𠮷", ["漢", "字", "𠮷"], id="Han"),
        pytest.param("co\u00adoperate", ["cooperate"], id="a soft hyphen"),
        pytest.param("1\ufe0f\u20e3 ❤\ufe0f", ["1"], id="emoji"),
        pytest.param("ไทย\u200bไทย a\u200bb", ["ไ", "ท", "ย", "a", "b"], id="a zero-width space"),
        pytest.param("\ue000 \u0301", [], id="no letter"),
    ],
)
def test_words_in_the_scripts_of_the_world(text: str, words: list[str]) -> None:
    assert words_of(text) == [unicodedata.normalize("NFC", word) for word in words]
    assert words_of(unicodedata.normalize("NFD", text)) == words_of(text)


@pytest.mark.parametrize(
    ("said", "asked", "found"),
    [
        ("दूरी दस किमी है", "किमी", True),
        ("काम और मीत", "किमी", False),
        ("ผมกินข้าว", "ข้าว", True),
        ("தமிழ் வாழ்க", "தமிழ்", True),
        (
            "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0646\u0645\u06cc\u062e\u0648\u0627\u0647\u0645",
            True,
        ),
    ],
)
def test_a_search_finds_whole_words_in_other_scripts(
    place: Place, said: str, asked: str, found: bool
) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            await say(chat, said)
            assert len(await chat.search_messages("hall", asked, None, 5)) == found

    asyncio.run(play())


def test_a_database_of_the_version_before_is_indexed_again(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            await say(chat, "दस किमी")
            assert len(await chat.search_messages("hall", "किमी", None, 5)) == 1
        rows(place, "DELETE FROM schema_step WHERE name = '0004_words' RETURNING name")
        assert rows(place, "SELECT count(*) FROM search") == [(1,)]
        async with storage(place) as chat:
            assert rows(place, "SELECT count(*) FROM search") == [(0,)]
            assert len(await chat.search_messages("hall", "किमी", None, 5)) == 1

    asyncio.run(play())


def test_nobody_waits_for_the_index_and_it_reaches_the_head_before_a_search(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            for start in range(0, 1200, 400):
                await say(chat, *(f"word{number}" for number in range(start, start + 400)))
            assert rows(place, "SELECT count(*) FROM search") == [(0,)]
            found = await chat.search_messages("hall", "word1199", None, 5)
            assert [entry.seq for entry in found] == [1200]
            assert rows(place, "SELECT count(*) FROM search") == [(1200,)]

    asyncio.run(play())


def test_two_nodes_index_each_message_once(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat, storage(place) as other:
            await say(chat, *(f"tea {number}" for number in range(1000)))
            searches = [node.search_messages("hall", "tea", None, 2000) for node in (chat, other) * 3]
            assert [len(found) for found in await asyncio.gather(*searches)] == [1000] * 6
            assert rows(place, "SELECT count(*) FROM search") == [(1000,)]

    asyncio.run(play())


def test_what_is_deleted_or_pruned_leaves_the_index(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            old = [draft(f"old {number}", sent_at=1000) for number in range(3)]
            await chat.store_messages([*old, draft("new secret"), draft("new tea")])
            assert len(await chat.search_messages("hall", "new", None, 9)) == 2
            await chat.store_messages([deletion(4)])
            assert await chat.prune_history("hall", 2000, 100, None) == 3
            assert rows(place, "SELECT count(*) FROM search") == [(1,)]
            for query, count in (("old", 0), ("secret", 0), ("new", 1)):
                assert len(await chat.search_messages("hall", query, None, 9)) == count

    asyncio.run(play())


def test_a_message_that_is_deleted_before_it_is_indexed_is_never_found(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall") as chat:
            await say(chat, "secret", "tea")
            await chat.store_messages([deletion(1)])
            assert await chat.search_messages("hall", "secret", None, 9) == []

    asyncio.run(play())


def rows(place: Place, statement: str) -> list[Any]:
    if isinstance(place, Path):
        with closing(sqlite3.connect(place / "tornchat.db")) as database:
            found = database.execute(statement).fetchall()
            database.commit()
            return found
    with psycopg.connect(place) as connection:
        return connection.execute(statement).fetchall()


def test_messages_of_other_rooms_do_not_use_up_the_limit(place: Place) -> None:
    """One index holds all rooms."""

    async def play() -> None:
        async with storage(place, "attic", "hall", "cellar") as chat:
            for room in ("attic", "hall", "cellar", "hall", "attic", "cellar"):
                await say(chat, *["tea"] * 5, room=room)
            for room in ("attic", "hall", "cellar"):
                assert [e.seq for e in await chat.search_messages(room, "tea", None, 4)] == [10, 9, 8, 7]
                assert [e.seq for e in await chat.search_messages(room, "tea", 7, 9)] == [6, 5, 4, 3, 2, 1]

    asyncio.run(play())


def test_all_that_one_call_deletes_leaves_the_index(place: Place) -> None:
    async def play() -> None:
        async with storage(place, "hall", "attic") as chat:
            await say(chat, *["secret"] * 3)
            await say(chat, *["secret"] * 2, room="attic")
            for room, count in (("hall", 3), ("attic", 2)):
                assert len(await chat.search_messages(room, "secret", None, 9)) == count
            await chat.store_messages([deletion(1), deletion(2, room="attic"), deletion(3)])
            assert [e.seq for e in await chat.search_messages("hall", "secret", None, 9)] == [2]
            assert [e.seq for e in await chat.search_messages("attic", "secret", None, 9)] == [1]
            assert rows(place, "SELECT count(*) FROM search") == [(2,)]

    asyncio.run(play())
