"""One life of a message: every caller takes the same steps, and what an await changed is looked at again."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from typing import ClassVar

import pytest
from msgspec.structs import replace

from tests.nodes import until
from tests.service.test_directory import JULIET, PRINCE, ROMEO, refused
from tests.stage import open_stage
from tornchat import ChatApp, ChatError, ChatHandle, Draft, Entry, Rejected, Unavailable, User, hookimpl
from tornchat.errors import Closed
from tornchat.wire import Said

PLUGINS = ("jwt", "slow", "peewee", "local")
CHANGED = {"becomes long": "x" * 41, "becomes empty": "", "becomes blank": " \n", "becomes short": "x" * 40}
"""What the filter makes of these texts, with at most 40 characters allowed."""


class Slow:
    """A filter that holds messages that begin with "held" until the test lets them go."""

    began: ClassVar[asyncio.Event]
    go: ClassVar[asyncio.Event]
    handle: ClassVar[ChatHandle]
    told: ClassVar[list[str]]

    @hookimpl
    def startup(self, chat: ChatHandle) -> None:
        Slow.began, Slow.go, Slow.handle, Slow.told = asyncio.Event(), asyncio.Event(), chat, []

    @hookimpl
    def messages_stored(self, room: str, entries: Sequence[Entry]) -> None:
        Slow.told += [entry.text for entry in entries]

    @hookimpl
    async def filter_message(self, draft: Draft, user: User) -> Draft:
        if "damn" in draft.text:
            raise Rejected("Mind your language.")
        if draft.text.startswith("becomes "):
            return replace(draft, text=CHANGED[draft.text])
        if draft.text.startswith("held"):
            Slow.began.set()
            await Slow.go.wait()
        return draft


def on_stage(tmp_path, play, **sections):
    settings = {"tornchat": {"plugins": PLUGINS, "data_dir": str(tmp_path)}, **sections}

    async def main():
        async with open_stage(tmp_path, settings, {"slow": Slow}) as stage:
            await stage.chat.directory.create_room(JULIET, "hall")
            await play(stage)

    asyncio.run(main())


async def texts(stage, room="hall"):
    page = await stage.chat.reading.read_history(PRINCE, room)
    return [entry.text for entry in page.entries]


async def ban(stage):
    await stage.chat.moderation.ban(JULIET, "hall", "romeo", 60)


async def mute(stage):
    await stage.chat.moderation.mute(JULIET, "hall", "romeo", 60)


async def kick(stage):
    await stage.chat.moderation.kick(JULIET, "hall", "romeo")


async def disconnect(stage):
    await stage.chat.site.disconnect(PRINCE, "romeo")


async def delete_and_create(stage):
    await stage.chat.directory.delete_room(JULIET, "hall")
    await stage.chat.directory.create_room(JULIET, "hall", private=True)


@pytest.mark.parametrize("change", [ban, mute, kick, disconnect, delete_and_create])
def test_what_waits_in_a_filter_is_not_stored_after(tmp_path, change):
    async def play(stage):
        romeo = await stage.enters("romeo", "hall")
        await romeo.socket.send(json.dumps({"message": "held back"}))
        await Slow.began.wait()
        await change(stage)
        Slow.go.set()
        await stage.chat.say("hall", "the last one", sender=JULIET)
        assert await texts(stage) == ["the last one"]

    on_stage(tmp_path, play)


async def ban_from_site(stage):
    await stage.chat.site.ban(PRINCE, "romeo", 60)


async def revoke(stage):
    await stage.chat.site.revoke(PRINCE, "romeo")


@pytest.mark.parametrize(("change", "code"), [(ban_from_site, 4003), (revoke, 4001)])
def test_who_is_put_off_the_site_meanwhile_says_nothing_over_http_either(tmp_path, change, code):
    async def play(stage):
        waiting = asyncio.create_task(stage.chat.posting.post(ROMEO, "hall", Said("held back")))
        await Slow.began.wait()
        await change(stage)
        Slow.go.set()
        with pytest.raises(Closed) as closed:
            await waiting
        assert closed.value.code == code
        assert await texts(stage) == []

    on_stage(tmp_path, play)


@pytest.mark.parametrize(
    ("change", "code"), [(ban, "room_not_found"), (mute, "muted"), (delete_and_create, "room_not_found")]
)
@pytest.mark.parametrize("loaded", [False, True])
def test_the_same_over_http(tmp_path, change, code, loaded):
    async def play(stage):
        if loaded:
            await stage.enters("juliet", "hall")
        waiting = asyncio.create_task(stage.chat.posting.post(ROMEO, "hall", Said("held back")))
        await Slow.began.wait()
        await change(stage)
        Slow.go.set()
        assert await refused(waiting) == code
        assert await texts(stage) == []

    on_stage(tmp_path, play)


async def remove(stage):
    await stage.chat.directory.remove_member(JULIET, "hall", "romeo")


async def make_private(stage):
    await stage.chat.directory.remove_member(JULIET, "hall", "romeo")
    await stage.chat.describing.describe(JULIET, "hall", kind="private")


@pytest.mark.parametrize(("change", "private"), [(remove, True), (make_private, False)])
@pytest.mark.parametrize("way", ["websocket", "http"])
def test_what_waits_in_a_filter_is_not_stored_after_the_room_is_closed_to_its_sender(
    tmp_path, change, private, way
):
    async def play(stage):
        await stage.chat.describing.describe(JULIET, "hall", kind="private" if private else "open")
        await stage.chat.directory.set_member(JULIET, "hall", "romeo", "member")
        if way == "websocket":
            romeo = await stage.enters("romeo", "hall")
            await romeo.socket.send(json.dumps({"message": "held back"}))
        else:
            waiting = asyncio.create_task(stage.chat.posting.post(ROMEO, "hall", Said("held back")))
        await Slow.began.wait()
        await change(stage)
        Slow.go.set()
        if way == "websocket":
            assert await romeo.is_closed() == 4003
        else:
            assert await refused(waiting) == "room_not_found"
        await stage.chat.say("hall", "the last one", sender=JULIET)
        assert await texts(stage) == ["the last one"]

    on_stage(tmp_path, play)


def test_a_token_that_expires_in_a_filter_ends_the_connection_and_stores_nothing(tmp_path):
    async def play(stage):
        romeo = await stage.enters("romeo", "hall", token=stage.token("romeo", lifetime=1.5))
        await romeo.socket.send(json.dumps({"message": "held back"}))
        await Slow.began.wait()
        assert await romeo.is_closed() == 4001
        Slow.go.set()
        await stage.chat.say("hall", "the last one", sender=JULIET)
        assert await texts(stage) == ["the last one"]

    on_stage(tmp_path, play)


def test_a_token_that_expires_in_a_filter_stores_nothing_over_http_either(tmp_path):
    async def play(stage):
        user = User("romeo", "Romeo", expires_at=time.time() + 0.2)
        waiting = asyncio.create_task(stage.chat.posting.post(user, "hall", Said("held back")))
        await Slow.began.wait()
        await asyncio.sleep(0.25)
        Slow.go.set()
        with pytest.raises(Closed) as closed:
            await waiting
        assert closed.value.code == 4001
        assert await texts(stage) == []

    on_stage(tmp_path, play)


def test_a_draft_for_a_log_that_was_replaced_is_refused_by_storage(tmp_path):
    async def play(stage):
        posting = stage.chat.posting
        old = await stage.chat.directory.create_room(JULIET, "den")
        draft = posting._drafts.make(ROMEO, old, Said("for the old room"))
        await stage.chat.directory.delete_room(JULIET, "den")
        await stage.chat.directory.create_room(JULIET, "den", private=True)
        assert await refused(posting.committer.store(draft)) == "room_gone"
        assert await texts(stage, "den") == []

    on_stage(tmp_path, play)


@pytest.mark.parametrize("by_socket", [False, True])
def test_a_message_that_is_refused_for_a_mute_has_paid_for_the_rate_on_every_way(tmp_path, by_socket):
    async def play(stage):
        await mute(stage)
        if by_socket:
            romeo = await stage.enters("romeo", "hall", v1=True)
            await romeo.says("hi", client_id="1")
            codes = [(await romeo.next_of("error"))["code"]]
            codes += [await refused(stage.chat.posting.post(ROMEO, "hall", Said("hi")))]
        else:
            codes = [await refused(stage.chat.posting.post(ROMEO, "hall", Said("hi"))) for _ in range(2)]
        assert codes == ["muted", "rate_limited"]

    on_stage(tmp_path, play, limits={"messages_per_second": 0.01, "burst": 1})


# --- what a filter makes of a text ---


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("becomes long", "message_too_long"),
        ("becomes empty", "empty_message"),
        ("becomes blank", "empty_message"),
    ],
)
@pytest.mark.parametrize("way", ["socket", "http", "trusted"])
def test_a_text_that_a_filter_made_too_long_or_empty_is_refused_on_every_way(tmp_path, text, code, way):
    async def play(stage):
        if way == "socket":
            romeo = await stage.enters("romeo", "hall", v1=True)
            await romeo.says(text, client_id="1")
            error = await romeo.next_of("error")
            found = error["code"]
            assert error["id"] == "1"
        elif way == "http":
            found = await refused(stage.chat.posting.post(ROMEO, "hall", Said(text)))
        else:
            found = await refused(stage.chat.say("hall", text, sender=ROMEO))
        assert found == code
        await stage.chat.say("hall", "becomes short", sender=ROMEO)
        assert await texts(stage) == ["x" * 40]

    on_stage(tmp_path, play, limits={"message_chars": 40})


def test_a_repeat_is_acknowledged_but_not_told_to_plugins_nor_to_members_again(tmp_path):
    async def play(stage):
        romeo = await stage.enters("romeo", "hall", v1=True)
        for text, client_id in (("once", "1"), ("once", "1"), ("twice", "2"), ("once", "1")):
            await romeo.says(text, client_id)
            assert (await romeo.next_of("ack"))["id"] == client_id
        for text, client_id in (("once", "1"), ("thrice", "3"), ("thrice", "3")):
            await stage.chat.posting.post(ROMEO, "hall", Said(text, client_id))
        late = await stage.enters("romeo", "hall", v1=True)
        assert [await late.hears() for _ in range(3)] == ["once", "twice", "thrice"]
        await stage.chat.say("hall", "the end", sender=JULIET)
        assert [await romeo.hears(), await romeo.hears()] == ["thrice", "the end"]
        await until(lambda: "the end" in Slow.told, 5, "the last entry")
        assert Slow.told == ["once", "twice", "thrice", "the end"]

    on_stage(tmp_path, play)


# --- in process ---


def test_a_plugin_says_something_and_members_hear_it_once(tmp_path):
    async def play(stage):
        romeo = await stage.enters("romeo", "hall")
        bot = User("bot", "Bot")
        first = await Slow.handle.say("hall", "Good morning.", sender=bot, id="greeting")
        again = await Slow.handle.say("hall", "Good morning.", sender=bot, id="greeting")
        assert (first.entry, first.repeated, again.repeated) == (again.entry, False, True)
        await Slow.handle.say("hall", "That was all.", sender=bot)
        assert [await romeo.hears(), await romeo.hears()] == ["Good morning.", "That was all."]
        with pytest.raises(ChatError) as other:
            await Slow.handle.say("hall", "Good evening.", sender=bot, id="greeting")
        assert other.value.code == "conflict"

    on_stage(tmp_path, play)


def test_trusted_skips_rates_rights_and_sanctions_but_no_filter(tmp_path):
    async def play(stage):
        await stage.chat.directory.create_room(JULIET, "secret", private=True)
        await mute(stage)
        await ban(stage)
        for room in ("hall", "secret"):
            for number in range(3):
                await stage.chat.say(room, f"{number}", sender=ROMEO)
            assert await texts(stage, room) == ["0", "1", "2"]
            assert await refused(stage.chat.say(room, "hi", sender=ROMEO, trusted=False)) == "room_not_found"
            assert await refused(stage.chat.say(room, "damn", sender=ROMEO)) == "rejected"
        assert await refused(stage.chat.say("nowhere", "hi", sender=ROMEO)) == "room_not_found"
        assert await refused(stage.chat.say("hall", " ", sender=ROMEO)) == "empty_message"

    on_stage(tmp_path, play, limits={"messages_per_second": 0.01, "burst": 1})


@pytest.mark.parametrize("trusted", [True, False])
def test_a_lone_surrogate_from_a_plugin_harms_no_other_message(tmp_path, trusted):
    async def play(stage):
        bad = User("bot\ud800", "bot")
        for sender, text in ((ROMEO, "\ud800"), (bad, "hello")):
            work = stage.chat.say("hall", text, sender=sender, trusted=trusted)
            assert await refused(work) == "invalid_message"
        await stage.chat.say("hall", "whole", sender=ROMEO)
        assert await texts(stage) == ["whole"]

    on_stage(tmp_path, play)


def test_a_host_says_something_between_start_and_close(tmp_path):
    async def play():
        chat = ChatApp({"tornchat": {"data_dir": str(tmp_path)}})
        with pytest.raises(Unavailable, match="start"):
            await chat.say("hall", "too early", sender=JULIET)
        await chat.start()
        try:
            with pytest.raises(ChatError) as nowhere:
                await chat.say("hall", "There is no such room.", sender=JULIET)
            assert nowhere.value.code == "room_not_found"
            await chat._chat.directory.create_room(JULIET, "hall")
            before = time.time()
            stored = await chat.say("hall", "Hello.", sender=JULIET)
            assert (stored.entry.seq, stored.entry.sender_id) == (1, "juliet")
            assert stored.entry.sent_at / 1000 == pytest.approx(before, abs=5)
        finally:
            await chat.close()
        with pytest.raises(Unavailable):
            await chat.say("hall", "too late", sender=JULIET)

    asyncio.run(play())
