"""The contract of erasing a user: the messages keep their places, and nothing else of the user is left."""

from __future__ import annotations

import time

import pytest

from tornchat import ERASED, KnownUser, Sanction, User
from tornchat.testing.fixtures import draft
from tornchat.testing.kit import Contract, Stage, promise, unique
from tornchat.testing.log import opened, read, stored


class ErasingContract(Contract):
    """What `erase_user` promises. A part of `UsersContract`; needs storage, and is skipped without it."""

    @promise("erase_user: at most limit entries in a call, the number of which it gives; 0: nothing is left")
    async def test_erased_in_parts(self, stage: Stage) -> None:
        name = await _lived(stage)
        counts: list[int] = []
        while not counts or counts[-1]:
            counts.append(await stage.call("erase_user", user_id=_id(name), limit=2))
            assert len(counts) < 10, f"it gave {counts}, and never 0"
        assert max(counts) <= 2, f"with a limit of 2 it gave {counts}"
        assert sum(counts) == 3, f"for 3 entries it gave {counts}"

    @promise("erase_user: an entry keeps its seq, and has the sender ERASED, no text and no client id")
    async def test_erased_entries_keep_their_place(self, stage: Stage) -> None:
        name, room = unique("ann"), (await opened(stage)).name
        mine = [draft(f"word {number}", room, name, f"id-{number}") for number in range(2)]
        before = await stored(stage, mine[0], draft("of Bob", room, "bob", "b"), mine[1])
        await _erase(stage, name)
        entries = (await read(stage, room)).entries
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1)), "there is a hole"
        for entry in (entries[0], entries[2]):
            found = (entry.sender_id, entry.sender_username, entry.text, entry.client_id)
            assert found == (ERASED.id, ERASED.username, "", None), f"left is {entry}"
        assert entries[1] == before[1], f"somebody else's became {entries[1]}"

    @promise("erase_user: for each message a deletion by ERASED is appended")
    async def test_each_erased_message_is_told(self, stage: Stage) -> None:
        name, room = unique("ann"), (await opened(stage)).name
        await stored(stage, draft("one", room, name), draft("of Bob", room, "bob"), draft("two", room, name))
        await _erase(stage, name)
        news = (await read(stage, room)).entries[3:]
        found = sorted((entry.kind, entry.sender_id, entry.target) for entry in news)
        assert found == [("deletion", ERASED.id, seq) for seq in (1, 3)], f"appended was {news}"

    @promise("erase_user: memberships, ownerships, sanctions and the stored user are deleted")
    async def test_nothing_of_them_is_left(self, stage: Stage) -> None:
        name = await _lived(stage)
        await _erase(stage, name)
        assert list(await stage.call("read_users", user_ids=[_id(name)])) == [], "the user is still stored"
        for room in _rooms_of(name):
            info = await stage.call(
                "open_room", name=room, user=User("id-x", "x"), create=False, owned_limit=0, owner=None
            )
            assert info is None or info.owner != _id(name), f"{room} is still theirs"
            if stage.provides("read_members"):
                people = await stage.call("read_members", room=room, users=None)
                assert _id(name) not in [one.user_id for one in people], f"still a member of {room}"
            if stage.provides("read_sanctions"):
                found = await stage.call("read_sanctions", rooms=[room])
                assert _id(name) not in [one.user_id for one in found], "their own sanction is still there"

    @promise("erase_user: a sanction of somebody else by the user stays, and is ERASED's")
    async def test_their_bans_stay(self, stage: Stage) -> None:
        if not stage.provides("set_sanction"):
            pytest.skip("the plugin keeps no sanctions")
        name = await _lived(stage)
        await _erase(stage, name)
        [room, _] = _rooms_of(name)
        found = [(one.user_id, one.by) for one in await stage.call("read_sanctions", rooms=[room])]
        assert found == [("id-bob", ERASED.id)], f"bob was banned by them; left is {found}"

    @promise("erase_user: somebody else, also one with a similar id, is left alone")
    async def test_others_are_left_alone(self, stage: Stage) -> None:
        name = await _lived(stage)
        other = await _lived(stage, name + "x")
        await _erase(stage, name)
        assert await stage.call("read_users", user_ids=[_id(other)]), "the other user is gone"
        for room in _rooms_of(other):
            entries = (await read(stage, room)).entries
            assert _id(other) in [one.sender_id for one in entries if one.text], f"{room} lost their words"

    @promise("erase_user: of somebody who was never here it gives 0")
    async def test_nobody_is_erased(self, stage: Stage) -> None:
        await _lived(stage)
        found = await stage.call("erase_user", user_id=unique("nobody"), limit=10)
        assert found == 0, f"it gave {found!r}"

    @promise("Erased stays erased after a restart")
    async def test_erased_stays_erased(self, stage: Stage) -> None:
        name = await _lived(stage)
        await _erase(stage, name)
        await stage.restart()
        for room in _rooms_of(name):
            entries = (await read(stage, room)).entries
            assert _id(name) not in [one.sender_id for one in entries], f"they are in {room} again"
        assert list(await stage.call("read_users", user_ids=[_id(name)])) == [], "they are stored again"


def _id(name: str) -> str:
    return f"id-{name}"


def _rooms_of(name: str) -> list[str]:
    return [f"den-{name}", f"hall-{name}"]


async def _lived(stage: Stage, name: str | None = None) -> str:
    """Let a user leave traces: three messages in two rooms, an ownership, a role, sanctions, a name."""
    if not (stage.provides("erase_user") and stage.provides("store_messages")):
        pytest.skip("the plugin erases nobody, or stores no messages")
    name = unique("ann") if name is None else name
    own, other = _rooms_of(name)
    for room, owner in ((own, _id(name)), (other, "id-bob")):
        await stage.call(
            "open_room", name=room, user=User(owner, owner), create=True, owned_limit=0, owner=owner
        )
    await stored(
        stage, draft("one", own, name), draft("two", own, name, unique("c")), draft("three", other, name)
    )
    await stage.call("store_users", users=[KnownUser(_id(name), name, name)])
    if stage.provides("set_member"):
        await stage.call(
            "set_member", room=other, user_id=_id(name), role="moderator", owned_limit=0, members_limit=0
        )
    if stage.provides("set_sanction"):
        until = time.time() + 60
        for sanction in (
            Sanction(other, _id(name), "mute", until, "id-bob"),
            Sanction(own, "id-bob", "ban", until, _id(name)),
        ):
            await stage.call("set_sanction", sanction=sanction, limit=0)
    return name


async def _erase(stage: Stage, name: str) -> None:
    if not (stage.provides("erase_user") and stage.provides("store_messages")):
        pytest.skip("the plugin erases nobody, or stores no messages")
    for _ in range(100):
        if not await stage.call("erase_user", user_id=_id(name), limit=100):
            return
    raise AssertionError("it never gave 0")
