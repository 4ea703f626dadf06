"""Saying and reading without a session: the rules are those of who is in the room."""

from __future__ import annotations

import asyncio

from tests.service.test_directory import JULIET, ROMEO, refused
from tests.stage import open_stage
from tornchat import Draft, Rejected, User, hookimpl
from tornchat.wire import Said


class Gate:
    """Romeo may not send to the vault, and nobody may say damn."""

    @hookimpl
    def authorize(self, user: User, action: str, room: str) -> bool | None:
        return False if (user.id, action, room) == ("romeo", "send", "vault") else None

    @hookimpl
    async def filter_message(self, draft: Draft, user: User) -> Draft:
        if "damn" in draft.text:
            raise Rejected("Mind your language.")
        return draft


def test_it_passes_the_same_gates_as_a_sockets_message(tmp_path):
    async def play():
        settings = {
            "tornchat": {"plugins": ("jwt", "gate", "peewee", "local"), "data_dir": str(tmp_path)},
            "limits": {"messages_per_second": 0.01, "burst": 2, "message_chars": 10},
        }
        async with open_stage(tmp_path, settings, {"gate": Gate}) as stage:
            say = stage.chat.posting.post
            for name in ("hall", "vault"):
                await stage.chat.directory.create_room(JULIET, name)
            for text, code in (
                ("", "empty_message"),
                ("x" * 11, "message_too_long"),
                ("a\0", "invalid_message"),
            ):
                assert await refused(say(JULIET, "hall", Said(text))) == code
            assert await refused(say(ROMEO, "nowhere", Said("hi"))) == "room_not_found"
            assert await refused(say(ROMEO, "vault", Said("hi"))) == "forbidden"
            assert await refused(say(ROMEO, "hall", Said("damn"))) == "rejected"
            assert await refused(say(ROMEO, "hall", Said("hi"))) == "rate_limited"
            assert (await say(JULIET, "hall", Said("hi"))).entry.seq == 1

    asyncio.run(play())


def test_a_room_that_nobody_is_in_takes_messages_and_gives_pages(tmp_path):
    async def play():
        async with open_stage(tmp_path) as stage:
            posting, reading = stage.chat.posting, stage.chat.reading
            await stage.chat.directory.create_room(JULIET, "hall")
            for number in range(1, 6):
                await posting.post(ROMEO, "hall", Said(f"tea {number}"))
            assert stage.chat.rooms.get("hall") is None
            page = await reading.read_history(ROMEO, "hall", before=4, limit=2)
            assert ([entry.seq for entry in page.entries], page.head_seq) == ([2, 3], 5)
            found = await reading.search(ROMEO, "hall", "TEA", before=5, limit=2)
            assert [entry.seq for entry in found] == [4, 3]
            assert await refused(reading.search(ROMEO, "hall", "x" * 401)) == "invalid_message"
            assert (await reading.read_users(ROMEO, "hall")).users == ()

    asyncio.run(play())


def test_what_no_plugin_provides_is_said(tmp_path):
    """A storage that is storage only: rooms are created by entering, and nobody is sanctioned."""

    async def play():
        plugins = ("jwt", "only", "local")
        settings = {"tornchat": {"plugins": plugins, "data_dir": str(tmp_path)}}
        async with open_stage(tmp_path, settings, {"only": storage_only(tmp_path)}) as stage:
            romeo = await stage.enters("romeo", "hall")
            await romeo.says("hello")
            assert await romeo.hears() == "hello"
            rights = await stage.chat.directory.rights(ROMEO, "hall")
            assert (rights.role, rights.room.seq) == ("owner", 1)
            assert await refused(stage.chat.directory.list_rooms(ROMEO)) == "not_provided"
            assert await refused(stage.chat.moderation.ban(ROMEO, "hall", "x", 9)) == "not_provided"
            assert await refused(stage.chat.reading.search(ROMEO, "hall", "x")) == "not_provided"
            juliet = await stage.enters("juliet", "hall")
            await stage.chat.moderation.kick(ROMEO, "hall", "juliet")
            assert await juliet.is_closed() == 4003

    asyncio.run(play())


def storage_only(tmp_path):
    from tests.testing.memory import MemoryStorage

    class Only(MemoryStorage):
        def __init__(self) -> None:
            super().__init__({})

    return Only
