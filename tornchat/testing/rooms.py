"""The part of the storage contract about rooms: finding and creating them."""

from __future__ import annotations

import asyncio

import pytest

from tornchat import RoomInfo, User
from tornchat.testing.fixtures import draft, user
from tornchat.testing.kit import Contract, Stage, promise, unique
from tornchat.testing.log import head_of, opened, read, stored


class RoomsContract(Contract):
    """Tests of `open_room` and `renew_epoch`. Part of `StorageContract`."""

    @promise("open_room: a new room has its name, an epoch, and its creator for owner")
    async def test_new_room_is_its_creators(self, stage: Stage) -> None:
        name, ann = unique("tea"), user()
        info = await _open(stage, name, ann)
        assert info is not None, "it was not created"
        assert info.name == name, f"asked for {name!r}, it opened {info.name!r}"
        assert info.epoch, "it has no epoch"
        assert info.owner == ann.id, f"its owner is {info.owner!r}, not {ann.id!r}"

    @promise("open_room: opened again, by anybody, it is the same room")
    async def test_opened_again_it_is_the_same_room(self, stage: Stage) -> None:
        name = unique("tea")
        first, second = await _open(stage, name, user()), await _open(stage, name, user("bob"))
        assert first == second, f"first it was {first}, then {second}"

    @promise("open_room: two calls at once for one new name give the same room")
    async def test_two_at_once_give_the_same_room(self, stage: Stage) -> None:
        name = unique("tea")
        calls = [_open(stage, name, user(who)) for who in ("ann", "bob", "cat", "dan")]
        infos = await asyncio.gather(*calls)
        assert all(info == infos[0] for info in infos), f"they got {infos}"
        assert infos[0] == await _open(stage, name, user()), "afterwards it is another one"

    @promise("open_room: two nodes that create a room at once have the same room")
    async def test_created_at_once_on_two_nodes(self, stage: Stage) -> None:
        other, names = await stage.second(), [unique("tea") for _ in range(10)]
        here, there = ([_open(node, name, user()) for name in names] for node in (stage, other))
        infos = await asyncio.gather(*here, *there)
        assert infos[: len(names)] == infos[len(names) :], f"they got {infos}"

    @promise("open_room: with create=False a room that is not there is None, and is not created")
    async def test_without_create_nothing_is_created(self, stage: Stage) -> None:
        name = unique("tea")
        for _ in range(2):
            info = await _open(stage, name, user(), create=False)
            assert info is None, f"it gave {info}"

    @promise("open_room: with create=False a room that is there is given")
    async def test_without_create_a_room_is_found(self, stage: Stage) -> None:
        name = unique("tea")
        made = await _open(stage, name, user())
        assert await _open(stage, name, user("bob"), create=False) == made, "it was not found"

    @promise("open_room: who owns owned_limit rooms can't create another one")
    async def test_owned_limit_is_kept(self, stage: Stage) -> None:
        owner = user(unique("owner"))
        for number in range(2):
            assert await _open(stage, unique("tea"), owner, limit=2), f"room {number + 1} of 2 was refused"
        assert await _open(stage, unique("tea"), owner, limit=2) is None, "a third room of 2 was created"

    @promise("open_room: owned_limit 0 is no limit, and other users have their own")
    async def test_owned_limit_is_each_users_own(self, stage: Stage) -> None:
        owner = user(unique("owner"))
        for _ in range(3):
            assert await _open(stage, unique("tea"), owner, limit=0), "it was refused without a limit"
        assert await _open(stage, unique("tea"), user(unique("other")), limit=1), "another user was refused"

    @promise("open_room: who may own no more rooms can still open those that are there")
    async def test_owned_limit_does_not_close_rooms(self, stage: Stage) -> None:
        name, owner = unique("tea"), user(unique("owner"))
        made = await _open(stage, name, owner, limit=1)
        assert await _open(stage, name, owner, limit=1) == made, "the owner was kept out"

    @promise("open_room: each room has its own epoch and its own log")
    async def test_rooms_are_apart(self, stage: Stage) -> None:
        tea, den = await opened(stage), await opened(stage)
        assert tea.epoch != den.epoch, "two rooms have the same epoch"
        await stored(stage, draft("one", tea.name), draft("two", tea.name))
        [entry] = await stored(stage, draft("first here", den.name))
        assert entry.seq == 1, f"the first message of a room got seq {entry.seq}"

    @promise("open_room: names that differ only in upper and lower case are different rooms")
    async def test_names_are_told_apart_by_case(self, stage: Stage) -> None:
        lower = await opened(stage)
        upper = await _open(stage, lower.name.upper(), user())
        assert upper is not None, "the second one was not created"
        assert upper.epoch != lower.epoch, f"{lower.name!r} and {upper.name!r} are the same room"

    @promise("open_room: a room outlives a restart, with its epoch and owner")
    async def test_room_outlives_a_restart(self, stage: Stage) -> None:
        before = await opened(stage)
        await stage.restart()
        after = await _open(stage, before.name, user("bob"), create=False)
        assert after == before, f"it was {before}, and then {after}"

    @promise("renew_epoch: the room has a new epoch from then on, and the log it had")
    async def test_renewed_epoch_is_another_one(self, stage: Stage) -> None:
        info = await _renewable(stage)
        await stored(stage, draft("hello", info.name))
        await stage.call("renew_epoch", room=info.name, epoch=info.epoch)
        await stage.restart()
        room = await _open(stage, info.name, user(), create=False)
        assert room is not None, "the room is gone"
        assert room.epoch != info.epoch, "the epoch is the old one"
        page = await read(stage, info.name)
        seen = (page.epoch, page.head_seq, (await head_of(stage, info.name)).epoch)
        assert seen == (room.epoch, 1, room.epoch), f"the room has {room}, and its log {seen}"

    @promise("renew_epoch: a room that is not at the given epoch any more keeps the one it has")
    async def test_epoch_is_renewed_once(self, stage: Stage) -> None:
        info = await _renewable(stage)
        await stage.call("renew_epoch", room=info.name, epoch="another")
        kept = await head_of(stage, info.name)
        assert kept.epoch == info.epoch, "it was renewed though it was not at the given epoch"
        await stage.call("renew_epoch", room=info.name, epoch=info.epoch)
        first = await head_of(stage, info.name)
        await stage.call("renew_epoch", room=info.name, epoch=info.epoch)
        second = await head_of(stage, info.name)
        assert first.epoch == second.epoch, "it was renewed twice"

    @promise("latest_positions: an empty room's head is seq 0")
    async def test_empty_room_has_head_0(self, stage: Stage) -> None:
        info = await opened(stage)
        head = await head_of(stage, info.name)
        assert (head.epoch, head.seq) == (info.epoch, 0), f"{info} is at {head}"


async def _renewable(stage: Stage) -> RoomInfo:
    if not stage.provides("renew_epoch"):
        pytest.skip("the plugin renews no epochs")
    return await opened(stage)


async def _open(stage: Stage, name: str, who: User, create: bool = True, limit: int = 0) -> RoomInfo | None:
    info = await stage.call("open_room", name=name, user=who, create=create, owned_limit=limit, owner=who.id)
    assert info is None or isinstance(info, RoomInfo), f"open_room gave {info!r}"
    return info
