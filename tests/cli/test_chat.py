"""Two terminals talk."""

from __future__ import annotations

from tests.cli.process import run, running, serving


def test_two_terminals_talk(tmp_path):
    with serving(tmp_path) as (_, address):
        url = f"ws://{address}"
        with (
            running(tmp_path, "chat", "lobby", "--as", "alice", "--url", url) as alice,
            running(tmp_path, "chat", "lobby", "--as", "bob", "--url", url) as bob,
        ):
            alice.sees("bob")
            bob.sees(r"\* here: .*bob")
            alice.types("hello")
            bob.sees("^alice: hello$")
            bob.types("hi \x1b[31mthere")
            alice.sees(r"^bob: hi \\x1b\[31mthere$")
            assert bob.ends() == 0
            alice.sees(r"^\* bob left$")
            assert alice.ends() == 0


def test_it_ends_after_all_it_was_given_is_acknowledged(tmp_path):
    with serving(tmp_path) as (_, address):
        arguments = ("chat", "lobby", "--as", "alice", "--url", f"ws://{address}")
        with running(tmp_path, *arguments) as first:
            for number in range(20):
                first.types(f"line {number}")
            assert first.ends() == 0
        history = run(tmp_path, *arguments)
        assert history.returncode == 0


def test_a_message_that_is_refused_is_told(tmp_path):
    with (
        serving(tmp_path, "--set", "limits.message_chars=5") as (_, address),
        running(tmp_path, "chat", "lobby", "--as", "alice", "--url", f"ws://{address}") as alice,
    ):
        alice.types("far too long")
        assert alice.ends() == 1
        assert "! " in alice.stderr


def test_a_bad_token_ends_it_with_a_clear_line(tmp_path):
    with serving(tmp_path) as (_, address):
        told = run(tmp_path, "chat", "lobby", "--url", f"ws://{address}", TORNCHAT_TOKEN="bad")
        assert told.returncode == 1
        assert "4001" in told.stderr
        assert "does not accept this token" in told.stderr


def test_without_a_server_it_says_so(tmp_path):
    told = run(tmp_path, "chat", "lobby", "--token", "x", "--url", "ws://127.0.0.1:1")
    assert told.returncode == 1
    assert "no connection" in told.stderr


def test_it_needs_a_name_or_a_token(tmp_path):
    assert "--as" in run(tmp_path, "chat", "lobby").stderr
