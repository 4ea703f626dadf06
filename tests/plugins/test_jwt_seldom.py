"""Refused tokens in the log: anybody can send any number of them."""

from __future__ import annotations

import logging

import pytest
from tornchat_jwt.seldom import QUIET_SECONDS, Seldom
from tornchat_jwt.settings import Settings
from tornchat_jwt.tokens import Tokens


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_one_line_of_a_kind_and_minute_and_the_next_counts_the_others() -> None:
    clock = Clock()
    seldom = Seldom(clock)
    assert [seldom.left_out("exp") for _ in range(4)] == [0, None, None, None]
    assert seldom.left_out("aud") == 0
    clock.now += QUIET_SECONDS
    assert [seldom.left_out("exp"), seldom.left_out("aud"), seldom.left_out("exp")] == [3, 0, None]


def test_a_flood_of_bad_tokens_is_one_line_of_each_kind(caplog: pytest.LogCaptureFixture) -> None:
    tokens = Tokens(Settings())
    with caplog.at_level(logging.INFO):
        for number in range(1000):
            assert tokens.read(f"bad.{number}.token", b"k" * 32) is None
            assert not tokens.plausible("x" * 9000)
    assert len(caplog.records) == 2
