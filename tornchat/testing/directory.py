"""The contract of a directory: rooms, their visibility, and their members."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence

from tornchat import Membership, Rejected, RoomInfo, RoomSummary, User
from tornchat.testing.fixtures import draft, user
from tornchat.testing.kit import Contract, Stage, promise, unique
from tornchat.testing.log import head_of, positions, results, stored

BOB = user("bob")
ADMIN = User("id-root", "root", frozenset({"admin"}))


class DirectoryContract(Contract):
    """Tests of a directory plugin, which must also implement storage. Subclass it, define `make_plugin`."""

    roles = ("directory",)

    # --- rooms ---

    @promise("create_room: a new room has its name, an epoch, an empty log, and its creator for owner")
    async def test_new_room_is_its_creators(self, stage: Stage) -> None:
        name, ann = unique("tea"), user()
        info = await _created(stage, name, ann, private=True)
        assert (info.name, info.owner, info.private) == (name, ann.id, True), f"it gave {info}"
        head = await head_of(stage, name)
        assert (head.epoch, head.seq) == (info.epoch, 0), f"{info} is at {head}"

    @promise("create_room: a name that is taken is refused as room_taken, also if it is a private room's")
    async def test_a_taken_name_is_refused(self, stage: Stage) -> None:
        for private in (False, True):
            info = await _created(stage, unique("tea"), user(), private)
            code = await _code(stage, info.name, BOB)
            assert code == "room_taken", f"it was refused as {code!r}" if code else "it was created"
            assert await _open(stage, info.name, user()) == info, "the room that was there is another one now"

    @promise("create_room: of two calls at once for one name one creates it, and the other is refused")
    async def test_two_at_once_create_one(self, stage: Stage) -> None:
        name = unique("tea")
        codes = await asyncio.gather(*[_code(stage, name, user(who)) for who in ("ann", "bob", "cat")])
        assert sorted(codes) == ["", "room_taken", "room_taken"], f"they got {codes}"

    @promise("create_room: who owns owned_limit rooms is refused as too_many_rooms; 0 is no limit")
    async def test_owned_limit_is_kept(self, stage: Stage) -> None:
        owner = user(unique("owner"))
        codes = [await _code(stage, unique("tea"), owner, limit) for limit in (2, 2, 2, 0)]
        assert codes == ["", "", "too_many_rooms", ""], f"with a limit of 2, 2, 2 and none it gave {codes}"

    @promise("list_rooms: by name, and one after another they are all there, once")
    async def test_listed_by_name_page_by_page(self, stage: Stage) -> None:
        mark = unique("tea")
        names = [f"{mark}-{end}" for end in ("a", "Z", "b1", "b", "B")]
        for name in names:
            await _created(stage, name, user())
        found = await _all_rooms(stage, BOB, mark, limit=2)
        assert [room.name for room in found] == sorted(names), f"they came as {[room.name for room in found]}"

    @promise("list_rooms: a room is listed as it is, with the head of its log")
    async def test_listed_as_it_is(self, stage: Stage) -> None:
        info = await _created(stage, unique("tea"), user())
        await stored(stage, draft("one", info.name), draft("two", info.name))
        wanted = RoomSummary(info.name, info.epoch, False, info.owner, 2)
        found = await _all_rooms(stage, BOB, info.name)
        assert found == [wanted], f"it was listed as {found}, not {wanted}"

    @promise("list_rooms, open_room: a private room is there for its owner, its members and admins")
    async def test_private_rooms_are_hidden(self, stage: Stage) -> None:
        info = await _created(stage, unique("tea"), user(), private=True)
        await _set(stage, info.name, user("cat").id, "member")
        for who, there in ((user(), True), (user("cat"), True), (ADMIN, True), (BOB, False)):
            listed = bool(await _all_rooms(stage, who, info.name))
            opened = await _open(stage, info.name, who) == info
            assert (listed, opened) == (there, there), f"for {who}: listed {listed}, opened {opened}"

    @promise("delete_room: it is not there any more, and nothing can be said in it")
    async def test_deleted_room_is_gone(self, stage: Stage) -> None:
        info = await _created(stage, unique("tea"), user())
        await stored(stage, draft("hello", info.name))
        assert await _deleted(stage, info), "it was not deleted"
        assert await _open(stage, info.name, user()) is None, "it can be opened"
        assert await _all_rooms(stage, user(), info.name) == [], "it is listed"
        assert await positions(stage, info.name) == {}, "its log is there"
        [result] = await results(stage, draft("more", info.name))
        assert getattr(result, "code", "") == "room_gone", f"what was said in it became {result}"
        assert not await _deleted(stage, info), "it was deleted twice"

    @promise("delete_room: a room of the same name is another one: new epoch, empty log, no members")
    async def test_created_again_it_is_another_one(self, stage: Stage) -> None:
        old = await _created(stage, unique("tea"), user())
        await stored(stage, draft("hello", old.name))
        await _set(stage, old.name, BOB.id, "moderator")
        await _deleted(stage, old)
        new = await _created(stage, old.name, user("cat"))
        assert new.epoch != old.epoch, "it has the epoch of the deleted one"
        assert (await head_of(stage, new.name)).seq == 0, "its log is not empty"
        await _verify_members(stage, [Membership(user("cat").id, "owner")], new.name)
        assert not await _deleted(stage, old), "it was deleted in place of the old one"

    # --- members ---

    @promise("set_member, read_members: owner and members, by user id, each once")
    async def test_members_are_listed(self, stage: Stage) -> None:
        info = await _created(stage, unique("tea"), user("m"))
        for who, role in (("z", "member"), ("a", "moderator"), ("z", "moderator")):
            assert await _set(stage, info.name, who, role), f"{who} could not be made a {role}"
        wanted = [
            Membership("a", "moderator"),
            Membership(user("m").id, "owner"),
            Membership("z", "moderator"),
        ]
        found = await _members(stage, info.name)
        assert found == sorted(wanted, key=lambda one: one.user_id), f"they are {found}"

    @promise("read_members: with users, only those who are among them; of no room, nobody")
    async def test_members_among_users(self, stage: Stage) -> None:
        info = await _created(stage, unique("tea"), user())
        await _set(stage, info.name, "a", "member")
        found = await _members(stage, info.name, ["a", "b"])
        assert found == [Membership("a", "member")], f"of a and b it gave {found}"
        found = await _members(stage, info.name, [user().id])
        assert found == [Membership(user().id, "owner")], f"of the owner it gave {found}"
        await _verify_members(stage, [], unique("nowhere"))

    @promise("set_member: the owner stays the owner, whatever else they are made")
    async def test_owner_stays(self, stage: Stage) -> None:
        info = await _created(stage, unique("tea"), user())
        await _set(stage, info.name, user().id, "member")
        await _verify_members(stage, [Membership(user().id, "owner")], info.name)
        gone = await stage.call("remove_member", room=info.name, user_id=user().id)
        assert not gone, "remove_member says that the owner is gone"
        await _verify_members(stage, [Membership(user().id, "owner")], info.name)

    @promise("set_member: owner hands the room over, and who owned it becomes a moderator")
    async def test_room_is_handed_over(self, stage: Stage) -> None:
        info = await _created(stage, unique("tea"), user("ann"), private=True)
        await _set(stage, info.name, BOB.id, "member")
        await _set(stage, info.name, BOB.id, "owner")
        wanted = {user("ann").id: "moderator", BOB.id: "owner"}
        found = {member.user_id: member.role for member in await _members(stage, info.name)}
        assert found == wanted, f"they are {found}"
        room = await _open(stage, info.name, BOB)
        assert room is not None, "the new owner can't open it"
        assert room.owner == BOB.id, f"the room says that {room.owner} owns it"

    @promise("create_room: without an owner nobody owns it, however many rooms its creator owns")
    async def test_a_room_without_an_owner(self, stage: Stage) -> None:
        given = {"user": user(), "private": False, "owned_limit": 1, "owner": None}
        for _ in range(2):
            info = await stage.call("create_room", name=unique("tea"), **given)
            assert info.owner is None, f"{info.owner} owns it"
            await _verify_members(stage, [], info.name)

    @promise("set_member: who owns owned_limit rooms is given no other one; 0 is no limit")
    async def test_a_room_that_is_handed_over_counts(self, stage: Stage) -> None:
        receiver = user(unique("receiver"))
        await _created(stage, unique("tea"), receiver)
        info = await _created(stage, unique("tea"), user())
        code = ""
        try:
            await _set(stage, info.name, receiver.id, "owner", limit=1)
        except Rejected as error:
            code = error.code
        assert code == "too_many_rooms", f"it was refused as {code!r}" if code else "it was handed over"
        await _verify_members(stage, [Membership(user().id, "owner")], info.name)
        assert await _set(stage, info.name, receiver.id, "owner", limit=2), "the second of two was refused"

    @promise("set_member: a room with members_limit members gets no other one, also if several come at once")
    async def test_a_full_room_gets_no_member(self, stage: Stage) -> None:
        info = await _created(stage, unique("tea"), user())
        others = [f"other{number}" for number in range(6)]
        stages = [stage, await stage.second_or_self()]
        tried = [
            _refusal(_set(stages[n % 2], info.name, who, "member", most=3)) for n, who in enumerate(others)
        ]
        codes = await asyncio.gather(*tried)
        assert sorted(codes) == ["", "", *["too_many_members"] * 4], f"of 6 at once it let in: {codes}"
        inside = next(one.user_id for one in await _members(stage, info.name) if one.role == "member")
        await _set(stage, info.name, inside, "moderator", most=3)
        assert await _set(stage, info.name, "late", "member", most=0), "0 is no limit"

    @promise(
        "read_admitted: of these users, who is owner or member of a private room, and all of a public one"
    )
    async def test_admitted_among_users(self, stage: Stage) -> None:
        hidden = await _created(stage, unique("tea"), user(), private=True)
        public = await _created(stage, unique("tea"), user())
        await _set(stage, hidden.name, "cat", "member")
        asked = {name: [user().id, "bob", "cat"] for name in (hidden.name, public.name, unique("nowhere"))}
        wanted = {hidden.name: {user().id, "cat"}, public.name: {user().id, "bob", "cat"}}
        await self._verify_admitted(stage, asked, wanted)
        await stage.call("remove_member", room=hidden.name, user_id="cat")
        await self._verify_admitted(stage, asked, {**wanted, hidden.name: {user().id}})

    async def _verify_admitted(
        self, stage: Stage, asked: Mapping[str, Sequence[str]], wanted: Mapping[str, set[str]]
    ) -> None:
        answer = await stage.call("read_admitted", rooms=asked)
        found = {name: set(users) for name, users in answer.items() if users}
        assert found == wanted, f"of {asked} it admitted {found}, not {wanted}"

    @promise("set_member, remove_member: False where there is nothing to change")
    async def test_nothing_to_change_is_false(self, stage: Stage) -> None:
        info = await _created(stage, unique("tea"), user())
        assert not await _set(stage, unique("nowhere"), "a", "member"), (
            "a room that is not there got a member"
        )
        assert not await stage.call("remove_member", room=info.name, user_id="a"), "nobody was removed"

    @promise("remove_member: who is removed is no member any more, and a private room is not there for them")
    async def test_removed_member_is_gone(self, stage: Stage) -> None:
        info = await _created(stage, unique("tea"), user(), private=True)
        await _set(stage, info.name, BOB.id, "member")
        assert await stage.call("remove_member", room=info.name, user_id=BOB.id), "it says that it was nobody"
        await _verify_members(stage, [], info.name, [BOB.id])
        assert await _open(stage, info.name, BOB) is None, "they can open it"

    @promise("Rooms and members outlive a restart")
    async def test_all_outlives_a_restart(self, stage: Stage) -> None:
        info = await _created(stage, unique("tea"), user(), private=True)
        await _set(stage, info.name, BOB.id, "moderator")
        before = await _members(stage, info.name)
        await stage.restart()
        assert await _open(stage, info.name, BOB) == info, "the room is another one"
        assert await _members(stage, info.name) == before, "its members are others"


async def _created(stage: Stage, name: str, owner: User, private: bool = False) -> RoomInfo:
    given = {"name": name, "user": owner, "private": private, "owned_limit": 0, "owner": owner.id}
    info = await stage.call("create_room", **given)
    assert isinstance(info, RoomInfo), f"create_room gave {info!r}"
    return info


async def _code(stage: Stage, name: str, owner: User, limit: int = 0) -> str:
    """Create a room; return the code of the refusal, or "" if it was created."""
    try:
        given = {"name": name, "user": owner, "private": False, "owned_limit": limit, "owner": owner.id}
        await stage.call("create_room", **given)
    except Rejected as error:
        return error.code
    return ""


async def _open(stage: Stage, name: str, who: User) -> RoomInfo | None:
    info = await stage.call("open_room", name=name, user=who, create=False, owned_limit=0, owner=None)
    assert info is None or isinstance(info, RoomInfo), f"open_room gave {info!r}"
    return info


async def _deleted(stage: Stage, info: RoomInfo) -> bool:
    gone = await stage.call("delete_room", room=info.name, epoch=info.epoch)
    assert isinstance(gone, bool), f"delete_room gave {gone!r}"
    return gone


async def _all_rooms(stage: Stage, who: User, mark: str, limit: int = 100) -> list[RoomSummary]:
    """Return all rooms with names that begin with `mark`, read page by page."""
    found: list[RoomSummary] = []
    after = mark[:-1]
    while True:
        page = await stage.call("list_rooms", user=who, after=after, limit=limit)
        assert len(page) <= limit, f"it gave {len(page)} rooms for a limit of {limit}"
        found += [room for room in page if room.name.startswith(mark)]
        if len(page) < limit or not page[-1].name.startswith(mark[:-1]):
            return found
        after = page[-1].name


async def _members(stage: Stage, name: str, users: Sequence[str] | None = None) -> list[Membership]:
    return list(await stage.call("read_members", room=name, users=users))


async def _set(stage: Stage, name: str, user_id: str, role: str, limit: int = 0, most: int = 0) -> bool:
    given = {"room": name, "user_id": user_id, "role": role, "owned_limit": limit, "members_limit": most}
    done = await stage.call("set_member", **given)
    assert isinstance(done, bool), f"set_member gave {done!r}"
    return done


async def _refusal(work: Awaitable[object]) -> str:
    """Return the code that something is refused with; "" if it is not."""
    try:
        await work
    except Rejected as error:
        return error.code
    return ""


async def _verify_members(
    stage: Stage, wanted: list[Membership], name: str, users: Sequence[str] | None = None
) -> None:
    found = await _members(stage, name, users)
    assert found == wanted, f"they are {found}, not {wanted}"
