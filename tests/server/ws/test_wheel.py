"""One timer for all connections."""

from __future__ import annotations

import asyncio
import logging

import pytest

from tornchat.server.ws.wheel import Wheel


def test_a_timer_that_fails_does_not_drop_the_others_of_its_slot(caplog: pytest.LogCaptureFixture) -> None:
    called = []

    def fails(now: float) -> None:
        raise ValueError("no such luck")

    async def play() -> None:
        wheel = Wheel()
        for call in (called.append, fails, called.append):
            wheel.at(-1.0, call)

        wheel.turn()

    with caplog.at_level(logging.ERROR):
        asyncio.run(play())
    assert len(called) == 2
    assert "a timer callback of a connection failed" in caplog.text
