"""Compressed and uncompressed clients of both dialects in one room, as plays (RFC 7692)."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, PerMessageDeflate
from websockets.typing import ExtensionParameter

from tests.server.ws.echo import client_frame
from tests.stage import Player, Stage, open_stage
from tornchat.wire.framing import RSV1, TEXT

ON = {"server": {"compression": "yes"}}
SPEECH = "But, soft! What light through yonder window breaks? " * 20


class Compression(ClientPerMessageDeflateFactory):
    """Offers permessage-deflate, and keeps what comes compressed as it came."""

    def __init__(self, **asked: Any) -> None:
        super().__init__(**asked)
        self.came: list[bytes] = []

    def process_response_params(
        self, params: Sequence[ExtensionParameter], accepted_extensions: Sequence[Any]
    ) -> PerMessageDeflate:
        extension = super().process_response_params(params, accepted_extensions)
        decode = extension.decode

        def note(frame: Any, **limits: Any) -> Any:
            if frame.rsv1:
                self.came.append(bytes(frame.data))
            return decode(frame, **limits)

        extension.decode = note  # type: ignore[method-assign]
        return extension


async def enters(verona: Stage, name: str, v1: bool = False, **asked: Any) -> tuple[Player, Compression]:
    """Let somebody in who asks for compression with these parameters."""
    compression = Compression(**asked)
    player = await verona.enters(name, "general", v1, compression=None, extensions=[compression])
    assert player.socket.protocol.extensions
    await player.next_of("user_join")
    return player, compression


def test_all_sorts_of_clients_hear_the_same(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path, ON) as verona:
            nurse = await verona.enters("nurse", "general", compression=None)
            peter = await verona.enters("peter", "general", v1=True, compression=None)
            romeo, his = await enters(verona, "romeo")
            juliet, hers = await enters(verona, "juliet")
            paris, narrow = await enters(verona, "paris", server_max_window_bits=10)
            friar, other = await enters(verona, "friar", v1=True)
            for text in (SPEECH, "short", SPEECH + "again"):
                await romeo.says(text)
                for player in (nurse, peter, romeo, juliet, paris, friar):
                    assert await player.hears() == text
            await friar.says(SPEECH, client_id="f1")
            assert (await friar.next_of("ack"))["seq"] == 4
            assert len(his.came) == len(narrow.came) == len(other.came) == 3, "what is short goes as it is"
            assert await juliet.hears() == SPEECH
            assert his.came[:2] == hers.came[:2], "one frame for both"
            assert max(map(len, his.came)) < len(SPEECH) / 4

    asyncio.run(play())


def test_the_history_is_compressed_too(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path, ON) as verona:
            nurse = await verona.enters("nurse", "general", compression=None)
            for number in range(3):
                await nurse.says(f"{SPEECH} {number}")
            for number in range(3):
                assert await nurse.hears() == f"{SPEECH} {number}"
            juliet = Compression()
            player = await verona.enters("juliet", "general", compression=None, extensions=[juliet])
            for number in range(3):
                assert await player.hears() == f"{SPEECH} {number}"
            assert len(juliet.came) == 3

    asyncio.run(play())


def test_a_resume_from_storage_is_whole(tmp_path: Path) -> None:
    """It is for one member alone, so it goes uncompressed."""

    async def play() -> None:
        async with open_stage(tmp_path, ON) as verona:
            nurse = await verona.enters("nurse", "general", v1=True)
            epoch = (await nurse.next())["epoch"]
            for number in range(300):
                await nurse.says(f"{SPEECH} {number}", client_id=str(number))
            while (await nurse.next_of("ack"))["seq"] < 300:
                pass
            query = {"since": 0, "epoch": epoch}
            juliet = Compression()
            player = await verona.enters(
                "juliet", "general", v1=True, query=query, compression=None, extensions=[juliet]
            )
            for number in range(300):
                assert await player.hears() == f"{SPEECH} {number}"
            assert juliet.came == []

    asyncio.run(play())


def test_a_bomb_ends_its_sender_and_nobody_else(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path, ON) as verona:
            romeo, _ = await enters(verona, "romeo")
            tybalt, _ = await enters(verona, "tybalt")
            packer = zlib.compressobj(wbits=-15)
            bomb = packer.compress(b" " * 50_000_000) + packer.flush(zlib.Z_SYNC_FLUSH)
            tybalt.socket.transport.write(client_frame(TEXT, bomb[:-4], reserved=RSV1))
            assert await tybalt.is_closed() == 1009
            assert (await romeo.next_of("user_leave"))["user_id"] == "tybalt"
            await romeo.says(SPEECH)
            assert await romeo.hears() == SPEECH

    asyncio.run(play())


def test_it_is_off_unless_it_is_switched_on(tmp_path: Path) -> None:
    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            romeo = await verona.enters("romeo", "general", compression="deflate")
            assert romeo.socket.protocol.extensions == []
            await romeo.says(SPEECH)
            assert await romeo.hears() == SPEECH
            romeo.socket.transport.write(client_frame(TEXT, b"\x00", reserved=RSV1))
            assert await romeo.is_closed() == 1002

    asyncio.run(play())
