"""Durable consumers: each entry is handed over, in order, whatever fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.nodes import until
from tests.stage import open_stage
from tornchat import Batch, Consumer, SettingsError, Unavailable, User, hookimpl

ANN = User("ann", "ann")
PLUGINS = ("jwt", "peewee", "local", "reader")


class Reader:
    """A plugin with one consumer that notes what it takes."""

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.taken: list[tuple[str, str]] = []
        self.news = asyncio.Event()

    @hookimpl
    def consumers(self) -> Sequence[Consumer]:
        return [Consumer("reader", self.take, **self.options)]

    async def take(self, batch: Batch) -> None:
        for entry in batch.entries:
            self.taken.append((batch.room, entry.text))
        self.news.set()

    async def has(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.taken) < count:
                self.news.clear()
                await self.news.wait()

    def of(self, room: str) -> list[str]:
        return [text for where, text in self.taken if where == room]


def staged(tmp_path: Path, reader: Any) -> Any:
    """A stage with this plugin."""
    return open_stage(
        tmp_path, {"tornchat": {"plugins": PLUGINS}}, {"reader": type("P", (), methods(reader))}
    )


def methods(reader: Any) -> dict[str, Any]:
    """The plugin as a class, since plugins are made by the loader."""

    @hookimpl
    def consumers(self: object) -> Sequence[Consumer]:
        return reader.consumers()

    return {"consumers": consumers}


async def say(stage: Any, room: str, *texts: str) -> None:
    await stage.chat._hooks.open_room(room, ANN, True, 0, None)
    for text in texts:
        await stage.chat.say(room, text, sender=ANN)


def test_a_consumer_takes_what_is_said_in_order(tmp_path: Path) -> None:
    async def play() -> None:
        reader = Reader()
        async with staged(tmp_path, reader) as stage:
            await say(stage, "tea", *"abc")
            await say(stage, "den", "x")
            await reader.has(4)
        assert reader.of("tea") == ["a", "b", "c"]
        assert reader.of("den") == ["x"]

    asyncio.run(play())


@pytest.mark.parametrize(("start", "wanted"), [("now", ["after"]), ("beginning", ["before", "after"])])
def test_a_new_consumer_begins_where_it_wants(tmp_path: Path, start: str, wanted: list[str]) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            await say(stage, "tea", "before")
        reader = Reader(start=start)
        async with staged(tmp_path, reader) as stage:
            await until(lambda: bool(stage.chat.consumers.held()), 10, "a lease")
            await say(stage, "tea", "after")
            await reader.has(len(wanted))
        assert reader.of("tea") == wanted

    asyncio.run(play())


def test_what_was_said_while_it_was_away_comes_once(tmp_path: Path) -> None:
    async def play() -> None:
        first, second = Reader(), Reader()
        async with staged(tmp_path, first) as stage:
            await say(stage, "tea", "one")
            await first.has(1)
        async with open_stage(tmp_path) as stage:
            await say(stage, "tea", "two")
        async with staged(tmp_path, second) as stage:
            await second.has(1)
            await say(stage, "tea", "three")
            await second.has(2)
        assert first.of("tea") == ["one"]
        assert second.of("tea") == ["two", "three"]

    asyncio.run(play())


def test_a_failing_room_is_tried_again_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tornchat.log.roomqueue.FIRST_PAUSE", 0.02)

    class Fails(Reader):
        failures = 3

        async def take(self, batch: Batch) -> None:
            if batch.room == "tea" and self.failures:
                self.failures -= 1
                raise RuntimeError("not yet")
            await super().take(batch)

    async def play() -> None:
        reader = Fails()
        async with staged(tmp_path, reader) as stage:
            await say(stage, "tea", "a", "b")
            await say(stage, "den", "x")
            await reader.has(3)
            await until(lambda: stage.chat.consumers.taken["reader"] == 3, 10, "three entries")
            assert stage.chat.consumers.failures["reader"] == 3
        assert reader.taken[0] == ("den", "x")
        assert reader.of("tea") == ["a", "b"]

    asyncio.run(play())


def test_a_take_that_hangs_ends_at_its_deadline_and_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tornchat.log.roomqueue.FIRST_PAUSE", 0.02)

    class Hangs(Reader):
        hangs = True

        async def take(self, batch: Batch) -> None:
            if batch.room == "tea" and self.hangs:
                self.hangs = False
                await asyncio.Event().wait()
            await super().take(batch)

    async def play() -> None:
        reader = Hangs(deadline=0.3)
        async with staged(tmp_path, reader) as stage:
            await say(stage, "tea", "a")
            await say(stage, "den", "x")
            await reader.has(2)
        assert reader.taken == [("den", "x"), ("tea", "a")]

    asyncio.run(play())


@pytest.mark.long
def test_a_take_of_ten_minutes_keeps_its_lease_and_holds_up_neither_other_rooms_nor_the_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it had not finished when the server stopped comes again."""
    monkeypatch.setattr("tornchat.log.consumers.LEASE_SECONDS", 2.5)
    monkeypatch.setattr("tornchat.log.consumers.RENEW_SECONDS", 0.1)
    monkeypatch.setattr("tornchat.log.consumers.LAST_SECONDS", 0.1)
    began: list[str] = []

    class Slow(Reader):
        async def take(self, batch: Batch) -> None:
            began.append(batch.entries[0].text)
            if batch.room == "tea":
                await asyncio.Event().wait()
            await super().take(batch)

    async def play() -> None:
        slow, quick = Slow(deadline=600), Reader()
        async with staged(tmp_path, slow) as stage:
            await say(stage, "tea", "long")
            await until(lambda: began == ["long"], 10, "the long take")
            since = stage.chat.consumers.held()[0]
            await asyncio.sleep(3)  # longer than a lease
            assert stage.chat.consumers.held() == [since], "the lease was lost"
            await say(stage, "tea", "waits")
            await say(stage, "den", "x")
            await slow.has(1)
            stopping = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - stopping < 10
        assert began == ["long", "x"], "the room was handed over twice"
        async with staged(tmp_path, quick):
            await quick.has(2)
        assert quick.taken == [("tea", "long"), ("tea", "waits")]

    asyncio.run(play())


@pytest.mark.long
def test_a_take_is_cancelled_when_the_lease_can_not_be_renewed_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another node may hold the consumer soon, and two must not take at the same time."""
    monkeypatch.setattr("tornchat.log.consumers.LEASE_SECONDS", 2.5)
    monkeypatch.setattr("tornchat.log.consumers.RENEW_SECONDS", 0.1)
    monkeypatch.setattr("tornchat.log.consumers.RETRY_SECONDS", 0.1)
    ends: list[str] = []

    class Slow(Reader):
        async def take(self, batch: Batch) -> None:
            try:
                ends.append("began")
                await asyncio.Event().wait()
            finally:
                ends.append("cancelled")

    async def play() -> None:
        async with staged(tmp_path, Slow(deadline=600)) as stage:
            hold = stage.chat._hooks.hold_consumers

            async def away(*arguments: object) -> Sequence[str]:
                raise Unavailable("storage is away")

            await say(stage, "tea", "long")
            await until(lambda: ends == ["began"], 10, "the take")
            stage.chat._hooks.hold_consumers = away
            await until(lambda: ends == ["began", "cancelled"], 10, "its end")
            assert stage.chat.consumers.held() == []
            stage.chat._hooks.hold_consumers = hold
            await until(lambda: ends[2:] == ["began"], 10, "the same batch again")

    asyncio.run(play())


def test_a_removed_consumer_stays_behind_and_the_others_go_on(tmp_path: Path) -> None:
    async def play() -> None:
        removed, stays = Reader(), Reader()

        class Both:
            @hookimpl
            def consumers(self) -> Sequence[Consumer]:
                return [Consumer("removed", removed.take), Consumer("stays", stays.take)]

        class One:
            @hookimpl
            def consumers(self) -> Sequence[Consumer]:
                return [Consumer("stays", stays.take)]

        for plugin, count in ((Both, 1), (One, 2)):
            async with open_stage(tmp_path, {"tornchat": {"plugins": PLUGINS}}, {"reader": plugin}) as stage:
                await until(lambda stage=stage: bool(stage.chat.consumers.held()), 10, "a lease")  # type: ignore[misc]
                await say(stage, "tea", str(count))
                await stays.has(count)
                if plugin is Both:
                    await removed.has(1)
                states = {one.name: one for one in await stage.chat._hooks.read_consumers()}
        assert (len(removed.taken), len(stays.taken)) == (1, 2)
        assert (states["removed"].holder, states["removed"].entries) == ("", 1), "it waits for its return"

    asyncio.run(play())


def test_two_plugins_with_a_consumer_of_one_name_stop_the_start(tmp_path: Path) -> None:
    class One:
        @hookimpl
        def consumers(self) -> Sequence[Consumer]:
            return [Consumer(**misfit())]

    class Other(One):
        pass

    async def play() -> None:
        plugins = {"tornchat": {"plugins": (*PLUGINS, "other")}}
        async with open_stage(tmp_path, plugins, {"reader": One, "other": Other}):
            pass

    with pytest.raises(SettingsError, match="reader and other both declare a consumer 'reader'"):
        asyncio.run(play())


@pytest.mark.long
def test_it_is_handed_only_its_rooms_and_kinds(tmp_path: Path) -> None:
    async def play() -> None:
        reader = Reader(rooms=("tea",), kinds=("message",))
        async with staged(tmp_path, reader) as stage:
            await say(stage, "den", "not mine")
            await say(stage, "tea", "mine")
            await reader.has(1)
            admin = User("root", "root", frozenset({"admin"}))
            await stage.chat.moderation.delete_message(admin, "tea", 1)
            await say(stage, "tea", "mine too")
            await reader.has(2)
        assert reader.taken == [("tea", "mine"), ("tea", "mine too")]

    asyncio.run(play())


def test_many_messages_cost_few_queries(tmp_path: Path) -> None:
    async def play() -> None:
        reader = Reader()
        async with staged(tmp_path, reader) as stage:
            await until(lambda: bool(stage.chat.consumers.held()), 10, "a lease")
            for number in range(20):
                await say(stage, "tea", *(f"{number}-{nth}" for nth in range(10)))
            await reader.has(200)
            calls = {one.hook: sum(one.seconds.counts) for one in stage.chat._hooks.implementations()}
            assert calls["read_unread"] <= calls["store_messages"] or calls["read_unread"] <= 20
        assert len(reader.of("tea")) == 200

    asyncio.run(play())


@pytest.mark.long
def test_three_consumers_cost_no_more_reads_than_store_calls(tmp_path: Path) -> None:
    async def play() -> None:
        readers = [Reader(), Reader(kinds=("message",)), Reader(rooms=("tea", "den"))]

        class Three:
            @hookimpl
            def consumers(self) -> Sequence[Consumer]:
                return [Consumer(f"reader{n}", one.take, **one.options) for n, one in enumerate(readers)]

        async with open_stage(tmp_path, {"tornchat": {"plugins": PLUGINS}}, {"reader": Three}) as stage:
            await until(lambda: len(stage.chat.consumers.held()) == 3, 10, "three leases")

            def calls(hook: str) -> int:
                return sum(
                    sum(one.seconds.counts) for one in stage.chat._hooks.implementations() if one.hook == hook
                )

            before, stored = calls("read_unread"), calls("store_messages")
            for number in range(60):
                await say(stage, "tea" if number % 2 else "den", str(number))
            for one in readers:
                await one.has(60)
            assert calls("read_unread") - before <= calls("store_messages") - stored
        assert [len(one.taken) for one in readers] == [60, 60, 60]

    asyncio.run(play())


def test_a_consumer_with_another_name_begins_anew_and_the_old_one_goes_on_when_it_is_back(
    tmp_path: Path,
) -> None:
    class Named(Reader):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        @hookimpl
        def consumers(self) -> Sequence[Consumer]:
            return [Consumer(self.name, self.take)]

    async def play() -> None:
        first, renamed, back = Named("one"), Named("two"), Named("one")
        async with staged(tmp_path, first) as stage:
            await say(stage, "tea", "a")
            await first.has(1)
        async with staged(tmp_path, renamed) as stage:
            await until(lambda: bool(stage.chat.consumers.held()), 10, "a lease")
            await say(stage, "tea", "b")
            await renamed.has(1)
        async with staged(tmp_path, back) as stage:
            await back.has(1)
        assert [one.of("tea") for one in (first, renamed, back)] == [["a"], ["b"], ["b"]]

    asyncio.run(play())


class Nothing:
    """No consumer at all."""


def misfit(**changes: Any) -> dict[str, Any]:
    async def take(batch: Batch) -> None: ...

    return {"name": "reader", "take": take, **changes}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([misfit(), misfit()], "both declare a consumer 'reader'"),
        ([misfit(name="")], "a name that is no text"),
        ([misfit(take=1)], "can't be called"),
        ([misfit(rooms="tea")], "'tea' where a sequence"),
        ([misfit(start="then")], "now or beginning"),
        ([misfit(deadline=0)], "seconds above 0"),
    ],
)
def test_a_consumer_that_can_not_be_served_stops_the_start(
    tmp_path: Path, given: list[dict[str, Any]], words: str
) -> None:
    class Wrong:
        def consumers(self) -> Sequence[Consumer]:
            return [Consumer(**one) for one in given]

    async def play() -> None:
        async with staged(tmp_path, Wrong()):
            pass

    with pytest.raises(SettingsError, match=words):
        asyncio.run(play())


def test_consumers_that_fail_to_be_declared_stop_the_start(tmp_path: Path) -> None:
    class Wrong:
        def consumers(self) -> Sequence[Consumer]:
            raise RuntimeError("no")

    async def play() -> None:
        async with staged(tmp_path, Wrong()):
            pass

    with pytest.raises(SettingsError, match="failed to declare"):
        asyncio.run(play())
