"""The contract of moderation: sanctions are stored until they end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from tornchat import SITE, Rejected, Sanction, SanctionKind
from tornchat.testing.kit import Contract, Stage, promise, unique
from tornchat.testing.log import opened


class ModerationContract(Contract):
    """Tests of a moderation plugin, which must also implement storage. Subclass it, define `make_plugin`."""

    roles = ("moderation",)

    @promise("set_sanction, read_sanctions: what was set is read, to the letter")
    async def test_what_is_set_is_read(self, stage: Stage) -> None:
        ban = _sanction((await opened(stage)).name, "bob", until=time.time() + 60.25)
        await _set(stage, ban)
        assert await _read(stage, ban.room) == [ban], "it was read as another one"

    @promise("read_sanctions: of many rooms in one go, and of these rooms only")
    async def test_many_rooms_in_one_go(self, stage: Stage) -> None:
        rooms = [(await opened(stage)).name for _ in range(3)]
        for room in rooms:
            await _set(stage, _sanction(room, "bob"))
        found = {sanction.room for sanction in await _read(stage, rooms[0], rooms[2], unique("nowhere"))}
        assert found == {rooms[0], rooms[2]}, f"of rooms 0 and 2 of {rooms} it gave {found}"
        assert await _read(stage) == [], "of no room it gave some"

    @promise("read_sanctions: one that has ended is not read")
    async def test_ended_is_not_read(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        await _set(stage, _sanction(room, "bob", until=time.time() - 1))
        await _set(stage, _sanction(room, "cat"))
        found = [sanction.user_id for sanction in await _read(stage, room)]
        assert found == ["cat"], f"it gave the sanctions of {found}"

    @promise("set_sanction: of one kind and user there is one in a room, the last")
    async def test_the_last_one_counts(self, stage: Stage) -> None:
        room, now = (await opened(stage)).name, time.time()
        last = _sanction(room, "bob", until=now + 30, by="cat")
        for sanction in (_sanction(room, "bob", until=now + 60), last, _sanction(room, "bob", "mute")):
            await _set(stage, sanction)
        found = [sanction for sanction in await _read(stage, room) if sanction.kind == "ban"]
        assert found == [last], f"the last one was {last}, and read was {found}"
        assert len(await _read(stage, room)) == 2, "the mute beside it is gone"

    @promise("set_sanction: of every kind, with who set it, what they were, and since when")
    async def test_all_fields_are_kept(self, stage: Stage) -> None:
        room, now = (await opened(stage)).name, time.time()
        kick = Sanction(room, "bob", "kick", now + 60, "ann", "moderator", now - 0.25)
        ban = Sanction(room, "bob", "ban", now + 60, "ann", "site moderator", now)
        for sanction in (kick, ban):
            await _set(stage, sanction)
        found = sorted(await _read(stage, room), key=lambda one: one.kind)
        assert found == [ban, kick], f"of {[ban, kick]} it gave {found}"

    @promise("set_sanction, read_sanctions, lift_sanction: the room named by an empty text is the whole site")
    async def test_of_the_whole_site(self, stage: Stage) -> None:
        room, who, now = (await opened(stage)).name, unique("bob"), time.time()
        ban = Sanction(SITE, who, "ban", now + 60, "ann", "admin", now)
        revoke = Sanction(SITE, who, "revoke", now + 60, "ann", "admin", now)
        for sanction in (ban, revoke, _sanction(room, who)):
            await _set(stage, sanction)
        found = [one for one in await _read(stage, SITE) if one.user_id == who]
        assert sorted(found, key=lambda one: one.kind) == [ban, revoke], f"it gave {found}"
        assert [one.room for one in await _read(stage, room)] == [room], "the site's are the room's, too"
        assert await _lift(stage, SITE, who) is True, "it says that there was no ban"
        kinds = [(one.room, one.kind) for one in await _read(stage, SITE, room) if one.user_id == who]
        assert sorted(kinds) == [(SITE, "revoke"), (room, "ban")], f"left are {kinds}"

    @promise("set_sanction: False for a room that is not there")
    async def test_no_room_is_false(self, stage: Stage) -> None:
        done = await stage.call("set_sanction", sanction=_sanction(unique("nowhere"), "bob"), limit=0)
        assert done is False, f"it gave {done!r}"

    @promise("set_sanction: no more than limit users of one kind in a room, also if several come at once")
    async def test_too_many_are_refused(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        await _set(stage, _sanction(room, "ended", until=time.time() - 1))
        stages = [stage, await stage.second_or_self()]
        tried = [_refusal(stages[n % 2], _sanction(room, f"user{n}"), 2) for n in range(6)]
        codes = await asyncio.gather(*tried)
        assert sorted(codes) == ["", "", *["too_many_sanctions"] * 4], f"of 6 at once it stored: {codes}"
        banned = next(one.user_id for one in await _read(stage, room))
        assert not await _refusal(stage, _sanction(room, banned), 2), "one that is there was not replaced"
        assert not await _refusal(stage, _sanction(room, "late", "mute"), 2), "another kind was counted"
        assert not await _refusal(stage, _sanction(room, "late"), 0), "0 is no limit"

    @promise("lift_sanction: True if there was one, and it is not read any more")
    async def test_lifted_is_gone(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        for user_id in ("bob", "cat"):
            await _set(stage, _sanction(room, user_id))
        assert await _lift(stage, room, "bob") is True, "it says that there was none"
        left = [sanction.user_id for sanction in await _read(stage, room)]
        assert left == ["cat"], f"of bob's and cat's bans, with bob's lifted, it gave {left}"
        assert await _lift(stage, room, "bob") is False, "it was lifted twice"

    @promise("lift_sanction: only the one of this kind, user and room")
    async def test_others_stay(self, stage: Stage) -> None:
        room, other = (await opened(stage)).name, (await opened(stage)).name
        for sanction in (_sanction(room, "bob"), _sanction(room, "bob", "mute"), _sanction(other, "bob")):
            await _set(stage, sanction)
        await _lift(stage, room, "bob")
        left = sorted((s.room == room, s.kind) for s in await _read(stage, room, other))
        assert left == [(False, "ban"), (True, "mute")], f"left are {left}"

    @promise("lift_sanction: False for one that has ended")
    async def test_ended_is_not_lifted(self, stage: Stage) -> None:
        room = (await opened(stage)).name
        await _set(stage, _sanction(room, "bob", until=time.time() - 1))
        assert await _lift(stage, room, "bob") is False, "one that had ended was lifted"

    @promise("Sanctions outlive a restart, and are the same on the second node")
    async def test_sanctions_are_in_storage(self, stage: Stage) -> None:
        ban = _sanction((await opened(stage)).name, "bob")
        await _set(stage, ban)
        other = await stage.second_or_self()
        assert await _read(other, ban.room) == [ban], "the second node does not see it"
        await stage.restart()
        assert await _read(stage, ban.room) == [ban], "it is gone after a restart"


def _sanction(
    room: str, user_id: str, kind: SanctionKind = "ban", until: float | None = None, by: str = "ann"
) -> Sanction:
    return Sanction(room, user_id, kind, time.time() + 60 if until is None else until, by)


async def _set(stage: Stage, sanction: Sanction) -> None:
    done = await stage.call("set_sanction", sanction=sanction, limit=0)
    assert done is True, f"set_sanction gave {done!r} for a room that is there"


async def _refusal(stage: Stage, sanction: Sanction, limit: int) -> str:
    """Return the code that a sanction is refused with; "" if it is stored."""
    try:
        await stage.call("set_sanction", sanction=sanction, limit=limit)
    except Rejected as error:
        return error.code
    return ""


async def _read(stage: Stage, *rooms: str) -> Sequence[Sanction]:
    found = await stage.call("read_sanctions", rooms=rooms)
    assert all(isinstance(one, Sanction) for one in found), f"read_sanctions gave {found!r}"
    return list(found)


async def _lift(stage: Stage, room: str, user_id: str, kind: SanctionKind = "ban") -> object:
    return await stage.call("lift_sanction", room=room, user_id=user_id, kind=kind)
