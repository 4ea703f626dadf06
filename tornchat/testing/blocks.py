"""The contract of blocks: each user's own list, until it is lifted."""

from __future__ import annotations

from collections.abc import Sequence

from tornchat.testing.kit import Contract, Stage, promise, unique


class BlocksContract(Contract):
    """What `read_blocks`, `set_block`, `lift_block` and `find_blockers` promise."""

    roles = ("blocks",)

    @promise("set_block, read_blocks: whom a user blocks is read, sorted, each once, and of this user only")
    async def test_who_is_blocked_is_read(self, stage: Stage) -> None:
        ann, bob = unique("ann"), unique("bob")
        for blocked in ("cat", "Äda", "bob '; --", "cat"):
            await _block(stage, ann, blocked)
        await _block(stage, bob, "dan")
        found = await _read(stage, ann)
        assert found == ["bob '; --", "cat", "Äda"], f"it gave {found}"

    @promise("set_block: False above the limit, which counts one's own; what is there stays True")
    async def test_the_limit_is_kept(self, stage: Stage) -> None:
        ann, bob = unique("ann"), unique("bob")
        for blocked in ("cat", "dan"):
            await _block(stage, ann, blocked, limit=2)
        done = await stage.call("set_block", user_id=ann, blocked_id="eve", limit=2)
        assert done is False, f"with 2 of 2 it gave {done!r}"
        await _block(stage, ann, "cat", limit=2)
        await _block(stage, bob, "cat", limit=1)
        assert await _read(stage, ann) == ["cat", "dan"], f"it gave {await _read(stage, ann)}"

    @promise("lift_block: True if there was one, and this one only is gone")
    async def test_lifted_is_gone(self, stage: Stage) -> None:
        ann, bob = unique("ann"), unique("bob")
        for user, blocked in ((ann, "cat"), (ann, "dan"), (bob, "cat")):
            await _block(stage, user, blocked)
        done = [await stage.call("lift_block", user_id=ann, blocked_id="cat") for _ in range(2)]
        assert done == [True, False], f"lifted twice, it gave {done}"
        left = (await _read(stage, ann), await _read(stage, bob))
        assert left == (["dan"], ["cat"]), f"left are {left}"

    @promise("find_blockers: of these users, those who block this one")
    async def test_blockers_among_users(self, stage: Stage) -> None:
        ann, bob, cat = unique("ann"), unique("bob"), unique("cat")
        for user, blocked in ((ann, cat), (bob, cat), (cat, ann)):
            await _block(stage, user, blocked)
        for blocked, among, wanted in (
            (cat, [ann, unique("eve")], [ann]),
            (cat, [ann, bob], sorted([ann, bob])),
            (ann, [bob], []),
            (cat, [], []),
        ):
            found = sorted(await stage.call("find_blockers", blocked_id=blocked, among=among))
            assert found == wanted, f"of {among} it gave {found} for {blocked}"

    @promise("Blocks outlive a restart, and are the same on the second node")
    async def test_blocks_are_in_storage(self, stage: Stage) -> None:
        ann = unique("ann")
        await _block(stage, ann, "cat")
        other = await stage.second_or_self()
        assert await _read(other, ann) == ["cat"], "the second node does not see it"
        await stage.restart()
        assert await _read(stage, ann) == ["cat"], "it is gone after a restart"


async def _block(stage: Stage, user_id: str, blocked_id: str, limit: int = 100) -> None:
    done = await stage.call("set_block", user_id=user_id, blocked_id=blocked_id, limit=limit)
    assert done is True, f"set_block gave {done!r}"


async def _read(stage: Stage, user_id: str) -> Sequence[str]:
    return list(await stage.call("read_blocks", user_id=user_id))
