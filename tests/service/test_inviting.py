"""Invites: who makes them, who becomes a member by one, what is refused and why, and races on two nodes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.nodes import open_nodes
from tests.service.test_directory import JULIET, PRINCE, ROMEO, TYBALT, refused
from tests.stage import Stage, open_stage
from tests.valkey import Valkey, valkey
from tornchat import ChatError, User, hookimpl
from tornchat.service.inviting import digest_of


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as running:
        yield running


async def invited(verona: Stage, **options: Any) -> tuple[Any, str]:
    """A private room of Juliet's, and an invite of it with its token."""
    await verona.chat.directory.create_room(JULIET, "balcony", private=True)
    invite, token = await verona.chat.inviting.invite(JULIET, "balcony", **options)
    return invite, token


def test_a_stranger_becomes_a_member_and_is_let_in(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            inviting = verona.chat.inviting
            invite, token = await invited(verona, role="moderator", uses=2)
            assert await (await verona.enters("romeo", "balcony")).is_closed() == 4000
            accepted = await inviting.accept(ROMEO, token)
            assert (accepted.room, accepted.role, accepted.joined) == ("balcony", "moderator", True)
            assert await (await verona.enters("romeo", "balcony")).next_of("room_users_list")
            assert not (await inviting.accept(ROMEO, token)).joined
            [listed] = await inviting.read(JULIET, "balcony")
            assert (listed.id, listed.used) == (invite.id, 1)
            await verona.chat.directory.remove_member(JULIET, "balcony", "romeo")
            assert (await inviting.accept(ROMEO, token)).joined, "the second use is left"
            assert await inviting.read(JULIET, "balcony") == []

    asyncio.run(play())


def test_who_may_not_invite(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            invite, _ = await invited(verona)
            inviting = verona.chat.inviting
            await verona.chat.directory.set_member(JULIET, "balcony", "romeo", "moderator")
            for who, code in ((ROMEO, "forbidden"), (TYBALT, "room_not_found")):
                assert await refused(inviting.invite(who, "balcony")) == code
                assert await refused(inviting.read(who, "balcony")) == code
                assert await refused(inviting.revoke(who, "balcony", invite.id)) == code

    asyncio.run(play())


@pytest.mark.parametrize(
    "options",
    [
        {"role": "owner"},
        {"seconds": 59.0},
        {"seconds": float("inf")},
        {"seconds": float("nan")},
        {"uses": 0},
        {"uses": 10_001},
    ],
)
def test_an_invite_that_can_not_be(tmp_path: Path, options: dict[str, Any]) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            assert await refused(invited(verona, **options)) == "invalid_message"
            assert await verona.chat.inviting.read(JULIET, "balcony") == []

    asyncio.run(play())


def test_each_refusal_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            chat, inviting = verona.chat, verona.chat.inviting
            invite, token = await invited(verona, seconds=60.0)
            assert await refused(inviting.accept(ROMEO, "no such token")) == "not_found"
            assert await refused(inviting.accept(ROMEO, invite.id)) == "not_found"
            await chat.moderation.ban(JULIET, "balcony", "romeo", 60)
            with pytest.raises(ChatError, match="You are banned from the room") as banned:
                await inviting.accept(ROMEO, token)
            assert banned.value.code == "forbidden"
            with monkeypatch.context() as later:
                later.setattr("time.time", lambda: invite.expires_at + 1)
                assert await refused(inviting.accept(TYBALT, token)) == "invite_expired"
                assert await inviting.read(JULIET, "balcony") == []
            await inviting.accept(TYBALT, token)
            assert await refused(inviting.accept(PRINCE, token)) == "invite_used_up"
            another, token = await inviting.invite(JULIET, "balcony")
            await inviting.revoke(JULIET, "balcony", another.id)
            assert await refused(inviting.revoke(JULIET, "balcony", another.id)) == "not_found"
            assert await refused(inviting.accept(PRINCE, token)) == "not_found"
            _, token = await inviting.invite(JULIET, "balcony")
            await chat.directory.delete_room(JULIET, "balcony")
            assert await refused(inviting.accept(PRINCE, token)) == "not_found"
            await chat.directory.create_room(JULIET, "balcony", private=True)
            assert await refused(inviting.accept(PRINCE, token)) == "not_found"

    asyncio.run(play())


def test_a_full_room_admits_nobody(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path, {"limits": {"members_per_room": 1}}) as verona:
            _, token = await invited(verona)
            assert await refused(verona.chat.inviting.accept(ROMEO, token)) == "too_many_members"

    asyncio.run(play())


class NoRomeo:
    """Forbids one user every room."""

    @hookimpl
    def authorize(self, user: User, action: str) -> bool | None:
        return False if (user.id, action) == ("romeo", "join") else None


def test_plugins_may_forbid_it(tmp_path: Path) -> None:
    async def play() -> None:
        settings = {"tornchat": {"plugins": ("strict", "jwt", "peewee", "local")}}
        async with open_stage(tmp_path, settings, {"strict": NoRomeo}) as verona:
            _, token = await invited(verona)
            assert await refused(verona.chat.inviting.accept(ROMEO, token)) == "forbidden"

    asyncio.run(play())


def test_the_token_is_neither_stored_nor_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def play() -> str:
        async with open_stage(tmp_path) as verona:
            _, token = await invited(verona)
            await verona.chat.inviting.accept(ROMEO, token)
            assert await verona.app.hooks.find_invite(digest_of(token))
            return token

    with caplog.at_level(logging.DEBUG):
        token = asyncio.run(play()).encode()
    assert token.decode() not in caplog.text
    stored = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert any(digest_of(token.decode()).encode() in content for content in stored)
    assert not any(token in content for content in stored)


def test_two_nodes_admit_no_more_than_the_invite_allows(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with open_nodes(2, server, tmp_path) as nodes:
            _, token = await invited(nodes[0], uses=5)

            async def accept(number: int) -> str:
                try:
                    user = User(f"u{number}", f"U{number}")
                    await nodes[number % 2].chat.inviting.accept(user, token)
                except ChatError as error:
                    return error.code
                return ""

            codes = await asyncio.gather(*map(accept, range(20)))
            assert sorted(codes) == [""] * 5 + ["invite_used_up"] * 15
            assert len(await nodes[1].chat.directory.read_members(JULIET, "balcony")) == 6

    asyncio.run(play())


def test_who_blocks_somebody_is_not_made_a_member_by_them(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            rooms = verona.chat.directory
            await rooms.create_room(JULIET, "balcony", private=True)
            await verona.chat.blocks.block(ROMEO, "juliet")
            assert await refused(rooms.set_member(JULIET, "balcony", "romeo", "member")) == "forbidden"
            await rooms.set_member(PRINCE, "balcony", "romeo", "member")
            await rooms.set_member(JULIET, "balcony", "romeo", "moderator")  # who is in it already

    asyncio.run(play())
