"""The contract of presence: the users in a room, regardless of the number of their sessions."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from tornchat import Participant, PresenceChange, Roster, Unavailable
from tornchat.testing import fixtures
from tornchat.testing.kit import Contract, Stage, promise, unique

ANN = Participant("id-ann", "ann")
BOB = Participant("id-bob", "bob")
CAT = Participant("id-cat", "cat")


class PresenceContract(Contract):
    """Tests of a presence plugin.

    Subclass it and define `make_plugin` and, for a plugin for clusters, `make_second_plugin`.
    """

    roles = ("presence",)
    lease_seconds = 10.0
    """After how many seconds at the latest the users of a node that has died are gone."""

    @promise("read_presence: a room in which nobody is has an empty roster")
    async def test_empty_room(self, stage: Stage) -> None:
        assert await _users(stage, unique("tea")) == [], "somebody is in a room that nobody has entered"

    @promise("join_presence: True for the user's first session, and the roster lists the user")
    async def test_first_session_joins(self, stage: Stage) -> None:
        room = unique("tea")
        assert await _join(stage, room, ANN, "a1") is True, "it gave no True for a first session"
        assert await _users(stage, room) == [ANN], f"the roster is {await _users(stage, room)}"

    @promise("join_presence: a first session is told, with the version after the last one")
    async def test_first_session_is_told_with_the_next_version(self, stage: Stage) -> None:
        room = unique("tea")
        await _join(stage, room, ANN, "a1")
        await _told(stage, room, 1)
        version = (await _roster(stage, room)).version
        await _join(stage, room, BOB, "b1")
        await _told(stage, room, 2)
        told = stage.chat.changes_of(room)[-1]
        assert told == (version + 1, PresenceChange("join", BOB)), f"after version {version} it told {told}"

    @promise("join_presence: another session of the same user is False, and not told (users, not tabs)")
    async def test_second_session_tells_nothing(self, stage: Stage) -> None:
        room = unique("tea")
        await _join(stage, room, ANN, "a1")
        assert await _join(stage, room, ANN, "a2") is False, "it gave no False for a second session"
        assert await _users(stage, room) == [ANN], f"the roster is {await _users(stage, room)}"
        await _verify_told(stage, room, [PresenceChange("join", ANN)])

    @promise("join_presence: the same session again is False, and not counted twice")
    async def test_joining_is_idempotent(self, stage: Stage) -> None:
        room = unique("tea")
        await _join(stage, room, ANN, "a1")
        assert await _join(stage, room, ANN, "a1") is False, "it gave no False for the same session again"
        assert await _leave(stage, room, ANN, "a1") is True, "the session was counted twice"
        assert await _users(stage, room) == [], "she is still listed"

    @promise("leave_presence: while another session of the user stays, it is False and not told")
    async def test_leaving_with_a_session_left_tells_nothing(self, stage: Stage) -> None:
        room = unique("tea")
        await _join(stage, room, ANN, "a1")
        await _join(stage, room, ANN, "a2")
        assert await _leave(stage, room, ANN, "a1") is False, "it gave no False though a session stays"
        assert await _users(stage, room) == [ANN], f"the roster is {await _users(stage, room)}"
        await _verify_told(stage, room, [PresenceChange("join", ANN)])

    @promise("leave_presence: True for the user's last session; it is told, and the user is off the roster")
    async def test_last_session_leaves(self, stage: Stage) -> None:
        room = unique("tea")
        await _join(stage, room, ANN, "a1")
        await _join(stage, room, BOB, "b1")
        assert await _leave(stage, room, ANN, "a1") is True, "it gave no True for a last session"
        assert await _users(stage, room) == [BOB], f"the roster is {await _users(stage, room)}"
        await _told(stage, room, 3)
        told = stage.chat.changes_of(room)[-1][1]
        assert told == PresenceChange("leave", ANN), f"it told {told}"

    @promise("leave_presence: again, or without having joined, is False and changes nothing")
    async def test_leaving_is_idempotent(self, stage: Stage) -> None:
        room = unique("tea")
        assert await _leave(stage, room, ANN, "never there") is False, "somebody left who was not there"
        await _join(stage, room, ANN, "a1")
        assert await _leave(stage, room, ANN, "another") is False, "an unknown session left"
        assert await _leave(stage, room, BOB, "a1") is False, "one user's session was ended by another"
        assert await _users(stage, room) == [ANN], f"the roster is {await _users(stage, room)}"
        await _leave(stage, room, ANN, "a1")
        assert await _leave(stage, room, ANN, "a1") is False, "the same session left twice"

    @promise("read_presence: the roster is an older one with the changes told since, version by version")
    async def test_roster_is_an_older_one_and_the_changes_since(self, stage: Stage) -> None:
        room = unique("tea")
        await _join(stage, room, CAT, "c1")
        await _told(stage, room, 1)
        older = await _roster(stage, room)
        await _some_coming_and_going(stage, room)
        await _told(stage, room, 6)
        users, version = _replayed(older, stage.chat.changes_of(room)[1:])
        newer = await _roster(stage, room)
        assert newer.version == version, f"the version is {newer.version}, by the changes {version}"
        assert _sorted(newer.users) == users, f"the roster is {newer.users}, by the changes {users}"

    @promise("read_presence: a room's version never goes back, even when it was empty")
    async def test_version_never_goes_back(self, stage: Stage) -> None:
        room, versions = unique("tea"), []
        for told, act in enumerate((_join, _leave, _join, _leave), 1):
            await act(stage, room, ANN, "a1")
            await _told(stage, room, told)
            versions.append((await _roster(stage, room)).version)
        assert versions == sorted(set(versions)), f"while somebody came and went they were {versions}"

    @promise("join_presence, leave_presence: each room has its own roster")
    async def test_rooms_are_apart(self, stage: Stage) -> None:
        tea, den = unique("tea"), unique("den")
        await _join(stage, tea, ANN, "a1")
        assert await _join(stage, den, ANN, "a2") is True, "her first session in another room was not one"
        await _join(stage, den, BOB, "b1")
        await _leave(stage, tea, ANN, "a1")
        assert await _users(stage, tea) == [], f"in one room there is {await _users(stage, tea)}"
        assert await _users(stage, den) == [ANN, BOB], f"in the other there is {await _users(stage, den)}"

    @promise("join_presence, leave_presence: users are counted over all nodes, and every node is told")
    async def test_two_nodes_share_a_room(self, stage: Stage) -> None:
        room, other = unique("tea"), await stage.second()
        assert await _join(stage, room, ANN, "a1") is True, "it gave no True for a first session"
        assert await _join(other, room, ANN, "a2") is False, "a session on another node was not counted"
        assert await _leave(stage, room, ANN, "a1") is False, "the other node's session was forgotten"
        assert await _users(stage, room) == [ANN], f"the roster is {await _users(stage, room)}"
        assert await _leave(other, room, ANN, "a2") is True, "it gave no True for a last session"
        for node in (stage, other):
            await _told(node, room, 2)

    @promise("join_presence, leave_presence: of two at once on two nodes, one is the first and one the last")
    async def test_at_once_on_two_nodes(self, stage: Stage) -> None:
        room, other = unique("tea"), await stage.second()
        users = [Participant(f"id-{number}", f"user{number}") for number in range(20)]
        for act, whose in ((_join, "first"), (_leave, "last")):
            here = [act(stage, room, one, f"{one.id} here") for one in users]
            there = [act(other, room, one, f"{one.id} there") for one in users]
            answers = await asyncio.gather(*here, *there)
            pairs = [{bool(answers[n]), bool(answers[n + len(users)])} for n in range(len(users))]
            assert pairs == [{False, True}] * len(users), f"not one of two was the {whose}: {answers}"
        for node in (stage, other):
            assert await _users(node, room) == [], f"in the end there is {await _users(node, room)}"

    @promise("The users of a node that has died leave; those with a session elsewhere stay")
    async def test_users_of_a_dead_node_leave(self, stage: Stage) -> None:
        room, other = unique("tea"), await stage.second()
        for node, user, session in ((other, ANN, "a1"), (other, BOB, "b1"), (stage, BOB, "b2")):
            await _join(node, room, user, session)
        before = (await _roster(stage, room)).version
        await stage.kill_second()
        await _until_users(stage, room, [BOB], self.lease_seconds)
        assert (await _roster(stage, room)).version == before + 1, "one user left, and not one version"
        assert await _leave(stage, room, BOB, "b2") is True, "the dead node's session still counts"

    @promise("A break of a node's connection makes nobody leave; chat.may_have_missed is called")
    async def test_a_break_makes_nobody_leave(self, stage: Stage) -> None:
        room, other = unique("tea"), await stage.second()
        for node, user in ((stage, ANN), (other, BOB)):
            await _join(node, room, user, user.id)
        await _told(stage, room, 2)
        missed = other.chat.missed
        await other.lose_bus()
        await other.chat.until(lambda: other.chat.missed > missed, "chat.may_have_missed was not called")
        await _join_when_back(other, room, CAT, "c1")
        await _until_users(stage, room, [ANN, BOB, CAT], 0)
        leaves = [change for change in _changes(stage, room) if change.kind == "leave"]
        assert not leaves, f"it told {leaves}"


async def _until_users(stage: Stage, room: str, users: list[Participant], seconds: float) -> None:
    """Wait until the roster has these users. Calls may fail meanwhile, as the server retries them."""
    found: list[Participant] | None = None
    try:
        async with asyncio.timeout(seconds + fixtures.PATIENCE):
            while found != users:
                with suppress(Unavailable):
                    found = await _users(stage, room)
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"after {seconds:g} s the roster is {found}, not {users}") from None


async def _join_when_back(stage: Stage, room: str, user: Participant, session: str) -> None:
    """Join as soon as the plugin is available, as the server does."""
    async with asyncio.timeout(fixtures.PATIENCE):
        while True:
            with suppress(Unavailable):
                await _join(stage, room, user, session)
                return
            await asyncio.sleep(0.02)


async def _join(stage: Stage, room: str, user: Participant, session: str) -> object:
    answer: object = await stage.call("join_presence", room=room, user=user, session=session)
    return answer


async def _leave(stage: Stage, room: str, user: Participant, session: str) -> object:
    answer: object = await stage.call("leave_presence", room=room, user=user, session=session)
    return answer


async def _roster(stage: Stage, room: str) -> Roster:
    roster = await stage.call("read_presence", room=room)
    assert isinstance(roster, Roster), f"read_presence gave {roster!r}, which is no Roster"
    return roster


async def _users(stage: Stage, room: str) -> list[Participant]:
    return _sorted((await _roster(stage, room)).users)


def _sorted(users: tuple[Participant, ...]) -> list[Participant]:
    return sorted(users, key=lambda user: user.id)


async def _told(stage: Stage, room: str, count: int) -> None:
    what = f"chat.presence_changed was not called {count} times"
    await stage.chat.until(lambda: len(stage.chat.changes_of(room)) >= count, what)


async def _verify_told(stage: Stage, room: str, changes: list[PresenceChange]) -> None:
    """Cause a further change and wait for it, so that all earlier changes have arrived."""
    await _join(stage, room, BOB, "the last one")
    marker = PresenceChange("join", BOB)
    await stage.chat.until(lambda: marker in _changes(stage, room), "the next change was not told")
    assert _changes(stage, room) == [*changes, marker], f"it told {_changes(stage, room)[:-1]}"


def _changes(stage: Stage, room: str) -> list[PresenceChange]:
    return [change for _, change in stage.chat.changes_of(room)]


async def _some_coming_and_going(stage: Stage, room: str) -> None:
    await _join(stage, room, ANN, "a1")
    await _join(stage, room, BOB, "b1")
    await _join(stage, room, ANN, "a2")
    await _leave(stage, room, BOB, "b1")
    await _leave(stage, room, ANN, "a1")
    await _leave(stage, room, ANN, "a2")
    await _join(stage, room, BOB, "b2")


def _replayed(roster: Roster, changes: list[tuple[int, PresenceChange]]) -> tuple[list[Participant], int]:
    users, version = {user.id: user for user in roster.users}, roster.version
    for told, change in changes:
        assert told == version + 1, f"after version {version} the change of version {told} was told"
        version = told
        if change.kind == "join":
            users[change.participant.id] = change.participant
        else:
            del users[change.participant.id]
    return _sorted(tuple(users.values())), version
