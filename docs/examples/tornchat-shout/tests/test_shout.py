"""`shout`: the contract of filters, and what it does itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from tornchat_shout import ShoutPlugin

from tornchat import Rejected
from tornchat.testing import FilterContract, draft, user


def shout() -> ShoutPlugin:
    return ShoutPlugin(ShoutPlugin.Settings(rooms=("stadium",), banned=("darn",)))


class TestInAQuietRoom(FilterContract):
    room = "tea"

    def make_plugin(self, tmp_path: Path) -> ShoutPlugin:
        return shout()


class TestInALoudRoom(FilterContract):
    room = "stadium"
    harmless = ("GOOD MORNING!", "日本語")

    def make_plugin(self, tmp_path: Path) -> ShoutPlugin:
        return shout()


def test_a_loud_room_shouts() -> None:
    assert shout().filter_message(draft("Goal for us", "stadium"), user()).text == "GOAL FOR US"


def test_a_quiet_room_does_not() -> None:
    assert shout().filter_message(draft("Goal for us", "tea"), user()).text == "Goal for us"


@pytest.mark.parametrize("text", ["darn", "Well, DARN!"])
def test_a_banned_word_is_refused(text: str) -> None:
    with pytest.raises(Rejected, match="That is not said here"):
        shout().filter_message(draft(text, "tea"), user())


def test_a_word_that_holds_a_banned_one_is_not() -> None:
    assert shout().filter_message(draft("darning socks", "tea"), user()).text == "darning socks"
