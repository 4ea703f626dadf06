"""What admins do to users on the whole site, and what it binds."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.service.test_directory import JULIET, PRINCE, ROMEO, WATCH, refused
from tests.stage import Stage, open_stage
from tornchat import User
from tornchat.errors import Closed
from tornchat.model import Credentials


async def code_of(stage: Stage, token: str) -> int:
    """The code with which a token is refused; 0 if it is accepted."""
    try:
        await stage.chat.connecting.connect(Credentials("hall", "127.0.0.1", token, "header"))
    except Closed as refusal:
        return refusal.code
    return 0


def test_a_banned_user_is_closed_everywhere_and_refused_until_the_ban_is_lifted(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            players = [await stage.enters("romeo", room) for room in ("hall", "garden")]
            await stage.chat.site.ban(PRINCE, "romeo", 600)
            assert [await player.is_closed() for player in players] == [4003, 4003]
            assert await (await stage.enters("romeo", "hall")).is_closed() == 4003
            [ban] = await stage.chat.site.read_sanctions(PRINCE)
            assert (ban.user_id, ban.kind, ban.by) == ("romeo", "ban", "prince")
            await stage.chat.site.lift_ban(PRINCE, "romeo")
            assert await (await stage.enters("romeo", "hall")).next_of("room_users_list")
            assert await refused(stage.chat.site.lift_ban(PRINCE, "romeo")) == "not_found"

    asyncio.run(play())


def test_revoked_are_the_tokens_from_before(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            now = time.time()
            old, fresh, undated = (
                stage.token("romeo", iat=now - 60),
                stage.token("romeo", iat=now - 5),
                stage.token("romeo"),
            )
            players = [await stage.enters("romeo", "hall", token=token) for token in (old, fresh, undated)]
            for player in players:
                await player.next_of("room_users_list")
            await stage.chat.site.revoke(PRINCE, "romeo", now - 30)
            assert [await players[place].is_closed() for place in (0, 2)] == [4001, 4001]
            assert [await code_of(stage, token) for token in (old, fresh, undated)] == [4001, 0, 4001]
            await players[1].says("Mine is fresh.")
            assert await players[1].hears() == "Mine is fresh."
            await stage.chat.site.revoke(PRINCE, "romeo")
            assert await code_of(stage, fresh) == 4001
            await stage.chat.site.revoke(PRINCE, "romeo", now - 30)  # an earlier time takes nothing back
            assert await code_of(stage, fresh) == 4001
            assert await code_of(stage, stage.token("romeo", iat=time.time() + 1)) in (0, 4001)
            assert await refused(stage.chat.site.revoke(PRINCE, "romeo", now + 600)) == "invalid_message"

    asyncio.run(play())


def test_a_ban_from_the_site_binds_no_admin_and_revoking_does(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            root = stage.token("root", roles=["admin"], iat=time.time() - 1)
            await stage.chat.site.ban(PRINCE, "root", 600)  # nobody has seen root yet
            player = await stage.enters("root", "hall", token=root)
            assert await player.next_of("room_users_list")
            assert await refused(stage.chat.site.ban(PRINCE, "root", 600)) == "forbidden"
            await stage.chat.site.revoke(PRINCE, "root")
            assert await player.is_closed() == 4001
            assert await code_of(stage, root) == 4001

    asyncio.run(play())


@pytest.mark.parametrize("who", [JULIET, WATCH, User("guest-1", "Visitor", frozenset({"guest"}))])
def test_only_admins(tmp_path: Path, who: User) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            site = stage.chat.site
            for work in (
                site.ban(who, "romeo", 60),
                site.lift_ban(who, "romeo"),
                site.revoke(who, "romeo"),
                site.disconnect(who, "romeo"),
                site.read_sanctions(who),
                stage.chat.audit.read(who),
            ):
                assert await refused(work) == "forbidden"

    asyncio.run(play())


def test_nobody_bans_themselves(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as stage:
            assert await refused(stage.chat.site.ban(PRINCE, "prince", 60)) == "forbidden"
            for seconds in (0, -1, float("nan"), 1e12):
                assert await refused(stage.chat.site.ban(PRINCE, ROMEO.id, seconds)) == "invalid_message"

    asyncio.run(play())
