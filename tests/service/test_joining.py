"""Joining while a plugin, storage or the client takes its time: no gap, no repeat, no member left behind."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest
from tornchat_local import LocalPlugin

from tests.faults.test_slow_members import deaf
from tests.nodes import until
from tests.service.test_directory import JULIET
from tests.stage import open_stage
from tornchat import Participant, hookimpl
from tornchat.service import chat as module


class SlowPresence(LocalPlugin):
    """Presence that holds the joins of `held` until the test lets them go."""

    held: ClassVar[str] = "romeo"
    began: ClassVar[asyncio.Event]
    go: ClassVar[asyncio.Event]

    @hookimpl
    async def join_presence(self, room: str, user: Participant, session: str) -> bool:
        if user.id == SlowPresence.held:
            SlowPresence.began.set()
            await SlowPresence.go.wait()
        return super().join_presence(room, user, session)


def on_stage(tmp_path, play, **sections):
    async def main():
        SlowPresence.began, SlowPresence.go = asyncio.Event(), asyncio.Event()
        plugins = {"plugins": ("jwt", "peewee", "slow"), "data_dir": str(tmp_path)}
        async with open_stage(tmp_path, {"tornchat": plugins, **sections}, {"slow": SlowPresence}) as stage:
            await stage.chat.directory.create_room(JULIET, "hall")
            await play(stage)

    asyncio.run(main())


async def say(stage, *texts):
    for text in texts:
        await stage.chat.say("hall", text, sender=JULIET)


async def enters_while(stage, *texts, **options):
    """Let Romeo enter; these texts are said while the presence plugin waits."""
    entering = asyncio.create_task(stage.enters("romeo", "hall", **options))
    await SlowPresence.began.wait()
    await say(stage, *texts)
    SlowPresence.go.set()
    return await entering


async def gone(stage, room="hall", users=()):
    """Wait until nobody but `users` is in the room, by the room itself and by the presence plugin."""
    async with asyncio.timeout(5):
        while True:
            here = stage.chat.rooms.get(room)
            roster = await stage.chat._hooks.read_presence(room)
            if {one.id for one in roster.users} == set(users) and here.population == len(users):
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("v1", [False, True])
def test_what_is_said_while_presence_waits_comes_once_and_in_order(tmp_path, v1):
    async def play(stage):
        await say(stage, "1", "2", "3", "4")
        romeo = await enters_while(stage, "5", "6", v1=v1)
        await say(stage, "7")
        assert [await romeo.hears() for _ in range(7)] == ["1", "2", "3", "4", "5", "6", "7"]
        await say(stage, "8")
        assert await romeo.hears() == "8"

    on_stage(tmp_path, play)


def test_the_same_when_the_history_is_read_from_storage(tmp_path, monkeypatch):
    """The room keeps two entries in memory, so a resume from the beginning reads the others."""
    monkeypatch.setattr(module, "TAIL_ENTRIES", (2, 2))

    async def play(stage):
        await say(stage, "1", "2", "3", "4")
        epoch = (await stage.chat.reading.read_history(JULIET, "hall")).epoch
        since = {"since": 0, "epoch": epoch}
        romeo = await enters_while(stage, "5", "6", v1=True, query=since)
        await say(stage, "7")
        assert (await romeo.next_of("welcome"))["recovered"]
        assert [(await romeo.next_of("chat_message"))["seq"] for _ in range(7)] == list(range(1, 8))

    on_stage(tmp_path, play)


def test_the_welcome_names_the_position_from_which_entries_are_live(tmp_path):
    async def play(stage):
        await say(stage, "1", "2")
        romeo = await enters_while(stage, "3", v1=True)
        assert (await romeo.next_of("welcome"))["seq"] == 2
        assert [(await romeo.next_of("chat_message"))["seq"] for _ in range(3)] == [1, 2, 3]

    on_stage(tmp_path, play)


async def breaks_off(stage, romeo):
    romeo.socket.transport.abort()


async def says_goodbye(stage, romeo):
    await romeo.leaves()


async def is_kicked(stage, romeo):
    await stage.chat.moderation.kick(JULIET, "hall", "romeo")


async def loses_its_room(stage, romeo):
    await stage.chat.directory.delete_room(JULIET, "hall")
    await stage.chat.directory.create_room(JULIET, "hall")
    await stage.enters("juliet", "hall")


@pytest.mark.parametrize(
    ("end", "users"),
    [(breaks_off, ()), (says_goodbye, ()), (is_kicked, ()), (loses_its_room, ("juliet",))],
)
def test_a_connection_that_ends_during_its_join_leaves_no_member_behind(tmp_path, end, users):
    async def play(stage):
        romeo = await stage.enters("romeo", "hall")
        await SlowPresence.began.wait()
        ending = asyncio.create_task(end(stage, romeo))
        await asyncio.sleep(0.05)  # the server has seen the end
        SlowPresence.go.set()
        await ending
        await gone(stage, users=users)

    on_stage(tmp_path, play)


def test_a_client_that_goes_while_its_history_is_sent_leaves_no_member_behind(tmp_path):
    """It reads nothing, so the join waits for its socket when the connection breaks off."""

    async def play(stage):
        await say(stage, "x" * 8_000_000)
        SlowPresence.go.set()
        client = await deaf(stage, 1)
        await until(lambda: stage.chat.counts.sent_bytes > 0, 5, "the history")
        [member] = stage.chat.rooms.get("hall").members()
        await until(lambda: member.outlet._frames.outbox.busy, 5, "a full socket")
        client.close()
        await gone(stage)

    on_stage(tmp_path, play, limits={"message_chars": 0})


@pytest.mark.long
def test_a_presence_plugin_that_fails_during_a_join_is_told_again_and_nobody_is_lost(tmp_path):
    """The session is in the room at once, and in the roster when the plugin takes it."""

    async def play(stage):
        romeo = await stage.enters("romeo", "hall", v1=True)
        await SlowPresence.began.wait()
        SlowPresence.held = "nobody"
        try:
            await asyncio.sleep(2.2)  # the deadline of the hook: the join fails
            await romeo.says("here", client_id="1")
            assert await romeo.hears() == "here"
            await gone(stage, users=("romeo",))
            await romeo.leaves()
            await gone(stage)
        finally:
            SlowPresence.held = "romeo"

    on_stage(tmp_path, play)


def test_a_room_that_is_replaced_while_its_history_is_read_is_not_entered(tmp_path, monkeypatch):
    """Its members would hear nothing: the room that they are in is no longer the loaded one."""
    monkeypatch.setattr(module, "TAIL_ENTRIES", (2, 2))

    async def play(stage):
        await say(stage, "1", "2", "3", "4")
        await stage.enters("juliet", "hall")
        epoch = (await stage.chat.reading.read_history(JULIET, "hall")).epoch
        hooks, read = stage.chat._hooks, stage.chat._hooks.read_changed
        reading, go = asyncio.Event(), asyncio.Event()

        async def read_changed(room, since, limit):
            changed = await read(room, since, limit)
            reading.set()
            await go.wait()
            return changed

        hooks.read_changed = read_changed
        SlowPresence.go.set()
        since = {"since": 0, "epoch": epoch}
        entering = asyncio.create_task(stage.enters("romeo", "hall", v1=True, query=since))
        await reading.wait()
        await stage.chat.directory.delete_room(JULIET, "hall")
        await stage.chat.directory.create_room(JULIET, "hall")
        go.set()
        assert await (await entering).is_closed() == 1013

    on_stage(tmp_path, play)


def test_many_who_come_to_a_room_that_is_not_loaded_all_get_in(tmp_path):
    async def play(stage):
        SlowPresence.go.set()
        players = await asyncio.gather(*(stage.enters(f"user{number}", "hall") for number in range(5)))
        await say(stage, "all heard this")
        assert [await player.hears() for player in players] == ["all heard this"] * 5

    on_stage(tmp_path, play)
