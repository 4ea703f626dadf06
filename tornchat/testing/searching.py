"""The contract of searches over several rooms."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from tornchat import FoundMessage, FoundPlace, SearchTerms
from tornchat.testing.fixtures import deletion, draft
from tornchat.testing.kit import Contract, Stage, promise, unique
from tornchat.testing.log import opened, stored

NOON = 1_710_417_600_000


class SearchEverywhereContract(Contract):
    """Tests of a plugin that searches several rooms, and implements storage. Define `make_plugin`."""

    roles = ("search everywhere",)

    @promise("search_rooms: messages of all these rooms as they are stored, newest first")
    async def test_newest_of_all_rooms_first(self, stage: Stage) -> None:
        tea, pot, other = [await _room(stage) for _ in range(3)]
        for second, room in enumerate((tea, pot, other, tea, pot)):
            await _said(stage, room, f"tea {second}", second)
        found = await _search(stage, (tea, pot, unique("nowhere")), SearchTerms("tea"))
        assert [(one.room, one.entry.text) for one in found] == [
            (pot, "tea 4"),
            (tea, "tea 3"),
            (pot, "tea 1"),
            (tea, "tea 0"),
        ], f"it found {found}"

    @promise("search_rooms: at the same time the higher name comes first, then the higher seq; page by page")
    async def test_pages_leave_nothing_out(self, stage: Stage) -> None:
        rooms = sorted([await _room(stage) for _ in range(3)])
        for room in rooms:
            for second in (0, 1, 1):
                await _said(stage, room, "tea", second)
        wanted = [(room, seq) for seqs in ((3, 2), (1,)) for room in rooms[::-1] for seq in seqs]
        for limit in (1, 2, 4, 100):
            found: list[FoundMessage] = []
            while part := await _search(
                stage, rooms, SearchTerms("tea"), found[-1].place if found else None, limit
            ):
                found += part
                assert len(found) <= len(wanted), f"by {limit} it found more than there is: {found}"
            places = [(one.room, one.entry.seq) for one in found]
            assert places == wanted, f"by {limit} it found {places}, not {wanted}"

    @promise("search_rooms: all words, whole ones, or with `prefix` their beginnings")
    async def test_words_and_their_beginnings(self, stage: Stage) -> None:
        room = await _room(stage)
        for second, text in enumerate(("green tea", "teapot, green", "steam is green")):
            await _said(stage, room, text, second)
        for prefix, query, wanted in (
            (False, "TEA green", ["green tea"]),
            (True, "Te gre", ["teapot, green", "green tea"]),
            (True, "?!", []),
            (True, "", []),
        ):
            found = [one.entry.text for one in await _search(stage, (room,), SearchTerms(query, prefix))]
            assert found == wanted, f"{query!r} found {found}, not {wanted} (prefix: {prefix})"
        for query in ("'", '"', "tea'*", "(", ":*", "%", "NEAR(", "\0", "\ud800"):
            await _search(stage, (room,), SearchTerms(query, True))

    @promise("search_rooms: of one sender, and from before a time")
    async def test_sender_and_time(self, stage: Stage) -> None:
        room = await _room(stage)
        for second, sender in enumerate(("ann", "bob", "ann")):
            await _said(stage, room, f"tea {second}", second, sender)
        for terms, wanted in (
            (SearchTerms("tea", sender_id="id-ann"), ["tea 2", "tea 0"]),
            (SearchTerms("tea", before_ms=NOON + 2000), ["tea 1", "tea 0"]),
            (SearchTerms("tea", sender_id="id-ann", before_ms=NOON + 2000), ["tea 0"]),
            (SearchTerms("tea", sender_id="nobody"), []),
        ):
            found = [one.entry.text for one in await _search(stage, (room,), terms)]
            assert found == wanted, f"{terms} found {found}, not {wanted}"

    @promise("search_rooms: what was stored just now is found, what was deleted is not")
    async def test_sees_what_was_just_stored(self, stage: Stage) -> None:
        rooms = [await _room(stage) for _ in range(3)]
        for second in range(6):
            await _said(stage, rooms[second % 3], f"tea {second}", second)
            [found] = await _search(stage, rooms, SearchTerms("tea"), limit=1)
            assert found.entry.text == f"tea {second}", f"the newest one is {found}"
        await stored(stage, deletion(2, rooms[2]))
        gone = await _search(stage, rooms, SearchTerms("tea 5"))
        assert gone == [], f"it found a deleted message: {gone}"

    @promise("search_rooms: a thousand rooms, and none")
    async def test_many_rooms(self, stage: Stage) -> None:
        room = await _room(stage)
        await _said(stage, room, "tea")
        rooms = [*(unique("nowhere") for _ in range(2000)), room]
        found = [one.room for one in await _search(stage, rooms, SearchTerms("tea"))]
        assert found == [room], f"of 2,001 rooms it found {found}, not {[room]}"
        nothing = await _search(stage, (), SearchTerms("tea"))
        assert nothing == [], f"in no rooms it found {nothing}"


async def _room(stage: Stage) -> str:
    return (await opened(stage)).name


async def _said(stage: Stage, room: str, text: str, second: int = 0, sender: str = "ann") -> None:
    await stored(stage, replace(draft(text, room, sender), sent_at=NOON + 1000 * second))


async def _search(
    stage: Stage,
    rooms: Sequence[str],
    terms: SearchTerms,
    after: FoundPlace | None = None,
    limit: int = 100,
) -> list[FoundMessage]:
    found = await stage.call("search_rooms", rooms=rooms, terms=terms, after=after, limit=limit)
    assert all(isinstance(one, FoundMessage) for one in found), f"it gave {found!r}"
    assert len(found) <= limit, f"it gave {len(found)} messages for a limit of {limit}"
    return list(found)
