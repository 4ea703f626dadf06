"""`ChatApp.reload`: new limits for users who are there, and plugins that take part or refuse."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from tests.stage import UNLIMITED, open_stage
from tornchat import SettingsError, hookimpl
from tornchat.config.reloading import Changes


class Choir:
    """A plugin that takes part, and refuses a song that it does not know."""

    class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
        """What it sings."""

        reload = "live"
        song: str = "Te Deum"

    def __init__(self, settings: Settings) -> None:
        self.songs = [settings.song]

    @hookimpl
    def reload(self, settings: Settings) -> None:
        if settings.song == "unknown":
            raise SettingsError("[choir] song is not known.", "Choose another.")
        self.songs.append(settings.song)


class Second(Choir):
    """Called after the first one."""


def settings(
    folder: Path, song: str = "Te Deum", second: str = "Te Deum", **limits: object
) -> dict[str, object]:
    return {
        "tornchat": {"data_dir": str(folder), "plugins": ("jwt", "peewee", "local", "choir", "second")},
        "limits": {**UNLIMITED, **limits},
        "server": {"drain_seconds": 2},
        "choir": {"song": song},
        "second": {"song": second},
    }


PLUGINS = {"choir": Choir, "second": Second}


def test_limits_apply_to_connections_and_users_who_are_there(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path, settings(tmp_path), PLUGINS) as stage:
            romeo = await stage.enters("romeo", "hall")
            await romeo.says("x")
            assert await romeo.hears() == "x"
            changes = await stage.app.reload(settings(tmp_path, sockets_per_room=1, frame_bytes=60))
            assert changes == Changes(("[limits] frame_bytes", "[limits] sockets_per_room"))
            assert await (await stage.enters("romeo", "hall")).is_closed() == 1013
            await romeo.says("y" * 60)
            assert await romeo.is_closed() == 1009

    asyncio.run(play())


def test_a_rate_holds_for_a_user_who_spoke_before(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path, settings(tmp_path), PLUGINS) as stage:
            romeo = await stage.enters("romeo", "hall")
            await romeo.says("x")
            assert await romeo.hears() == "x"
            quota = stage.chat.posting.quotas.of("romeo")
            await stage.app.reload(settings(tmp_path, messages_per_second=0.01, burst=1))
            now = asyncio.get_running_loop().time()
            assert quota.take(1, now) == 0
            assert quota.take(1, now) > 90
            await romeo.says("waits")
            await stage.app.reload(settings(tmp_path))
            assert await romeo.hears() == "waits", "the wait ends when the limit does"

    asyncio.run(play())


def test_a_plugin_that_refuses_leaves_all_as_it_was(tmp_path: Path) -> None:
    made: list[Choir] = []

    class First(Choir):
        def __init__(self, given: Choir.Settings) -> None:
            super().__init__(given)
            made.append(self)

    async def play() -> None:
        plugins = {"choir": First, "second": Second}
        async with open_stage(tmp_path, settings(tmp_path), plugins) as stage:
            with pytest.raises(SettingsError, match="song is not known"):
                await stage.app.reload(settings(tmp_path, "Dies Irae", "unknown", message_chars=1))
            assert made[0].songs == ["Te Deum", "Dies Irae", "Te Deum"]
            assert stage.app.settings.limits.message_chars == 4000
            told = await stage.app.reload(settings(tmp_path, "Dies Irae"))
            assert told == Changes(("[choir] song",))

    asyncio.run(play())
