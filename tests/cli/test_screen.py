"""The terminal client in a real pseudo-terminal, whose screen is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.process import Running, running, serving
from tests.cli.pseudo import pseudo

CTRL_C, CTRL_D, ENTER, UP = "\x03", "\x04", "\r", "\x1b[A"
LOST = "connection lost"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    folder = tmp_path_factory.mktemp("chat")
    with serving(folder) as (_, address):
        yield folder, address


def arguments(address: str, room: str, user: str) -> tuple[str, ...]:
    return ("chat", room, "--as", user, "--url", f"ws://{address}")


def bob_says(place: tuple[Path, str], room: str, *texts: str) -> None:
    """Bob says this in a pipe, and leaves; all of it is stored."""
    folder, address = place
    with running(folder, *arguments(address, room, "bob")) as bob:
        for text in texts:
            bob.types(text)
        assert bob.ends() == 0


@pytest.mark.long
def test_what_comes_in_leaves_the_typed_line_whole_and_ones_own_appears_once(place: tuple[Path, str]) -> None:
    folder, address = place
    with pseudo(folder, *arguments(address, "whole", "alice")) as alice:
        alice.shows("/help")
        alice.types("good mor")
        alice.shows("> good mor")
        bob_says(place, "whole", "hello \x1b[31mred\x1b]0;title\x07 there")
        lines = alice.shows("bob left")
        [said] = [line for line in lines if "bob: " in line]
        assert said[5:] == r" bob: hello \x1b[31mred\x1b]0;title\x07 there"
        assert re.fullmatch(r"\d\d:\d\d", said[:5])
        alice.shows("> good mor")
        assert b"\x1b]0;title" not in alice.raw
        alice.types("ning" + ENTER)
        alice.shows("alice: good morning")
        lines = alice.sees(lambda lines: ">" in lines)  # the prompt is drawn after the message
        assert sum("good morning" in line for line in lines) == 1
        alice.types(UP)
        alice.shows("> good morning")
        alice.types(CTRL_C)
        alice.sees(lambda lines: "> good morning" not in lines)
        alice.types("/users" + ENTER)
        alice.shows("here: alice")
        alice.types("/nope" + ENTER)
        alice.shows("there is no command /nope")
        alice.types("//slash" + ENTER)
        alice.shows("alice: /slash")
        alice.resize(20, 40)
        alice.types("x" * 100)
        alice.sees(lambda lines: "".join(lines).count("x") == 100)
        alice.types(ENTER)
        alice.sees(lambda lines: any(line.startswith("x" * 20) for line in lines) and ">" in lines)
        alice.types("/quit" + ENTER)
        assert alice.ends() == 0


@pytest.mark.parametrize("keys", [CTRL_D, CTRL_C], ids=["ctrl-d", "ctrl-c"])
def test_a_key_ends_it(place: tuple[Path, str], keys: str) -> None:
    folder, address = place
    with pseudo(folder, *arguments(address, "keys", "alice")) as alice:
        alice.shows("/help")
        alice.shows(">")
        alice.types(keys)
        assert alice.ends() == 0
        assert b"Traceback" not in alice.raw


@pytest.mark.parametrize("keys", ["/older" + ENTER, "\x1b[5~"], ids=["command", "page-up"])
def test_older_messages_come_when_asked_for(place: tuple[Path, str], keys: str) -> None:
    folder, address = place
    room = "older" if keys.startswith("/") else "pageup"
    bob_says(place, room, *(f"line {number}" for number in range(60)))
    with pseudo(folder, *arguments(address, room, "alice")) as alice:
        alice.shows("line 59")
        alice.shows("> ".strip())
        alice.types(keys)
        lines = alice.shows("end of the older messages")
        assert any(line.endswith("line 9") for line in lines)
        assert not any(line.endswith("line 10") for line in lines[lines.index("* older messages:") :])
        alice.types("/older" + ENTER)
        alice.shows("there are no older messages")
        alice.types(CTRL_D)
        assert alice.ends() == 0


@pytest.mark.long
def test_a_lost_connection_is_shown_and_what_is_typed_meanwhile_is_sent(tmp_path: Path) -> None:
    with (
        serving(tmp_path) as (server, address),
        pseudo(tmp_path, *arguments(address, "lost", "alice")) as alice,
    ):
        alice.shows("/help")
        stop(server)
        alice.shows(LOST)
        alice.types("meanwhile" + ENTER)
        alice.shows("1 not sent yet")
        with running(tmp_path, "serve", "--port", address.rpartition(":")[2]):
            alice.shows("connected again")
            alice.shows("alice: meanwhile")
            alice.types(CTRL_D)
            assert alice.ends() == 0


def stop(server: Running) -> None:
    server.process.kill()
    server.process.wait()
