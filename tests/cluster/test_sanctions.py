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
        await asyncio.sleep(0)
        stored.clear()
        newer = asyncio.create_task(known.read(["hall"]))
        await asyncio.sleep(0)
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
