"""Plays on several nodes that share one Valkey and one database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nodes import open_nodes
from tests.valkey import Valkey, valkey


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as running:
        yield running


def test_what_is_said_on_one_node_is_heard_on_the_other(server: Valkey, tmp_path: Path) -> None:
    async def play() -> None:
        async with open_nodes(2, server, tmp_path) as [verona, mantua]:
            romeo = await mantua.enters("romeo", "hall")
            juliet = await verona.enters("juliet", "hall")
            await juliet.says("Wherefore art thou?")
            assert await romeo.hears() == "Wherefore art thou?"
            await romeo.says("I take thee at thy word.")
            assert [await juliet.hears(), await juliet.hears()] == [
                "Wherefore art thou?",
                "I take thee at thy word.",
            ]

    asyncio.run(play())
