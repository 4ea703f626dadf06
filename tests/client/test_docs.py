"""docs/client.md: its example is run as it stands."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.client.play import address
from tests.stage import open_stage
from tests.test_docs import blocks


def test_the_example_says_and_hears(tmp_path: Path) -> None:
    [block] = blocks("docs/client.md", "python")

    async def play() -> None:
        async with open_stage(tmp_path) as verona:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                block.text,
                address(verona),
                verona.token("alice"),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            async with asyncio.timeout(20):
                out, errors = await process.communicate()
            assert (out, errors) == (b"Alice said: Hello world!\n", b"")

    asyncio.run(play())
