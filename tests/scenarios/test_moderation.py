"""Plays on two nodes that share one Valkey and one database: who is removed on one is removed on both."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.nodes import open_nodes, until
from tests.stage import Player, Stage
from tests.valkey import Valkey, valkey
from tornchat import Sanction, User
from tornchat.errors import ChatError
from tornchat.wire import Said

PRINCE = User("prince", "Prince", frozenset({"admin"}))
NURSE = User("nurse", "Nurse")
ROMEO = User("romeo", "Romeo")


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as running:
        yield running


@asynccontextmanager
async def in_verona_and_mantua(
    server: Valkey, data_dir: Path, room: str
) -> AsyncIterator[tuple[Stage, Stage, Player, Player]]:
    """Two nodes. The nurse owns the room and is in it on one, Romeo is in it on the other; both speak v1."""
    async with open_nodes(2, server, data_dir) as [verona, mantua]:
        nurse = await verona.enters("nurse", room, v1=True)
        romeo = await mantua.enters("romeo", room, v1=True)
        yield verona, mantua, nurse, romeo


async def say(player: Player, text: str) -> None:
    """Say something in v1, where every message has an id."""
    await player.says(text, client_id=uuid4().hex)


async def within(seconds: float, player: Player) -> int:
    """The close code that ends the player's connection."""
    async with asyncio.timeout(seconds):
        return await player.is_closed()


def test_a_kick_closes_all_sessions_on_every_node_and_they_may_come_again(
    server: Valkey, tmp_path: Path
) -> None:
    async def play() -> None:
        async with in_verona_and_mantua(server, tmp_path, "hall") as (verona, mantua, nurse, romeo):
            here = await verona.enters("romeo", "hall")
            elsewhere = await mantua.enters("romeo", "garden")
            await verona.chat.moderation.kick(NURSE, "hall", "romeo")
            assert [await within(2, romeo), await within(2, here)] == [4003, 4003]
            back = await mantua.enters("romeo", "hall")
            await back.says("I am back.")
            assert await nurse.hears() == "I am back."
            await elsewhere.says("Nobody meant this room.")
            assert await elsewhere.hears() == "Nobody meant this room."

    asyncio.run(play())


@pytest.mark.long
def test_a_ban_closes_at_once_and_hides_the_room_until_it_ends(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with in_verona_and_mantua(server, tmp_path, "street") as (verona, mantua, _, romeo):
            await verona.chat.moderation.ban(NURSE, "street", "romeo", 2)
            ends = time.monotonic() + 2
            assert await within(1.5, romeo) == 4003
            for node in (verona, mantua):
                assert await (await node.enters("romeo", "street")).is_closed() == 4000
                with pytest.raises(ChatError) as refused:
                    await node.chat.posting.post(ROMEO, "street", Said("hello"))
                assert refused.value.code == "room_not_found"
            rights = await mantua.chat.directory.rights(ROMEO, "street")
            assert rights.actions == ()
            assert 0 < rights.banned_until - time.time() <= 2
            await asyncio.sleep(max(0.0, ends - time.monotonic()))
            back = await mantua.enters("romeo", "street", v1=True)
            assert (await back.next_of("welcome"))["room"] == "street"
            await verona.chat.moderation.ban(NURSE, "street", "romeo", 600)
            assert await within(1.5, back) == 4003
            await verona.chat.moderation.lift(NURSE, "street", "romeo", "ban")
            await until(lambda: not mantua.chat._sanctions.bans("street", ROMEO), 2, "the lift")
            assert await (await mantua.enters("romeo", "street")).next_of("room_users_list")

    asyncio.run(play())


def test_who_is_muted_is_refused_on_every_node_and_hears_all(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with in_verona_and_mantua(server, tmp_path, "ball") as (verona, mantua, nurse, romeo):
            await romeo.says("one", client_id="1")
            assert await nurse.hears() == "one"
            await mantua.chat.moderation.mute(NURSE, "ball", "romeo", 600)  # known at once where it is set
            await romeo.says("two", client_id="2")
            error = await romeo.next_of("error")
            assert (error["code"], error["id"]) == ("muted", "2")
            assert 0 < error["retry_after"] <= 600
            await until(lambda: verona.chat._sanctions.muted_for("ball", ROMEO) > 0, 2, "the mute")
            with pytest.raises(ChatError) as refused:
                await verona.chat.posting.post(ROMEO, "ball", Said("three"))
            assert refused.value.code == "muted"
            await say(nurse, "He is quiet.")
            assert await romeo.hears() == "He is quiet."
            await mantua.chat.moderation.lift(NURSE, "ball", "romeo", "mute")
            await say(romeo, "two")
            assert [await nurse.hears(), await nurse.hears()] == ["He is quiet.", "two"]

    asyncio.run(play())


@pytest.mark.long
def test_what_the_bus_has_lost_is_found_in_storage(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with in_verona_and_mantua(server, tmp_path, "crypt") as (verona, mantua, nurse, romeo):
            ends = time.time() + 600
            for kind in ("ban", "mute"):  # stored, and no node was told
                sanction = Sanction("crypt", "romeo" if kind == "ban" else "nurse", kind, ends, "prince")
                assert await verona.chat._hooks.set_sanction(sanction, 0)
            assert await within(5, romeo) == 4003
            async with asyncio.timeout(5):
                while True:
                    await say(nurse, "Am I heard?")
                    if (await nurse.next()).get("code") == "muted":
                        break
            mantua.chat.may_have_missed()  # as a bus says that was cut: nobody waits for the next reading
            assert await (await mantua.enters("romeo", "crypt")).is_closed() == 4000

    asyncio.run(play())


def test_a_deleted_room_is_closed_everywhere_and_its_successor_is_another(
    server: Valkey, tmp_path: Path
) -> None:
    async def play() -> None:
        async with in_verona_and_mantua(server, tmp_path, "tomb") as (verona, mantua, nurse, romeo):
            before = await romeo.next_of("welcome")
            await say(nurse, "Here lies Juliet.")
            assert await romeo.hears() == "Here lies Juliet."
            await verona.chat.directory.delete_room(NURSE, "tomb")
            assert [await within(2, nurse), await within(2, romeo)] == [4000, 4000]
            assert verona.chat.rooms.get("tomb") is mantua.chat.rooms.get("tomb") is None
            with pytest.raises(ChatError, match="no such room"):
                await mantua.chat.directory.read_room(NURSE, "tomb")
            since = {"since": before["seq"], "epoch": before["epoch"]}
            again = await mantua.enters("romeo", "tomb", v1=True, query=since)
            after = await again.next_of("welcome")
            assert (after["recovered"], after["seq"]) == (False, 0)
            assert after["epoch"] != before["epoch"]

    asyncio.run(play())


def test_a_deleted_message_is_told_live_and_gone_from_history_and_search(
    server: Valkey, tmp_path: Path
) -> None:
    async def play() -> None:
        async with in_verona_and_mantua(server, tmp_path, "inn") as (verona, mantua, nurse, romeo):
            await say(romeo, "A plague on both your houses!")
            seq = (await nurse.next_of("chat_message"))["seq"]
            found = await verona.chat.reading.search(NURSE, "inn", "plague")
            assert [entry.seq for entry in found] == [seq]
            await verona.chat.moderation.delete_message(NURSE, "inn", seq)
            for player in (nurse, romeo):
                assert (await player.next_of("message_deleted"))["seq"] == seq
            page = await mantua.chat.reading.read_history(ROMEO, "inn")
            assert [(entry.kind, entry.text) for entry in page.entries] == [("message", "")]
            assert list(await mantua.chat.reading.search(ROMEO, "inn", "plague")) == []
            await verona.chat.moderation.delete_message(NURSE, "inn", seq)  # again: nothing happens
            assert (await mantua.chat.reading.read_history(ROMEO, "inn")).head_seq == page.head_seq

    asyncio.run(play())


def test_an_admin_disconnects_somebody_from_all_rooms_on_every_node(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with in_verona_and_mantua(server, tmp_path, "square") as (verona, mantua, nurse, romeo):
            others = [await verona.enters("romeo", "lane"), await mantua.enters("romeo", "field")]
            with pytest.raises(ChatError):
                await verona.chat.site.disconnect(NURSE, "romeo")
            await verona.chat.site.disconnect(PRINCE, "romeo")
            assert [await within(2, player) for player in (romeo, *others)] == [4003] * 3
            await say(nurse, "Gone.")
            assert await nurse.hears() == "Gone."

    asyncio.run(play())


def test_what_is_said_without_a_session_is_heard_everywhere_and_once(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with in_verona_and_mantua(server, tmp_path, "post") as (verona, mantua, nurse, romeo):
            said = Said("A letter.", "letter-1")
            first = await mantua.chat.posting.post(ROMEO, "post", said)
            again = await verona.chat.posting.post(ROMEO, "post", said)
            assert (first.repeated, again.repeated, again.entry.seq) == (False, True, first.entry.seq)
            with pytest.raises(ChatError) as refused:
                await verona.chat.posting.post(ROMEO, "post", Said("Another one.", "letter-1"))
            assert refused.value.code == "conflict"
            await say(nurse, "Thanks.")
            for player in (nurse, romeo):
                assert [await player.hears(), await player.hears()] == ["A letter.", "Thanks."]

    asyncio.run(play())


def test_junk_on_the_topic_of_the_nodes_is_dropped(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with in_verona_and_mantua(server, tmp_path, "mill") as (_, mantua, nurse, romeo):
            for payload in (b"", b"junk", b"\x80\x04K\x01.", b"\x95" + b"\x01" * 5):
                mantua.chat.deliver("nodes", payload)
            await say(romeo, "Still here.")
            assert await nurse.hears() == "Still here."

    asyncio.run(play())
