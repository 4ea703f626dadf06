"""Commands of the terminal client: edits, replies and reactions in a real pseudo-terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.process import serving
from tests.cli.pseudo import pseudo
from tests.cli.test_screen import ENTER, arguments, bob_says
from tornchat.cli.commands import Command, command_of


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    folder = tmp_path_factory.mktemp("chat")
    with serving(folder) as (_, address):
        yield folder, address


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("/edit Hello, world!", Command("/edit", None, "Hello, world!")),
        ("/edit", Command("/edit", None, "")),
        ("/reply ^2 yes", Command("/reply", 2, "yes")),
        ("/reply ^ yes", Command("/reply", None, "^ yes")),
        ("/react ^12", Command("/react", 12, "")),
        ("/react 👍  🎉", Command("/react", None, "👍  🎉")),
        ("/editor", None),
        ("/quit", None),
        ("text /edit", None),
    ],
)
def test_lines_that_are_commands(line: str, command: Command | None) -> None:
    assert command_of(line) == command


@pytest.mark.long
def test_messages_are_edited_answered_and_reacted_to(place: tuple[Path, str]) -> None:
    folder, address = place
    with pseudo(folder, *arguments(address, "acts", "alice")) as alice:
        alice.shows("/help")
        alice.types("/edit nothing" + ENTER)
        alice.shows("not sent: '/edit nothing': there is no such message")
        bob_says(place, "acts", "one", "two")
        alice.shows("bob left")
        alice.types("mne" + ENTER)
        alice.shows("alice: mne")
        alice.types("/edit mine" + ENTER)
        alice.shows("a message was edited: mine")
        alice.types("/react +1" + ENTER)
        alice.shows("reaction of alice: +1")
        alice.types("/reply ^3 an answer" + ENTER)
        alice.shows("alice: an answer")
        alice.types("/reply" + ENTER)
        alice.shows("say what: /reply text")
        alice.types("/edit ^4 not mine" + ENTER)
        alice.shows("not sent: '/edit not mine': The message is somebody else's.")
        alice.types("/quit" + ENTER)
        assert alice.ends() == 1, "something was not sent"
