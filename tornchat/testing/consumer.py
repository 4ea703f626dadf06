"""The contract of the storage of cursors: nothing is unread for ever, and nothing is taken unread."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tornchat import ConsumerClaim, Cursor, CursorMove, Unread
from tornchat.testing.fixtures import draft, user
from tornchat.testing.kit import Contract, Stage, promise, unique
from tornchat.testing.log import opened, stored

MANY_ROOMS = 10_000
NODE, OTHER = "node-1", "node-2"


class ConsumerContract(Contract):
    """What the hooks of the role `cursors` promise. The plugin also provides storage and history."""

    roles = ("cursors",)
    many_rooms = MANY_ROOMS
    """Number of rooms of which three have news."""

    @promise("hold_consumers: one node at a time, until its lease ends")
    async def test_one_node_at_a_time(self, stage: Stage) -> None:
        name = unique("reader")
        assert await _hold(stage, NODE, name) == [name], "a new consumer was not leased"
        assert await _hold(stage, OTHER, name) == [], "two nodes hold it"
        assert await _hold(stage, NODE, name) == [name], "its holder can't renew the lease"
        assert await _hold(stage, NODE, name, seconds=0.0) == [], "0 seconds don't end a lease"
        assert await _hold(stage, OTHER, name, seconds=0.05) == [name], "an ended lease was not given away"
        await asyncio.sleep(0.1)
        assert await _hold(stage, NODE, name) == [name], "a lease that was not renewed does not end"

    @promise("hold_consumers: two nodes that ask at once do not both get it")
    async def test_at_once(self, stage: Stage) -> None:
        name, other = unique("reader"), await stage.second_or_self()
        given = await asyncio.gather(_hold(stage, NODE, name), _hold(other, OTHER, name))
        assert sorted(map(len, given)) == [0, 1], f"the two nodes were given {given}"

    @promise(
        "A new consumer begins at the end, or at the beginning; rooms created later at their first entry"
    )
    async def test_where_it_begins(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        await stored(stage, draft("old", room))
        late, early = unique("late"), unique("early")
        await _hold(stage, NODE, late)
        await _hold(stage, NODE, early, beginning=True)
        await stored(stage, draft("new", room))
        young = (await opened(stage)).name
        await stored(stage, draft("first", young))
        await _expect(stage, late, room, ["new"])
        await _expect(stage, early, room, ["old", "new"])
        await _expect(stage, late, young, ["first"])

    @promise("A consumer of some rooms has no cursor in others, and begins in them when they are there")
    async def test_its_rooms(self, stage: Stage) -> None:
        mine, others = (await opened(stage)).name, (await opened(stage)).name
        name, later = unique("reader"), unique("later")
        await _hold(stage, NODE, name, rooms=(mine, later))
        for room in (mine, others):
            await stored(stage, draft("one", room))
        await stage.call("open_room", name=later, user=user(), create=True, owned_limit=0, owner=None)
        await stored(stage, draft("two", later))
        await _hold(stage, NODE, name, rooms=(mine, later))
        found = list(await _find(stage, name))
        assert found == sorted([mine, later]), f"find_unread gave {found}"
        await _expect(stage, name, later, ["two"])

    @promise("move_cursors: what was taken is not unread any more, also after a crash and a restart")
    async def test_a_moved_cursor_stays(self, stage: Stage) -> None:
        room, name = (await opened(stage)).name, unique("reader")
        await _hold(stage, NODE, name)
        await stored(stage, *(draft(text, room) for text in "abc"))
        [unread] = await _read(stage, name, room)
        await stage.crash()  # between `take` and the cursor: the same comes again
        assert await _texts(stage, name, room) == ["a", "b", "c"], "what was not taken is not unread any more"
        await _move(stage, NODE, _taken(unread, name, 1))
        await stage.crash()
        assert await _texts(stage, name, room) == ["b", "c"], "the crash has undone a move"
        [unread] = await _read(stage, name, room)
        await _move(stage, NODE, _taken(unread, name, 2))
        await stage.restart()
        assert await _texts(stage, name, room) == ["c"], "the restart has undone a move"

    @promise("move_cursors: not for a node without the lease, from another place, or in another epoch")
    async def test_moves_that_are_left_out(self, stage: Stage) -> None:
        room, name = (await opened(stage)).name, unique("reader")
        await _hold(stage, NODE, name)
        await stored(stage, *(draft(text, room) for text in "abc"))
        [unread] = await _read(stage, name, room)
        await _move(stage, OTHER, _taken(unread, name, 3))
        await _move(stage, NODE, CursorMove(name, room, "another", 0, 3))
        await _move(stage, NODE, CursorMove(name, room, unread.page.epoch, 2, 3))
        assert await _texts(stage, name, room) == ["a", "b", "c"], "a move was made that must not be"

    @promise("move_cursors: an error is kept until a success, and moves nothing")
    async def test_errors(self, stage: Stage) -> None:
        room, name = (await opened(stage)).name, unique("reader")
        await _hold(stage, NODE, name)
        await stored(stage, draft("a", room), draft("b", room))
        [unread] = await _read(stage, name, room)
        await _move(stage, NODE, CursorMove(name, room, unread.page.epoch, 0, 0, "it is away"))
        [cursor] = await _cursors(stage, name)
        assert (cursor.seq, cursor.head_seq, cursor.error) == (0, 2, "it is away"), f"it gave {cursor}"
        await _move(stage, NODE, _taken(unread, name, 1))
        [cursor] = await _cursors(stage, name)
        assert (cursor.seq, cursor.error) == (1, ""), f"after a success it gave {cursor}"

    @promise("read_unread: consumers far apart get their own pages, each from its own cursor")
    async def test_far_apart(self, stage: Stage) -> None:
        room, slow, fast = (await opened(stage)).name, unique("slow"), unique("fast")
        for name in (slow, fast):
            await _hold(stage, NODE, name)
        await stored(stage, *(draft(str(number), room) for number in range(1, 10)))
        [unread] = await _read(stage, fast, room)
        await _move(stage, NODE, _taken(unread, fast, 8))
        found = await stage.call("read_unread", wanted={room: [slow, fast]}, limit=3)
        told = {name: _behind(one, seq) for one in found for name, seq in one.positions.items()}
        assert told == {slow: ["1", "2", "3"], fast: ["9"]}, f"it gave {told}"

    @promise("set_cursors: replays and skips, and a batch that is being taken does not undo it")
    async def test_set(self, stage: Stage) -> None:
        room, name = (await opened(stage)).name, unique("reader")
        await _hold(stage, NODE, name)
        await stored(stage, *(draft(text, room) for text in "abc"))
        [unread] = await _read(stage, name, room)
        await _move(stage, NODE, _taken(unread, name, 3))
        count = await stage.call("set_cursors", consumer=name, room=room, seq=1)
        assert count == 1, f"it gave {count}"
        await _expect(stage, name, room, ["b", "c"])
        await _move(stage, NODE, _taken(unread, name, 3))
        assert await _texts(stage, name, room) == ["b", "c"], "a batch from before has moved the cursor"
        count = await stage.call("set_cursors", consumer=name, room=None, seq=None)
        assert count >= 1, f"it gave {count}"
        found = list(await _find(stage, name))
        assert found == [], f"after all was skipped, find_unread gave {found}"

    @promise("find_unread: one query for all rooms, page by page, and only those with news")
    async def test_many_rooms(self, stage: Stage) -> None:
        name = unique("reader")
        rooms = sorted(unique("room") for _ in range(self.many_rooms))
        for start in range(0, len(rooms), 200):
            calls = (
                stage.call("open_room", name=room, user=user(), create=True, owned_limit=0, owner=None)
                for room in rooms[start : start + 200]
            )
            await asyncio.gather(*calls)
        await _hold(stage, NODE, name)
        news = [rooms[0], rooms[len(rooms) // 2], rooms[-1]]
        await stored(stage, *(draft("new", room) for room in news))
        found = await stage.call("find_unread", consumers=[name], after=None, limit=2)
        assert list(found) == news[:2], f"it gave {found}"
        found = await stage.call("find_unread", consumers=[name], after=news[1], limit=2)
        assert list(found) == news[2:], f"after {news[1]} it gave {found}"


async def _hold(
    stage: Stage,
    holder: str,
    name: str,
    seconds: float = 10.0,
    beginning: bool = False,
    rooms: tuple[str, ...] | None = None,
) -> list[str]:
    claims = [ConsumerClaim(name, beginning, rooms)]
    return list(await stage.call("hold_consumers", holder=holder, claims=claims, seconds=seconds))


async def _find(stage: Stage, name: str) -> list[str]:
    return list(await stage.call("find_unread", consumers=[name], after=None, limit=100))


async def _read(stage: Stage, name: str, room: str) -> Sequence[Unread]:
    found = await stage.call("read_unread", wanted={room: [name]}, limit=100)
    assert all(isinstance(one, Unread) for one in found), f"read_unread gave {found!r}"
    return list(found)


async def _expect(stage: Stage, name: str, room: str, texts: list[str]) -> None:
    found = await _texts(stage, name, room)
    assert found == texts, f"read_unread gave {found}, not {texts}"


async def _texts(stage: Stage, name: str, room: str) -> list[str]:
    return [text for one in await _read(stage, name, room) for text in _behind(one, one.positions[name])]


def _behind(unread: Unread, seq: int) -> list[str]:
    return [entry.text for entry in unread.page.entries if entry.seq > seq]


def _taken(unread: Unread, name: str, seq: int) -> CursorMove:
    return CursorMove(name, unread.room, unread.page.epoch, unread.positions[name], seq)


async def _move(stage: Stage, holder: str, move: CursorMove) -> None:
    await stage.call("move_cursors", holder=holder, moves=[move])


async def _cursors(stage: Stage, name: str) -> list[Cursor]:
    return list(await stage.call("read_cursors", consumer=name, after=None, limit=100))
