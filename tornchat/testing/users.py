"""The contract of the users who have been here: the last one stored under an id is the one that is read."""

from __future__ import annotations

from collections.abc import Sequence

from tornchat import KnownUser
from tornchat.testing.erasing import ErasingContract
from tornchat.testing.kit import Stage, promise, unique


class UsersContract(ErasingContract):
    """What `store_users`, `read_users`, `find_users` and `erase_user` promise."""

    roles = ("users",)

    @promise("store_users, read_users: who was stored is read, to the letter, and of these ids only")
    async def test_who_is_stored_is_read(self, stage: Stage) -> None:
        ann, bob = _user("Ann Ä. 😀", "admin", "a role"), _user("Bob")
        await stage.call("store_users", users=[ann, bob])
        assert await _read(stage, ann.id, unique("nobody")) == [ann], "another one was read"
        found = sorted(await _read(stage, ann.id, bob.id), key=lambda user: user.username)
        assert found == [ann, bob], f"it gave {found}"

    @promise("store_users: of one id there is one user, the last; the others stay")
    async def test_the_last_one_counts(self, stage: Stage) -> None:
        first, other = _user("Ann", "admin"), _user("Bob")
        await stage.call("store_users", users=[first, other])
        last = KnownUser(first.id, "Anna", "anna", ())
        await stage.call("store_users", users=[last])
        assert await _read(stage, first.id) == [last], "it is not the last one"
        assert await _read(stage, other.id) == [other], "the other one was changed"

    @promise("find_users: by the key of the name, at most ten")
    async def test_found_by_the_key(self, stage: Stage) -> None:
        key = unique("key")
        same = [KnownUser(unique("id"), "Ann", key) for _ in range(11)]
        await stage.call("store_users", users=[*same[:2], _user("Bob")])
        found = await stage.call("find_users", name_key=key)
        assert sorted(user.id for user in found) == sorted(user.id for user in same[:2]), f"it gave {found}"
        await stage.call("store_users", users=same)
        assert len(await stage.call("find_users", name_key=key)) == 10, "it gave more than ten"
        assert list(await stage.call("find_users", name_key=unique("key"))) == [], "it gave somebody"

    @promise("search_users: whose key begins like this, sorted by key, at most limit")
    async def test_searched_by_the_beginning(self, stage: Stage) -> None:
        mark = unique("key")
        keys = [f"{mark}b", f"{mark}a", mark, f"{mark}\U0001f375", f"x{mark}"]
        await stage.call("store_users", users=[KnownUser(unique("id"), "Ann", key) for key in keys])
        found = [one.name_key for one in await stage.call("search_users", prefix=mark, limit=9)]
        assert found == sorted(keys[:4]), f"it gave {found}"
        found = [one.name_key for one in await stage.call("search_users", prefix=f"{mark}a", limit=9)]
        assert found == [f"{mark}a"], f"it gave {found}"
        found = await stage.call("search_users", prefix=mark, limit=2)
        assert len(found) == 2, f"for a limit of 2 it gave {len(found)}"

    @promise("Users outlive a restart")
    async def test_users_are_in_storage(self, stage: Stage) -> None:
        ann = _user("Ann")
        await stage.call("store_users", users=[ann])
        await stage.restart()
        assert await _read(stage, ann.id) == [ann], "she is gone after a restart"


def _user(name: str, *roles: str) -> KnownUser:
    return KnownUser(unique("id"), name, unique("key"), tuple(sorted(roles)))


async def _read(stage: Stage, *user_ids: str) -> Sequence[KnownUser]:
    found = await stage.call("read_users", user_ids=user_ids)
    assert all(isinstance(one, KnownUser) for one in found), f"read_users gave {found!r}"
    return list(found)
