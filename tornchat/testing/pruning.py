"""The contract of pruning: only the oldest entries of a log are deleted."""

from __future__ import annotations

import msgspec
import pytest

from tornchat import Draft, Page
from tornchat.testing.fixtures import draft
from tornchat.testing.kit import Contract, Stage, promise
from tornchat.testing.log import head_of, opened, read, stored

DAY = 86_400_000


class PruningContract(Contract):
    """Tests of `prune_history`, if the plugin implements it. Part of `StorageContract`."""

    @promise("prune_history: what is from before that time is forgotten, and nothing else")
    async def test_old_entries_are_forgotten(self, stage: Stage) -> None:
        room = await _days(stage, 1, 2, 3, 4, 5)
        count = await _pruned(stage, room, 4 * DAY)
        assert count == 3, f"of five entries, three of them old, it says that it forgot {count}"
        await _verify_left(stage, room, [4, 5])

    @promise("prune_history: oldest first, and at most limit of them")
    async def test_oldest_first_and_at_most_limit(self, stage: Stage) -> None:
        room = await _days(stage, 1, 2, 3, 4, 5)
        count = await _pruned(stage, room, 5 * DAY, limit=2)
        assert count == 2, f"with limit 2 it forgot {count}"
        await _verify_left(stage, room, [3, 4, 5])

    @promise("prune_history: an old entry after a newer one stays, so that there is no hole")
    async def test_no_hole(self, stage: Stage) -> None:
        room = await _days(stage, 1, 9, 1, 9)
        await _pruned(stage, room, 5 * DAY)
        await _verify_left(stage, room, [2, 3, 4])

    @promise("prune_history: 0 when nothing is left to forget, and for a room that is not there")
    async def test_nothing_left_is_0(self, stage: Stage) -> None:
        room = await _days(stage, 1, 9)
        counts = [await _pruned(stage, name, 5 * DAY) for name in (room, room, "nowhere-at-all")]
        assert counts == [1, 0, 0], f"it gave {counts}"

    @promise("prune_history: a log of which all is forgotten goes on where it was")
    async def test_an_emptied_log_goes_on(self, stage: Stage) -> None:
        room = await _days(stage, 1, 2)
        before = await head_of(stage, room)
        await _pruned(stage, room, 9 * DAY)
        await _verify_left(stage, room, [])
        [entry] = await stored(stage, draft("after it", room))
        assert entry.seq == 3, f"the first entry after two that were forgotten is {entry.seq}"
        after = await head_of(stage, room)
        assert after.epoch == before.epoch, "the room has another epoch"

    @promise("prune_history: latest_positions says first_seq from then on")
    async def test_positions_say_what_is_left(self, stage: Stage) -> None:
        room = await _days(stage, 1, 2, 9)
        await _pruned(stage, room, 5 * DAY)
        head = await head_of(stage, room)
        assert (head.first_seq, head.seq) == (3, 3), f"the entry 3 is left, and it gave {head}"

    @promise("prune_history: other rooms are left alone, unless room is None")
    async def test_other_rooms_are_left_alone(self, stage: Stage) -> None:
        tea, den = await _days(stage, 1, 9), await _days(stage, 1, 9)
        await _pruned(stage, tea, 5 * DAY)
        await _verify_left(stage, den, [1, 2])
        while await _pruned(stage, None, 5 * DAY):
            pass
        await _verify_left(stage, den, [2])

    @promise("prune_history: what was forgotten stays forgotten after a restart")
    async def test_it_outlives_a_restart(self, stage: Stage) -> None:
        room = await _days(stage, 1, 9)
        await _pruned(stage, room, 5 * DAY)
        await stage.restart()
        await _verify_left(stage, room, [2])


async def _days(stage: Stage, *days: int) -> str:
    """Create a room with one entry for each of the days."""
    if not stage.provides("prune_history"):
        pytest.skip("the plugin does not prune")
    room = (await opened(stage)).name
    await stored(stage, *[_on(day, room) for day in days])
    return room


def _on(day: int, room: str) -> Draft:
    return msgspec.structs.replace(draft(f"day {day}", room), sent_at=day * DAY)


async def _pruned(stage: Stage, room: str | None, before_ms: int, limit: int = 100) -> int:
    count = await stage.call(
        "prune_history", room=room, before_ms=before_ms, limit=limit, unread_before_ms=None
    )
    assert type(count) is int, f"prune_history gave {count!r}"
    return count


async def _verify_left(stage: Stage, room: str, wanted: list[int]) -> None:
    page: Page = await read(stage, room, after=0)
    got = [entry.seq for entry in page.entries]
    assert got == wanted, f"what is left is {got}, not {wanted}"
    first = wanted[0] if wanted else page.head_seq + 1
    assert page.first_seq == first, f"first_seq is {page.first_seq}, and {wanted} is left"
