"""SIGHUP to a server of one process: it reads its settings again, and nobody is disconnected."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from websockets.exceptions import InvalidStatus

from tests.cli.process import Running, serving
from tests.stage import Stage
from tests.talkers import talk
from tests.tls import Certificate, make_certificate

SECRET = "the first key of this chat, which is long enough"
SECOND = "the second key of this chat, which is long enough"
RELOADED = "the settings are reloaded; changed: (.*)"
REFUSED = "the settings are not reloaded, and the former ones stay: (.*)"
FREE = "messages_per_second = 0\nbytes_per_second = 0\njoins_per_second = 0\n"
"""Limits that nobody in these plays reaches."""


class Server(NamedTuple):
    """A running server and its settings file."""

    process: Running
    stage: Stage
    file: Path

    async def reloads(self, text: str, wanted: str = RELOADED) -> str:
        """Write other settings, send SIGHUP, and return what is logged about it."""
        self.file.write_text(text)
        return await self.hangup(wanted)

    async def hangup(self, wanted: str = RELOADED) -> str:
        before = len(self.process.logged(wanted))
        self.process.process.send_signal(signal.SIGHUP)
        return str((await asyncio.to_thread(self.process.logs, wanted, before + 1))[-1][1])


@contextmanager
def server(folder: Path, text: str = "", key: str = SECRET) -> Iterator[Server]:
    file = folder / "tornchat.ini"
    file.write_text(text)
    with serving(folder, "--config", str(file)) as (process, address):
        if not key:
            key = (folder / "tornchat-data/jwt.key").read_text()
        yield Server(process, Stage(int(address.rpartition(":")[2]), key), file)
        process.process.send_signal(signal.SIGTERM)
        assert process.ends() == 0


async def origin_status(stage: Stage, origin: str) -> int:
    """The status of a handshake from a page of this origin."""
    try:
        player = await stage.enters("romeo", "hall", origin=origin)
    except InvalidStatus as refused:
        return refused.response.status_code
    await player.leaves()
    return 101


def test_limits_origins_and_log_level_are_applied_to_those_who_are_there(tmp_path: Path) -> None:
    old, new = "[limits]\n" + FREE, "[limits]\n" + FREE + "message_chars = 5\n"
    new += "[server]\nallowed_origins = https://verona.example\n[tornchat]\nlog_level = debug\n"

    async def play(running: Server) -> None:
        juliet = await running.stage.enters("juliet", "hall")
        assert await origin_status(running.stage, "https://verona.example") == 403
        told = await running.reloads(new)
        assert told.split(", ") == [
            "[tornchat] log_level",
            "[limits] message_chars",
            "[server] allowed_origins",
        ]
        await juliet.says("Good night, good night")
        assert "longer than 5" in (await juliet.next_of("error"))["error"]
        await juliet.says("Adieu")
        assert await juliet.hears() == "Adieu"
        assert await origin_status(running.stage, "https://verona.example") == 101
        await asyncio.to_thread(running.process.logs, "DEBUG")
        assert await running.reloads(new) == "none"
        await juliet.leaves()

    with server(tmp_path, old, "") as running:
        asyncio.run(play(running))


def test_traffic_is_not_disturbed(tmp_path: Path) -> None:
    """Everybody stays connected and every message is acknowledged once, while the settings change."""

    async def play(running: Server) -> None:
        async with talk(running.stage, 6, ("r0", "r1"), 0.01, running.process.errors) as told:
            for chars in range(1000, 1010):
                await running.reloads(f"[limits]\n{FREE}message_chars = {chars}\n")
            await told.settled()
        assert told.said == told.acked > 0
        assert told.lost() == told.doubled() == 0
        assert [talker.visits for talker in told.talkers] == [1] * 6

    with server(tmp_path, f"[limits]\n{FREE}", "") as running:
        asyncio.run(play(running))


def test_other_changes_are_named_as_needing_a_restart(tmp_path: Path) -> None:
    more = "[tornchat]\nlog_format = json\n[server]\ncompression = yes\n"
    more += "[peewee]\nreaders = 3\n[deadlines]\nhealth = 9\n"
    needed = "a restart is needed to apply the changes of (.*)"

    async def play(running: Server) -> None:
        told = await running.reloads(more, needed)
        names = ["[tornchat] log_format", "[server] compression", "[deadlines] health", "[peewee] readers"]
        assert told.split(", ") == names
        assert await running.hangup(needed) == told, "what waits is told each time"

    with server(tmp_path, key="") as running:
        asyncio.run(play(running))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[limits]\nmessage_chars = ten\n", r"\[limits\] message_chars .*a whole number"),
        ("[limits]\nmessage_chars = 5\n[nonsense]\nx = 1\n", r"\[nonsense\] belongs to no loaded plugin"),
        ("[limits]\nmessage_chars = 5\n[jwt]\nsecret = short\n", r"\[jwt\] secret is shorter"),
        ("[limits]\nmessage_chars = 5\n[jwt]\nsecrets = x\n", r"\[jwt\] secrets .* is not a setting"),
        ("[limits]\nmessage_chars = 5\n[server]\ncertfile = none.pem\n", "none.pem can't be read"),
        ("no section\n", "line 1"),
    ],
)
def test_bad_settings_leave_everything_as_it_is(survivor: Server, text: str, why: str) -> None:
    async def play() -> None:
        assert re.search(why, await survivor.reloads(text, REFUSED))
        juliet = await survivor.stage.enters("juliet", "hall")
        await juliet.says("Good night, good night")
        assert await juliet.hears() == "Good night, good night"
        await juliet.leaves()

    asyncio.run(play())


@pytest.fixture(scope="module")
def survivor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all bad settings."""
    with server(tmp_path_factory.mktemp("bad"), key="") as running:
        yield running


def test_a_key_that_is_replaced_refuses_its_tokens(tmp_path: Path) -> None:
    """The file has the same name; its content counts. Who is in stays."""
    key = tmp_path / "secret"
    key.write_text(SECRET)

    async def play(running: Server) -> None:
        stage = running.stage
        juliet = await stage.enters("juliet", "hall")
        key.write_text(SECOND)
        await running.hangup()
        assert await (await stage.enters("romeo", "hall")).is_closed() == 4001
        stage.key = SECOND
        romeo = await stage.enters("romeo", "hall")
        await romeo.says("My name is hateful to myself")
        assert await juliet.hears() == "My name is hateful to myself"
        await stage.clear()

    with server(tmp_path, f"[jwt]\nsecret_file = {key}\n") as running:
        asyncio.run(play(running))


def test_a_new_certificate_is_for_new_connections(tmp_path: Path) -> None:
    old, new = (make_certificate(_folder(tmp_path, name), 24 * 30) for name in ("old", "new"))
    shown = make_certificate(tmp_path, 24 * 30)  # its files are replaced below

    def show(certificate: Certificate) -> None:
        shown.certificate.write_bytes(certificate.certificate.read_bytes())
        shown.key.write_bytes(certificate.key.read_bytes())

    async def play(running: Server) -> None:
        stage = running.stage
        stage.trust = old.client()
        juliet = await stage.enters("juliet", "hall")
        show(new)
        assert await running.hangup() == "none", "the names of the files are the same"
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            await stage.enters("romeo", "hall")
        stage.trust = new.client()
        romeo = await stage.enters("romeo", "hall")
        await romeo.says("It is the east")
        assert await juliet.hears() == "It is the east"
        shown.key.write_bytes(old.key.read_bytes())
        assert "is not the key of the certificate" in await running.hangup(REFUSED)
        await (await stage.enters("paris", "hall")).leaves()
        await stage.clear()

    show(old)
    with server(
        tmp_path, f"[server]\ncertfile = {shown.certificate}\nkeyfile = {shown.key}\n", ""
    ) as running:
        asyncio.run(play(running))


def _folder(parent: Path, name: str) -> Path:
    (parent / name).mkdir()
    return parent / name
