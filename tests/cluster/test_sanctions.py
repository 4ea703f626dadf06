"""Sanctions as a node knows them: read in order, looked up cheaply, forgotten with their rooms."""

from __future__ import annotations

import asyncio
import time

import pytest

from tornchat.cluster.sanctions import Sanctions
from tornchat.errors import Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.hooks.implementation import Implementation
from tornchat.model import Sanction, User

ROMEO, JULIET = User("romeo", "Romeo"), User("juliet", "Juliet")


def sanctions(answer):
    return Sanctions(Hooks({"read_sanctions": [Implementation("p", "read_sanctions", answer)]}, {}))


def ban(seconds=60.0, room="hall"):
    return Sanction(room, "romeo", "ban", time.time() + seconds, "juliet")


def mute(seconds=60.0, room="hall"):
    return Sanction(room, "romeo", "mute", time.time() + seconds, "juliet")


def test_a_ban_is_new_once_and_again_after_its_end():
    stored = []

    async def play():
        known = sanctions(lambda rooms: list(stored))
        assert await known.read(["hall"]) == []
        stored[:] = [ban(0.05)]
        assert await known.read(["hall"]) == stored
        assert await known.read(["hall"]) == []
        assert known.bans("hall", ROMEO)
        await asyncio.sleep(0.06)
        assert not known.bans("hall", ROMEO)
        stored[:] = [ban()]
        assert await known.read(["hall"]) == stored

    asyncio.run(play())


def test_mutes_are_there_until_they_are_lifted_end_or_nobody_is_in_the_room():
    stored = [mute(), mute(0.05, "garden")]

    async def play():
        known = sanctions(lambda rooms: [one for one in stored if one.room in rooms])
        await known.read(["hall", "garden"])
        assert 59 < known.muted_for("hall", ROMEO) <= 60
        assert known.muted_for("hall", JULIET) == 0
        await asyncio.sleep(0.06)
        assert known.muted_for("garden", ROMEO) == 0
        stored.clear()
        await known.read(["garden"])
        assert list(known.mutes) == [("hall", "romeo")]
        known.forget(["hall", "garden"])
        assert (known.mutes, known.known()) == ({}, [])

    asyncio.run(play())


def test_an_older_answer_never_comes_after_a_newer_one():
    stored, first = [ban()], asyncio.Event()

    async def slow_at_first(rooms):
        found = list(stored)
        if not first.is_set():
            await first.wait()
        return found

    async def play():
        known = sanctions(slow_at_first)
        older = asyncio.create_task(known.read(["hall"]))
        await asyncio.sleep(0.01)  # it has been asked
        stored.clear()
        newer = asyncio.create_task(known.read(["hall"]))
        await asyncio.sleep(0.01)  # it has been asked
        first.set()
        await asyncio.gather(older, newer)
        assert not known.bans("hall", ROMEO)

    asyncio.run(play())


def test_what_was_read_last_holds_while_storage_is_away():
    answers = iter([[ban(), mute()], RuntimeError("away")])

    def answer(rooms):
        given = next(answers)
        if isinstance(given, Exception):
            raise given
        return given

    async def play():
        known = sanctions(answer)
        await known.know("hall")
        with pytest.raises(Unavailable):
            await known.read(["hall"])
        assert known.bans("hall", ROMEO)
        assert known.muted_for("hall", ROMEO)
        assert set(await known.until("hall", ROMEO)) == {"ban", "mute"}

    asyncio.run(play())


def test_without_a_plugin_nobody_is_asked():
    async def play():
        known = Sanctions(Hooks({}, {}))
        await known.know("hall")
        assert await known.read(["hall"]) == []
        assert await known.until("hall", ROMEO) == {}

    asyncio.run(play())


def test_an_older_answer_never_overwrites_a_newer_one():
    """Two readings at once: the one that was asked first is answered last."""

    async def play():
        gates, stored = [asyncio.Event(), asyncio.Event()], []

        async def answer(rooms):
            found, gate = list(stored), gates.pop(0)
            await gate.wait()
            return found

        first_gate, second_gate = gates
        known = sanctions(answer)
        first = asyncio.create_task(known.read(["hall"]))
        await asyncio.sleep(0.01)  # it has been asked
        stored.append(ban())
        second = asyncio.create_task(known.read(["hall"]))
        await asyncio.sleep(0.01)  # it has been asked
        second_gate.set()
        await asyncio.sleep(0.01)
        first_gate.set()
        await asyncio.gather(first, second)
        assert known.bans("hall", ROMEO)

    asyncio.run(play())


class CountedRoom(str):
    """A room's name that counts how often it is looked at."""

    __slots__ = ()
    looks = 0

    def __eq__(self, other):
        CountedRoom.looks += 1
        return str.__eq__(self, other)

    def __hash__(self):
        CountedRoom.looks += 1
        return str.__hash__(self)


def looks_of_one_reading(rooms):
    """How often a reading looks at a room's name, with a ban and a mute in each of `rooms` rooms."""
    names = [CountedRoom(f"room {number}") for number in range(rooms)]
    stored = [make(room=name) for name in names for make in (ban, mute)]

    async def play():
        known = sanctions(lambda rooms: stored)
        CountedRoom.looks = 0
        assert len(await known.read(names)) == rooms
        assert all(known.bans(name, ROMEO) and known.muted_for(name, ROMEO) for name in names)
        return CountedRoom.looks

    return asyncio.run(play())


def test_a_reading_costs_in_proportion_to_the_rooms():
    small, large = looks_of_one_reading(50), looks_of_one_reading(500)
    assert large <= 11 * small


def test_a_check_does_not_look_at_the_other_users():
    """A message from a room with thousands of banned users costs no more than from any other."""
    compared = []

    class Id(str):
        __slots__ = ()

        def __eq__(self, other):
            compared.append(other)
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    stored = [Sanction("hall", Id(f"user {n}"), "ban", time.time() + 60, "juliet") for n in range(1000)]

    async def play():
        known = sanctions(lambda rooms: stored)
        await known.read(["hall"])
        compared.clear()
        assert known.bans("hall", User("user 999", "last"))
        assert not known.bans("hall", ROMEO)
        assert await known.until("hall", ROMEO) == {}
        assert len(compared) < 10

    asyncio.run(play())
