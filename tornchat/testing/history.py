"""The contract of history: reading a room's log from a position."""

from __future__ import annotations

from tornchat.testing.fixtures import draft
from tornchat.testing.kit import Contract, Stage, promise, unique
from tornchat.testing.log import opened, positions, read, stored, texts


class HistoryContract(Contract):
    """Tests of `read_history` and `latest_positions`. Part of `StorageContract`."""

    @promise("read_history: oldest first, whatever was asked for")
    async def test_oldest_first(self, stage: Stage) -> None:
        room = await _counted(stage, 5)
        for after, before in ((None, None), (0, None), (None, 6)):
            got = await texts(stage, room, after, before)
            assert got == ["1", "2", "3", "4", "5"], f"after={after}, before={before}: {got}"

    @promise("read_history: with neither after nor before, the newest")
    async def test_neither_gives_the_newest(self, stage: Stage) -> None:
        room = await _counted(stage, 10)
        got = await texts(stage, room, limit=3)
        assert got == ["8", "9", "10"], f"of 1 to 10 with limit 3 it gave {got}"

    @promise("read_history: after gives the oldest ones with a higher seq")
    async def test_after_gives_the_oldest_after_it(self, stage: Stage) -> None:
        room = await _counted(stage, 10)
        for after, wanted in ((0, ["1", "2", "3"]), (4, ["5", "6", "7"]), (9, ["10"]), (10, []), (99, [])):
            got = await texts(stage, room, after=after, limit=3)
            assert got == wanted, f"of 1 to 10 after {after} with limit 3 it gave {got}, not {wanted}"

    @promise("read_history: before gives the newest ones with a lower seq")
    async def test_before_gives_the_newest_before_it(self, stage: Stage) -> None:
        room = await _counted(stage, 10)
        wants: tuple[tuple[int, list[str]], ...] = (
            (99, ["8", "9", "10"]),
            (10, ["7", "8", "9"]),
            (3, ["1", "2"]),
            (1, []),
            (0, []),
        )
        for before, wanted in wants:
            got = await texts(stage, room, before=before, limit=3)
            assert got == wanted, f"of 1 to 10 before {before} with limit 3 it gave {got}, not {wanted}"

    @promise("read_history: after and before together give the oldest ones between them")
    async def test_both_give_the_oldest_between_them(self, stage: Stage) -> None:
        room = await _counted(stage, 10)
        wants: tuple[tuple[int, int, list[str]], ...] = (
            (2, 9, ["3", "4", "5"]),
            (2, 5, ["3", "4"]),
            (0, 99, ["1", "2", "3"]),
            (5, 6, []),
            (8, 3, []),
        )
        for after, before, wanted in wants:
            got = await texts(stage, room, after, before, limit=3)
            assert got == wanted, f"of 1 to 10 after {after} and before {before} it gave {got}, not {wanted}"

    @promise("read_history: page after page, by after, is the whole log without a gap or a repeat")
    async def test_pages_meet(self, stage: Stage) -> None:
        room = await _counted(stage, 10)
        seqs: list[int] = []
        while page := (await read(stage, room, after=len(seqs), limit=4)).entries:
            seqs += [entry.seq for entry in page]
            assert len(seqs) <= 10, f"it gave {seqs} for a log of 10"
        assert seqs == list(range(1, 11)), f"the pages are {seqs}"

    @promise("read_history: limit 0 gives no entries, but the bounds")
    async def test_limit_0_gives_only_the_bounds(self, stage: Stage) -> None:
        room = await _counted(stage, 3)
        page = await read(stage, room, limit=0)
        assert (page.entries, page.head_seq) == ((), 3), f"it gave {page}"

    @promise("read_history: every page says first_seq, head_seq and the epoch")
    async def test_bounds_are_on_every_page(self, stage: Stage) -> None:
        info = await opened(stage)
        await stored(stage, *[draft("hello", info.name) for _ in range(5)])
        for after, before, limit in ((None, None, 2), (3, None, 1), (None, 2, 5), (99, None, 5)):
            page = await read(stage, info.name, after, before, limit)
            bounds = (page.first_seq, page.head_seq, page.epoch)
            assert bounds == (1, 5, info.epoch), f"the bounds of 1 to 5 in {info.epoch} were {bounds}"

    @promise("read_history: an empty log has head_seq 0 and first_seq 1")
    async def test_empty_log(self, stage: Stage) -> None:
        info = await opened(stage)
        page = await read(stage, info.name)
        bounds = (page.entries, page.first_seq, page.head_seq, page.epoch)
        assert bounds == ((), 1, 0, info.epoch), f"it gave {page}"

    @promise("read_history: None for a room that is not there")
    async def test_unknown_room_is_none(self, stage: Stage) -> None:
        answer = await stage.call("read_history", room=unique("nowhere"), after=None, before=None, limit=10)
        assert answer is None, f"it gave {answer}"

    @promise("read_history: sees everything that was stored before the call")
    async def test_reads_what_was_just_stored(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        for number in range(1, 21):
            await stored(stage, draft(str(number), room))
            got = await texts(stage, room, limit=1)
            assert got == [str(number)], f"right after {number} was stored, the newest is {got}"

    @promise("read_history: each room's log holds its own messages only")
    async def test_logs_are_apart(self, stage: Stage) -> None:
        tea, den = (await opened(stage)).name, (await opened(stage)).name
        await stored(stage, draft("in tea", tea), draft("in den", den), draft("in tea again", tea))
        got = (await texts(stage, tea), await texts(stage, den))
        assert got == (["in tea", "in tea again"], ["in den"]), f"the two logs are {got}"

    @promise("latest_positions: the heads of many rooms in one call; one that is not there is left out")
    async def test_positions_of_many_rooms(self, stage: Stage) -> None:
        infos = [await opened(stage) for _ in range(5)]
        said = [draft("hello", info.name) for count, info in enumerate(infos) for _ in range(count)]
        await stored(stage, *said)
        nowhere = unique("nowhere")
        found = await positions(stage, *[info.name for info in infos], nowhere)
        assert nowhere not in found, f"it gave {found[nowhere]} for a room that is not there"
        got = {name: (head.epoch, head.seq) for name, head in found.items()}
        wanted = {info.name: (info.epoch, count) for count, info in enumerate(infos)}
        assert got == wanted, f"the heads are {got}, not {wanted}"

    @promise("latest_positions: no rooms, no positions; and thousands in one call are fine")
    async def test_positions_of_none_and_of_thousands(self, stage: Stage) -> None:
        room = await _counted(stage, 2)
        assert not await positions(stage), "it gave positions though nobody asked for any"
        found = await positions(stage, *[f"nowhere-{number}" for number in range(3000)], room)
        assert list(found) == [room], f"among 3000 that are not there it found {list(found)[:5]}"


async def _counted(stage: Stage, count: int) -> str:
    """Create a room with the messages "1", "2", "3" ... and return its name."""
    room = (await opened(stage)).name
    await stored(stage, *[draft(str(number), room) for number in range(1, count + 1)])
    return room
