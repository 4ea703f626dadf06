"""What code in the process does: all that a user can, trusted or not."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.nodes import open_nodes, until
from tests.stage import open_stage
from tests.valkey import valkey
from tornchat import ChatError, Draft, Entry, Position, PositionLost, Rejected, Unavailable, User, hookimpl

ANN, BOB, ROOT = User("ann", "ann"), User("bob", "bob"), User("root", "root", frozenset({"admin"}))


async def entries(follower: Any, count: int) -> list[Entry]:
    """The next entries that somebody who follows gets."""
    async with asyncio.timeout(15):
        return [await anext(follower) for _ in range(count)]


def texts(found: list[Entry]) -> list[str]:
    return [entry.text for entry in found]


async def refused(call: Any) -> str:
    """The code with which a call is refused."""
    with pytest.raises(ChatError) as error:
        await call
    return error.value.code


def test_history_and_users_are_read(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            bob = await stage.enters("bob", "tea")
            await bob.says("hello")
            await bob.hears()
            page = await stage.chat.history("tea")
            assert texts(list(page.entries)) == ["hello"]
            assert [user.id for user in (await stage.chat.users("tea")).users] == ["bob"]
            assert await refused(stage.chat.history("nowhere")) == "room_not_found"

    asyncio.run(play())


def test_following_is_gapless_over_history_and_live(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            bob = await stage.enters("bob", "tea")
            await stage.chat.say("tea", "1", sender=ANN)
            epoch = (await stage.chat.history("tea")).epoch
            follower = stage.chat.follow("tea", after=Position(epoch, 0))
            assert texts(await entries(follower, 1)) == ["1"]
            waiting = asyncio.ensure_future(entries(follower, 3))
            await bob.says("2")
            await stage.chat.say("tea", "3", sender=ANN)
            await stage.chat.say("tea", "4", sender=ANN)
            assert texts(await waiting) == ["2", "3", "4"] or [e.seq for e in waiting.result()] == [2, 3, 4]
            await follower.aclose()

    asyncio.run(play())


def test_a_slow_follower_gets_everything_and_costs_no_memory(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            await stage.chat.create_room("tea", by=ANN)
            epoch = (await stage.chat.history("tea")).epoch
            follower = stage.chat.follow("tea", after=Position(epoch, 0))
            await asyncio.gather(*(stage.chat.say("tea", str(n), sender=ANN) for n in range(500)))
            assert [entry.seq for entry in await entries(follower, 500)] == list(range(1, 501))

    asyncio.run(play())


def test_another_epoch_is_a_lost_position(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            await stage.chat.create_room("tea", by=ANN)
            stored = await stage.chat.say("tea", "1", sender=ANN)
            for after in (Position("other", 0), Position(stored.epoch, 2)):
                with pytest.raises(PositionLost):
                    await anext(stage.chat.follow("tea", after=after))
            follower = stage.chat.follow("tea", after=Position(stored.epoch, 0))
            await entries(follower, 1)
            await stage.chat._hooks.renew_epoch("tea", stored.epoch)
            stage.chat._following.heard("tea")
            with pytest.raises(PositionLost):
                await entries(follower, 1)

    asyncio.run(play())


def test_who_follows_is_told_when_the_chat_closes(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            await stage.chat.create_room("tea", by=ANN)
            chat = stage.chat
            waiting = asyncio.ensure_future(entries(chat.follow("tea"), 1))
            await asyncio.sleep(0.05)
        with pytest.raises(Unavailable, match="does not run"):
            await waiting
        with pytest.raises(Unavailable, match="does not run"):
            await chat.history("tea")

    asyncio.run(play())


def test_what_another_node_stores_is_followed(tmp_path: Path) -> None:
    async def play() -> None:
        with valkey() as server:
            async with open_nodes(2, server, tmp_path / "data") as (one, two):
                await one.chat.create_room("tea", by=ANN)
                follower = two.chat.follow("tea")
                waiting = asyncio.ensure_future(entries(follower, 2))
                await until(lambda: len(two.chat.rooms) > 0, 10, "a loaded room")
                await one.chat.say("tea", "1", sender=ANN)
                await one.chat.say("tea", "2", sender=ANN)
                assert texts(await waiting) == ["1", "2"]

    asyncio.run(play())


def test_trusted_code_manages_rooms_and_people(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            chat = stage.chat
            await chat.create_room("den", by=ANN, private=True)
            assert [room.name for room in (await chat.list_rooms()).rooms] == ["den"]
            assert [room.name for room in (await chat.list_rooms(reader=BOB)).rooms] == []
            assert await refused(chat.set_member("den", "bob", "member", by=BOB, trusted=False)) == (
                "room_not_found"
            )
            await chat.set_member("den", "bob", "member", by=BOB)
            bob = await stage.enters("bob", "den", v1=True)
            await chat.mute("den", "bob", 60, by=ROOT)
            assert await refused(chat.say("den", "hm", sender=BOB, trusted=False)) == "muted"
            await chat.lift("den", "bob", "mute", by=BOB)
            stored = await chat.say("den", "hm", sender=BOB, trusted=False)
            await chat.delete("den", stored.entry.seq, by=ANN)
            assert (await bob.next_of("message_deleted"))["seq"] == stored.entry.seq
            await chat.kick("den", "bob", by=ROOT)
            assert await bob.is_closed() == 4003
            await chat.ban("den", "bob", 60, by=ANN, trusted=False)
            assert await refused(chat.history("den", reader=BOB)) == "room_not_found"
            assert await refused(anext(chat.follow("den", reader=BOB))) == "room_not_found"
            await chat.remove_member("den", "bob", by=ANN)
            assert await refused(chat.remove_member("den", "bob", by=ANN)) == "not_found"

    asyncio.run(play())


def test_no_sanction_binds_an_admin_whoever_sets_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            await stage.enters("root", "tea", token=stage.token("root", roles=["admin"]))
            assert await refused(stage.chat.kick("tea", "root", by=ROOT, trusted=False)) == "forbidden"
            assert await refused(stage.chat.kick("tea", "root", by=ANN)) == "forbidden"

    asyncio.run(play())


def test_a_thread_acts_by_one_call(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            chat = stage.chat
            await chat.create_room("tea", by=ANN)

            def work() -> tuple[int, str, int]:
                stored = chat.from_thread(lambda: chat.say("tea", "hello", sender=BOB))
                try:
                    chat.from_thread(lambda: chat.history("nowhere"), 5)
                except ChatError as error:
                    return stored.entry.seq, error.code, threading.get_ident()
                raise AssertionError

            seq, code, thread = await asyncio.to_thread(work)
            assert (seq, code) == (1, "room_not_found")
            assert thread != threading.get_ident()
            with pytest.raises(RuntimeError, match="await the call instead"):
                chat.from_thread(lambda: chat.history("tea"))
            with pytest.raises(TimeoutError):
                await asyncio.to_thread(chat.from_thread, asyncio.Event().wait, 0.05)
        with pytest.raises(Unavailable):
            await asyncio.to_thread(chat.from_thread, lambda: chat.history("tea"))

    asyncio.run(play())


def test_a_message_is_edited_by_the_path_of_everybody(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path, {"messages": {"edit_seconds": 1}}) as stage:
            chat = stage.chat
            await chat.create_room("tea", by=ANN)
            bob = await stage.enters("bob", "tea", v1=True)
            seq = (await chat.say("tea", "helo", sender=ANN)).entry.seq
            first = await chat.edit("tea", seq, "hello", by=ANN, id="e1", trusted=False)
            frame = await bob.next_of("message_changed")
            assert (frame["message"], frame["revision"]) == ("hello", 1)
            again = await chat.edit("tea", seq, "hello", by=ANN, id="e1")
            assert (again.repeated, again.entry.seq) == (True, first.entry.seq)
            assert await refused(chat.edit("tea", seq, "other", by=ANN, id="e1")) == "conflict"
            assert await refused(chat.edit("tea", seq, "x", by=ANN, revision=0)) == "stale"
            assert await refused(chat.edit("tea", seq, "x", by=BOB)) == "forbidden"
            assert await refused(chat.edit("tea", 99, "x", by=ANN)) == "not_found"
            assert await refused(chat.edit("tea", seq, " ", by=ANN)) == "empty_message"
            assert await refused(chat.edit("tea", seq, "\ud800", by=ANN)) == "invalid_message"
            assert await refused(chat.edit("nowhere", seq, "x", by=ANN)) == "room_not_found"
            assert texts(list((await chat.history("tea")).entries)) == ["hello"]

    asyncio.run(play())


def test_trust_skips_mutes_bans_and_time_but_no_filter(tmp_path: Path) -> None:
    shown: list[User] = []

    class Careful:
        @hookimpl
        def filter_message(self, draft: Draft, user: User) -> Draft:
            shown.append(user)
            if "darn" in draft.text:
                raise Rejected("not here")
            return draft

        @hookimpl
        def authorize(self, user: User, action: str, room: str) -> bool | None:
            return False if user.id == "bob" and action == "send" else None

    async def play() -> None:
        plugins = ("jwt", "peewee", "local", "careful")
        sections = {"tornchat": {"plugins": plugins}, "messages": {"edit_seconds": 1}}
        async with open_stage(tmp_path, sections, {"careful": Careful}) as stage:
            chat = stage.chat
            await chat.create_room("tea", by=ANN)
            seq = (await chat.say("tea", "helo", sender=BOB)).entry.seq
            await chat.mute("tea", "bob", 60, by=ROOT)
            assert await refused(chat.edit("tea", seq, "no", by=BOB, trusted=False)) == "muted"
            await chat.ban("tea", "bob", 60, by=ROOT)
            assert await refused(chat.edit("tea", seq, "no", by=BOB, trusted=False)) == "room_not_found"
            await asyncio.sleep(1.1)  # the time for edits is over
            assert (await chat.edit("tea", seq, "hello", by=BOB)).entry.revision == 1
            assert await refused(chat.edit("tea", seq, "darn", by=BOB)) == "rejected"
            await chat.delete("tea", seq, by=BOB)
            assert {user.roles for user in shown} == {frozenset()}

    asyncio.run(play())


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("loaded", [False, True])
def test_storage_is_asked_once_for_a_room_in_which_much_is_said(
    tmp_path: Path, private: bool, loaded: bool
) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            await stage.chat.create_room("tea", by=ANN, private=private)
            if loaded:
                await stage.enters("ann", "tea", v1=True)

            def asked() -> dict[str, int]:
                return {one.hook: sum(one.seconds.counts) for one in stage.chat._hooks.implementations()}

            await stage.chat.say("tea", "first", sender=BOB)
            before = asked()
            for number in range(5):
                await stage.chat.say("tea", str(number), sender=BOB)
            new = {hook: count - before[hook] for hook, count in asked().items()}
            assert (new["store_messages"], new["open_room"]) == (5, 0)

    asyncio.run(play())


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("loaded", [False, True])
def test_a_room_that_was_deleted_meanwhile_is_looked_for_again(
    tmp_path: Path, again: bool, loaded: bool
) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            hooks = stage.chat._hooks
            first = await stage.chat.create_room("tea", by=ANN)
            if loaded:
                await stage.enters("ann", "tea")
            await stage.chat.say("tea", "old", sender=BOB)
            await hooks.delete_room("tea", first.epoch)  # as another node does
            if not again:
                assert await refused(stage.chat.say("tea", "new", sender=BOB)) == "room_not_found"
                return
            second = await hooks.create_room("tea", ANN, True, 0, ANN.id)
            stored = await stage.chat.say("tea", "new", sender=BOB)
            assert (stored.entry.seq, stored.epoch) == (1, second.epoch)

    asyncio.run(play())
