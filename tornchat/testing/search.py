"""The contract of search: messages are found by their words, and deleted messages are not found."""

from __future__ import annotations

from tornchat import Entry
from tornchat.testing.fixtures import deletion, draft
from tornchat.testing.kit import Contract, Stage, promise, unique
from tornchat.testing.log import opened, stored


class SearchContract(Contract):
    """Tests of a search plugin, which must also implement storage. Subclass it, define `make_plugin`."""

    roles = ("search",)

    @promise("search_messages: entries as they are stored, newest first")
    async def test_newest_first(self, stage: Stage) -> None:
        room = await _said(stage, "green tea", "black coffee", "black tea", "Tea!")
        found = await _search(stage, room, "tea")
        assert [entry.seq for entry in found] == [4, 3, 1], f"it found {[entry.text for entry in found]}"
        await _verify_found(stage, room, "tea", ["Tea!", "black tea", "green tea"])

    @promise("search_messages: a message holds all words of the query, in any order")
    async def test_all_words(self, stage: Stage) -> None:
        room = await _said(stage, "tea for two", "two for tea", "tea for one", "teatwo")
        await _verify_found(stage, room, "tea two", ["two for tea", "tea for two"])

    @promise("search_messages: whole words only, whatever their case")
    async def test_whole_words_of_any_case(self, stage: Stage) -> None:
        room = await _said(stage, "TEA", "teapot", "a tea", "steam")
        await _verify_found(stage, room, "Tea", ["a tea", "TEA"])

    @promise("search_messages: signs around words are no part of them, and of a query they mean nothing")
    async def test_signs_mean_nothing(self, stage: Stage) -> None:
        room = await _said(stage, "«tea», (two)?", "see https://tea.example/two", "tea OR coffee")
        found = await _texts(stage, room, '"tea" & -two*')
        assert found == ["see https://tea.example/two", "«tea», (two)?"], f"it found {found}"
        await _verify_found(stage, room, "tea OR two", [])
        for query in ("'", '"', "tea'", "(", "tea:two", "%", "\\", "*", "a AND", "NEAR(", "\0", "\ud800"):
            await _search(stage, room, query)

    @promise("search_messages: words in other scripts than Latin are found")
    async def test_other_scripts(self, stage: Stage) -> None:
        texts = ["горячий чай", "ein Tässchen", "ζεστό τσάι", "お茶をどうぞ", "شاي ساخن"]
        room = await _said(stage, *texts)
        for number, query in enumerate(["ЧАЙ", "tässchen", "τσάι", "茶", "شاي"]):
            found = await _texts(stage, room, query)
            assert found == [texts[number]], f"{query!r} found {found}"

    @promise("search_messages: at most limit, and before a seq")
    async def test_before_and_limit(self, stage: Stage) -> None:
        room = await _said(stage, *(f"tea {number}" for number in range(1, 7)))
        first = await _search(stage, room, "tea", limit=2)
        assert [entry.seq for entry in first] == [6, 5], f"the first two are {first}"
        then = await _search(stage, room, "tea", before=5, limit=2)
        assert [entry.seq for entry in then] == [4, 3], f"the next two are {then}"

    @promise("search_messages: a query without any word finds nothing")
    async def test_no_word_finds_nothing(self, stage: Stage) -> None:
        room = await _said(stage, "tea", "?!")
        for query in ("", " ", "?!", "---"):
            await _verify_found(stage, room, query, [])

    @promise("search_messages: sees what was just stored, also after a first search")
    async def test_sees_what_was_just_stored(self, stage: Stage) -> None:
        room = await _said(stage, "tea 1")
        for number in range(2, 12):
            await stored(stage, draft(f"tea {number}", room))
            found = await _texts(stage, room, "tea", limit=1)
            assert found == [f"tea {number}"], f"after tea {number} was stored the newest one is {found}"

    @promise("search_messages: a deleted message is not found, before and after it could be")
    async def test_deleted_is_not_found(self, stage: Stage) -> None:
        room = await _said(stage, "tea one", "tea two", "tea three")
        await stored(stage, deletion(1, room))
        await _verify_found(stage, room, "tea", ["tea three", "tea two"])
        await stored(stage, deletion(2, room))
        await _verify_found(stage, room, "tea", ["tea three"])

    @promise("search_messages: of this room only")
    async def test_of_this_room_only(self, stage: Stage) -> None:
        here, there = await _said(stage, "tea here"), await _said(stage, "tea there")
        await _verify_found(stage, here, "tea", ["tea here"])
        await _verify_found(stage, there, "tea", ["tea there"])

    @promise("search_messages: None for a room that is not there")
    async def test_no_room_is_none(self, stage: Stage) -> None:
        found = await stage.call(
            "search_messages", room=unique("nowhere"), query="tea", before=None, limit=10
        )
        assert found is None, f"it gave {found!r}"

    @promise("search_messages: long rooms are searched as well, and after a restart")
    async def test_long_rooms(self, stage: Stage) -> None:
        room = await _said(stage, "first tea", *(f"word {number}" for number in range(1500)), "last tea")
        await _verify_found(stage, room, "tea", ["last tea", "first tea"])
        await stage.restart()
        await _verify_found(stage, room, "tea", ["last tea", "first tea"])
        await _verify_found(stage, room, "word 777", ["word 777"])


async def _said(stage: Stage, *texts: str) -> str:
    """Create a room with these messages."""
    room = (await opened(stage)).name
    await stored(stage, *(draft(text, room) for text in texts))
    return room


async def _search(
    stage: Stage, room: str, query: str, before: int | None = None, limit: int = 100
) -> list[Entry]:
    found = await stage.call("search_messages", room=room, query=query, before=before, limit=limit)
    assert found is not None, "it gave None for a room that is there"
    assert all(isinstance(entry, Entry) for entry in found), f"it gave {found!r}"
    assert len(found) <= limit, f"it gave {len(found)} entries for a limit of {limit}"
    return list(found)


async def _texts(
    stage: Stage, room: str, query: str, before: int | None = None, limit: int = 100
) -> list[str]:
    return [entry.text for entry in await _search(stage, room, query, before, limit)]


async def _verify_found(stage: Stage, room: str, query: str, wanted: list[str]) -> None:
    found = await _texts(stage, room, query)
    assert found == wanted, f"{query!r} found {found}, not {wanted}"
