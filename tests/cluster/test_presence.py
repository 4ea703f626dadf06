"""Each session enters and leaves in its order, however long the presence plugin takes."""

from __future__ import annotations

import asyncio

from tornchat.cluster import presence as module
from tornchat.cluster.presence import Presence
from tornchat.errors import Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.hooks.implementation import Implementation
from tornchat.model import User

ROMEO = User("1", "romeo")
JULIET = User("2", "juliet")


class Book:
    """A presence plugin that writes down what it is told, while it is there; `gate` holds up joins."""

    def __init__(self):
        self.told, self.events = [], []
        self.is_there, self.odd = True, ""
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()
        functions = {"join_presence": self.join, "leave_presence": self.leave}
        hooks = {name: [Implementation("book", name, function)] for name, function in functions.items()}
        self.presence = Presence(
            Hooks(hooks, {}),
            lambda *joined: self.events.append(("user_joined", *joined)),
            lambda *left: self.events.append(("user_left", *left)),
        )

    async def join(self, room, user, session):
        self.asked.set()
        await self.gate.wait()
        return self.note("join", session)

    def leave(self, room, user, session):
        return self.note("leave", session)

    def note(self, kind, session):
        if not self.is_there or session == self.odd:
            raise Unavailable("away")
        self.told.append((kind, session))
        return session != "second"


def play(scene):
    async def main():
        book = Book()
        await scene(book, book.presence)

    asyncio.run(main())


def test_who_comes_and_goes_is_told_once_per_user():
    async def scene(book, presence):
        await presence.enter("hall", ROMEO, "first")
        await presence.enter("hall", ROMEO, "second")
        await presence.leave("hall", ROMEO, "second")
        await presence.leave("hall", ROMEO, "first")
        assert book.events == [("user_joined", "hall", ROMEO), ("user_left", "hall", ROMEO)]

    play(scene)


def test_what_could_not_be_told_is_told_later_in_order():
    async def scene(book, presence):
        book.is_there = False
        await presence.enter("hall", ROMEO, "r")
        await presence.enter("hall", JULIET, "j")
        await presence.leave("hall", ROMEO, "r")
        await presence.retry()
        assert book.told == []
        book.is_there = True
        await presence.retry()
        assert [told for told in book.told if told[1] == "r"] == [("join", "r"), ("leave", "r")]
        assert ("join", "j") in book.told
        await presence.retry()
        assert len(book.told) == 3

    play(scene)


def test_a_leave_waits_for_its_late_join_though_the_plugin_is_back():
    async def scene(book, presence):
        book.is_there = False
        await presence.enter("hall", ROMEO, "r")
        book.is_there = True
        await presence.leave("hall", ROMEO, "r")
        assert book.told == []
        await presence.retry()
        assert book.told == [("join", "r"), ("leave", "r")]

    play(scene)


def test_a_leave_waits_for_a_join_that_is_under_way_and_others_do_not():
    async def scene(book, presence):
        book.gate.clear()
        entering = asyncio.create_task(presence.enter("hall", ROMEO, "r"))
        await book.asked.wait()
        leaving = asyncio.create_task(presence.leave("hall", ROMEO, "r"))
        await presence.leave("hall", JULIET, "j")
        book.gate.set()
        await asyncio.gather(entering, leaving)
        assert book.told == [("leave", "j"), ("join", "r"), ("leave", "r")]

    play(scene)


def test_two_retries_at_once_tell_nothing_twice():
    async def scene(book, presence):
        book.is_there = False
        await presence.enter("hall", ROMEO, "r")
        book.is_there = True
        await asyncio.gather(presence.retry(), presence.retry())
        assert book.told == [("join", "r")]

    play(scene)


def test_close_tries_a_last_time_and_then_forgets():
    async def scene(book, presence):
        book.is_there = False
        await presence.enter("hall", ROMEO, "r")
        await presence.close()
        book.is_there = True
        await presence.retry()
        assert book.told == []

    play(scene)


def test_one_session_that_always_fails_holds_up_no_other():
    """Else a plugin that stumbles over one user would leave all others' late leaves untold: ghosts."""

    async def scene(book, presence):
        book.is_there = False
        await presence.enter("hall", ROMEO, "odd")
        await presence.leave("hall", JULIET, "j")
        book.is_there, book.odd = True, "odd"
        await presence.leave("hall", ROMEO, "odd")
        await presence.retry()
        await presence.retry()
        assert book.told == [("leave", "j")]
        book.odd = ""
        await presence.retry()
        assert book.told == [("leave", "j"), ("join", "odd"), ("leave", "odd")]

    play(scene)


def test_after_a_long_absence_who_came_and_went_is_only_said_to_have_gone(monkeypatch):
    monkeypatch.setattr(module, "MOST_LATE", 2)

    async def scene(book, presence):
        book.is_there = False
        for name in ("a", "b", "c", "d"):
            await presence.enter("hall", ROMEO, name)
        for name in ("a", "b", "c"):
            await presence.leave("hall", ROMEO, name)
        book.is_there = True
        await presence.retry()
        assert sorted(book.told) == [("join", "d"), ("leave", "a"), ("leave", "b"), ("leave", "c")]

    play(scene)


def test_who_goes_while_its_join_is_told_late_is_told_to_have_gone(monkeypatch):
    monkeypatch.setattr(module, "MOST_LATE", 0)

    async def scene(book, presence):
        book.is_there = False
        await presence.enter("hall", ROMEO, "a")
        book.is_there = True
        book.gate.clear()
        book.asked.clear()
        retry = asyncio.create_task(presence.retry())
        await book.asked.wait()
        await presence.leave("hall", ROMEO, "a")
        book.gate.set()
        await retry
        assert book.told == [("join", "a"), ("leave", "a")]

    play(scene)
