"""The contract of invites: stored under a digest, and used no more often than they allow."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from msgspec.structs import replace

from tornchat import Accepted, Invite, Rejected
from tornchat.testing.fixtures import user
from tornchat.testing.kit import Contract, Stage, promise, unique
from tornchat.testing.log import opened

NOW = 1_700_000_000.5
OWNER = user()


class InvitesContract(Contract):
    """What the hooks of invites promise, besides storage and directory."""

    roles = ("invites",)

    @promise("store_invite, read_invites, find_invite: what is stored is read, newest first, of this room")
    async def test_what_is_stored_is_read(self, stage: Stage) -> None:
        room, other = (await opened(stage)).name, (await opened(stage)).name
        first, second = _invite(room), replace(_invite(room, "moderator", 3), created_at=NOW + 1)
        digests = [await _stored(stage, one) for one in (first, second, _invite(other))]
        found = list(await stage.call("read_invites", room=room))
        assert found == [second, first], f"it gave {found}"
        found_one = await stage.call("find_invite", digest=digests[0])
        assert found_one == first, f"of the digest of {first} it gave {found_one}"
        assert await stage.call("find_invite", digest=unique("no")) is None, "of no invite it gave one"

    @promise("store_invite: False for a room that is not there")
    async def test_no_room_is_false(self, stage: Stage) -> None:
        given = {"invite": _invite(unique("nowhere")), "digest": unique("d"), "limit": 9}
        assert await stage.call("store_invite", **given) is False, "it was stored"

    @promise("store_invite: too_many_invites above the limit; those that can't be used do not count")
    async def test_the_limit_is_kept(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        await _stored(stage, _invite(room), limit=1)
        code = await _code(_stored(stage, _invite(room), limit=1))
        assert code == "too_many_invites", f"the second of one was refused as {code!r}"
        later = replace(_invite(room), created_at=NOW + 100, expires_at=NOW + 200)
        digest = await _stored(stage, later, limit=1)  # the first one has expired
        await _used(stage, digest, "id-bob", NOW + 100)
        await _stored(stage, replace(later, id=unique("i")), limit=1)  # the second one is used up
        assert len(await stage.call("read_invites", room=room)) == 1, "those that can't be used are left"

    @promise("use_invite: the user is a member with its role, and the use is counted")
    async def test_used_it_makes_a_member(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        digest = await _stored(stage, _invite(room, "moderator", 2))
        found = await _used(stage, digest, "id-bob")
        assert found == Accepted(room, "moderator", True), f"it gave {found}"
        assert await _role(stage, room, "id-bob") == "moderator", "they are no moderator"
        [invite] = await stage.call("read_invites", room=room)
        assert (invite.used, invite.uses) == (1, 2), f"after one use it is {invite}"

    @promise("use_invite: members and the owner keep their role, and use nothing up")
    async def test_members_use_nothing_up(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        digest = await _stored(stage, _invite(room))
        await stage.call(
            "set_member", room=room, user_id="id-bob", role="moderator", owned_limit=0, members_limit=0
        )
        for who, role in (("id-bob", "moderator"), (OWNER.id, "owner")):
            found = await _used(stage, digest, who, NOW + 1000)  # expired, which is nothing to a member
            assert found == Accepted(room, role, False), f"for the {role} it gave {found}"  # type: ignore[arg-type]
            assert await _role(stage, room, who) == role, f"the {role} has another role"
        assert (await stage.call("find_invite", digest=digest)).used == 0, "it was used"

    @promise("use_invite: however many at once on all nodes, no more are admitted than it allows")
    async def test_no_more_than_it_allows(self, stage: Stage) -> None:
        room, other = (await opened(stage)).name, await stage.second_or_self()
        digest = await _stored(stage, _invite(room, uses=3))
        nodes = [stage, other] * 4
        calls = [_code(_used(node, digest, f"id-{number}")) for number, node in enumerate(nodes)]
        codes = await asyncio.gather(*calls)
        assert sorted(codes) == [""] * 3 + ["invite_used_up"] * 5, f"3 uses for 8 users gave {codes}"
        members = await stage.call("read_members", room=room, users=None)
        assert len(members) == 4, f"the room has {members}"

    @promise("use_invite: refused as invite_expired, too_many_members; None if there is no such invite")
    async def test_what_is_refused(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        digest = await _stored(stage, _invite(room))
        code = await _code(_used(stage, digest, "id-bob", at=NOW + 60))
        assert code == "invite_expired", f"when it expires it was refused as {code!r}"
        code = await _code(_used(stage, digest, "id-bob", limit=1))
        assert code == "too_many_members", f"a full room refused it as {code!r}"
        assert await _used(stage, unique("no"), "id-bob") is None, "an invite that is not there was used"
        assert await _role(stage, room, "id-bob") == "", "who was refused is a member"
        found = await _used(stage, digest, "id-bob", limit=2)
        assert found is not None, "it can't be used afterwards"
        assert found.joined, "it can't be used afterwards"

    @promise("revoke_invite: it can't be used any more; False if the room has none with this id")
    async def test_revoked_is_gone(self, stage: Stage) -> None:
        room, other = (await opened(stage)).name, (await opened(stage)).name
        invite = _invite(room)
        digest = await _stored(stage, invite)
        assert not await stage.call("revoke_invite", room=other, invite_id=invite.id), "another room's went"
        assert await stage.call("revoke_invite", room=room, invite_id=invite.id), "it says that there is none"
        assert not await stage.call("revoke_invite", room=room, invite_id=invite.id), "it went twice"
        assert await _used(stage, digest, "id-bob") is None, "it can be used"

    @promise("Invites go with their room, and are not those of a room of the same name")
    async def test_deleted_with_the_room(self, stage: Stage) -> None:
        info = await opened(stage)
        digest = await _stored(stage, _invite(info.name))
        await stage.call("delete_room", room=info.name, epoch=info.epoch)
        given = {"name": info.name, "user": OWNER, "private": True, "owned_limit": 0, "owner": OWNER.id}
        await stage.call("create_room", **given)
        assert await stage.call("find_invite", digest=digest) is None, "it is found"
        assert await _used(stage, digest, "id-bob") is None, "it can be used"
        assert list(await stage.call("read_invites", room=info.name)) == [], "the new room has it"

    @promise("Invites outlive a restart, and are the same on the second node")
    async def test_invites_are_in_storage(self, stage: Stage) -> None:
        invite = _invite((await opened(stage)).name)
        digest = await _stored(stage, invite)
        other = await stage.second_or_self()
        assert await other.call("find_invite", digest=digest) == invite, "the second node does not see it"
        await stage.restart()
        assert await stage.call("find_invite", digest=digest) == invite, "it is gone after a restart"


def _invite(room: str, role: str = "member", uses: int = 1) -> Invite:
    return Invite(unique("i"), room, role, OWNER.id, NOW, NOW + 60, uses)  # type: ignore[arg-type]


async def _stored(stage: Stage, invite: Invite, limit: int = 9) -> str:
    """Store the invite; return the digest, under which it is."""
    digest = unique("digest")
    done = await stage.call("store_invite", invite=invite, digest=digest, limit=limit)
    assert done is True, f"store_invite gave {done!r} for a room that is there"
    return digest


async def _used(
    stage: Stage, digest: str, user_id: str, at: float = NOW + 1, limit: int = 0
) -> Accepted | None:
    given = {"digest": digest, "user_id": user_id, "at": at, "members_limit": limit}
    found = await stage.call("use_invite", **given)
    assert found is None or isinstance(found, Accepted), f"use_invite gave {found!r}"
    return found


async def _code(work: object) -> str:
    """Return the code that the call is refused with; "" if it is not."""
    try:
        await work  # type: ignore[misc]
    except Rejected as error:
        return error.code
    return ""


async def _role(stage: Stage, room: str, user_id: str) -> str:
    found: Sequence[object] = await stage.call("read_members", room=room, users=[user_id])
    return str(getattr(found[0], "role", "")) if found else ""
