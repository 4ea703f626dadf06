"""P9, P11: a plugin that raises or hangs harms that one operation only, and never opens the door."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from tornchat_peewee import PeeweePlugin

from tests.stage import open_stage
from tornchat import Credentials, Draft, Refusal, Rejected, StoreResult, User, hookimpl


class RaisingAuth:
    @hookimpl
    def authenticate(self, credentials: Credentials) -> User | None:
        raise RuntimeError("the directory is down")


class HangingAuth:
    @hookimpl
    async def authenticate(self, credentials: Credentials) -> User | None:
        await asyncio.Event().wait()
        return None


class StubbornAuth:
    """Ignores its cancellation for a while."""

    @hookimpl
    async def authenticate(self, credentials: Credentials) -> User | None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.5)
        return User("anybody", "anybody")


class JunkAuth:
    @hookimpl
    def authenticate(self, credentials: Credentials) -> User | None:
        return "admin"  # type: ignore[return-value]


@pytest.mark.parametrize("auth", [RaisingAuth, HangingAuth, StubbornAuth, JunkAuth])
def test_an_auth_plugin_that_fails_lets_nobody_in(tmp_path: Path, auth: type) -> None:
    async def play() -> None:
        settings = {"tornchat": {"plugins": "auth, jwt, peewee, local"}, "deadlines": {"authenticate": 0.3}}
        async with open_stage(tmp_path, settings, {"auth": auth}) as verona:
            assert await (await verona.enters("romeo", "general")).is_closed() == 1013

    asyncio.run(play())


class Censor:
    """Refuses one word, fails at another, hangs at a third."""

    @hookimpl
    async def filter_message(self, draft: Draft, user: User) -> Draft:
        if draft.text == "raise":
            raise RuntimeError("no opinion")
        if draft.text == "hang":
            await asyncio.Event().wait()
        if draft.text == "bad":
            raise Rejected("Mind your words.")
        return draft

    @hookimpl
    def authorize(self, user: User, action: str, room: str) -> bool | None:
        return False if (action, user.id) == ("send", "tybalt") or room == "crypt" else None


def test_a_filter_that_fails_lets_nothing_through_and_the_next_message_passes(tmp_path: Path) -> None:
    async def play() -> None:
        settings = {
            "tornchat": {"plugins": "censor, jwt, peewee, local"},
            "deadlines": {"filter_message": 0.3},
        }
        async with open_stage(tmp_path, settings, {"censor": Censor}) as verona:
            romeo = await verona.enters("romeo", "general", v1=True)
            await romeo.next_of("user_join")
            for text, code in [("raise", "unavailable"), ("hang", "unavailable"), ("bad", "rejected")]:
                await romeo.says(text, client_id=text)
                error = await romeo.next()
                assert (error["code"], error["id"]) == (code, text)
            await romeo.says("good", client_id="good")
            assert (await romeo.next())["message"] == "good"
            tybalt = await verona.enters("tybalt", "general", v1=True)
            await tybalt.says("fight", client_id="1")
            assert (await tybalt.next_of("error"))["code"] == "forbidden"
            assert await (await verona.enters("romeo", "crypt")).is_closed() == 4000

    asyncio.run(play())


class Inventive(PeeweePlugin):
    """Refuses with a code that nobody knows."""

    @hookimpl
    async def store_messages(self, drafts: Sequence[Draft]) -> Sequence[StoreResult]:
        if drafts[0].text == "bad":
            return [Refusal("typo")]
        return await super().store_messages(drafts)


def test_a_storage_that_returns_junk_stops_nobody_else(tmp_path: Path) -> None:
    async def play() -> None:
        settings = {"tornchat": {"plugins": "jwt, store, local"}, "store": {"data_dir": str(tmp_path)}}
        async with open_stage(tmp_path, settings, {"store": Inventive}) as verona:
            romeo = await verona.enters("romeo", "general", v1=True)
            await romeo.says("bad", client_id="1")
            assert (await romeo.next_of("error"))["code"] == "unconfirmed"
            await romeo.says("good", client_id="2")
            assert (await romeo.next_of("ack"))["id"] == "2"

    asyncio.run(play())


class Treacherous(PeeweePlugin):
    """Stores, and then does not say so; or does not store, and does not say so either."""

    @hookimpl
    async def store_messages(self, drafts: Sequence[Draft]) -> Sequence[StoreResult]:
        texts = {draft.text for draft in drafts}
        if "lost before" in texts:
            raise ConnectionError("before the commit")
        results = await super().store_messages(drafts)
        if "lost after" in texts:
            raise ConnectionError("after the commit")
        if "late" in texts:
            await asyncio.sleep(1.0)
            raise ConnectionError("after the deadline")
        return results


def test_an_unknown_outcome_is_looked_up(tmp_path: Path) -> None:
    async def play() -> None:
        settings = {"tornchat": {"plugins": "jwt, store, local"}, "store": {"data_dir": str(tmp_path)}}
        settings["deadlines"] = {"store_messages": "0.3"}
        async with open_stage(tmp_path, settings, {"store": Treacherous}) as verona:
            juliet = await verona.enters("juliet", "general")
            romeo = await verona.enters("romeo", "general", v1=True)
            for seq, text in enumerate(["lost after", "late"], 1):
                await romeo.says(text, client_id=text)
                assert (await romeo.next_of("ack"))["seq"] == seq
                assert await juliet.hears() == text
            await romeo.says("lost before", client_id="x")
            assert (await romeo.next())["code"] == "unconfirmed"
            await juliet.says("lost before")
            assert list(await juliet.next_of("error")) == ["error"]
            await juliet.says("healed")
            assert await juliet.hears() == "healed"
            assert (await romeo.next_of("chat_message"))["seq"] == 3

    asyncio.run(play())
