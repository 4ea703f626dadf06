"""Two terminals talk."""

from __future__ import annotations

import shlex
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websockets.sync.server import serve

from tests.cli.process import COMMAND, SECONDS, environment, run, running, serving
from tests.tls import make_certificate


@contextmanager
def websockets_server() -> Iterator[int]:
    """A WebSocket server that knows nothing of tornchat, and greets in its own way."""
    with serve(lambda socket: socket.send("hello, not JSON"), "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.socket.getsockname()[1]
        finally:
            server.shutdown()
            thread.join()


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


def test_it_finds_its_own_server_with_tls(tmp_path):
    files = make_certificate(tmp_path)
    tls = ("--set", f"server.certfile={files.certificate}", "--set", f"server.keyfile={files.key}")
    with running(tmp_path, "serve", "--port", "0", *tls) as server:
        port = server.sees("listening on https://127").rpartition(":")[2]
        own = ("--set", f"tornchat.port={port}", *tls)
        trusting = {"SSL_CERT_FILE": str(files.certificate)}
        ended = run(tmp_path, "chat", "lobby", "--as", "alice", *own, said="hello\n", **trusting)
    assert ended.returncode == 0, ended.stderr
    assert "alice: hello" in ended.stdout


@pytest.mark.long
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


def test_what_is_no_server_of_ours_is_told_so(tmp_path):
    with websockets_server() as port:
        told = run(tmp_path, "chat", "lobby", "--token", "x", "--url", f"ws://127.0.0.1:{port}")
    assert (told.returncode, told.stderr) == (
        1,
        "* what answers there is no tornchat server (it does not speak tornchat.v1)\n",
    )


@pytest.mark.parametrize("url", ["ws://[", "ws://127.0.0.1:99999", "ws://127.0.0.1:x", "ftp://a", "ws://:80"])
def test_a_url_that_is_none_is_one_line(tmp_path, url):
    told = run(tmp_path, "chat", "lobby", "--token", "x", "--url", url)
    assert (told.returncode, len(told.stderr.splitlines())) == (1, 1)
    assert "ws://host:port" in told.stderr


def test_a_token_with_a_line_end_in_it_is_one_line(tmp_path):
    told = run(tmp_path, "chat", "lobby", "--token", "a\nb", "--url", "ws://127.0.0.1:1")
    assert (told.returncode, len(told.stderr.splitlines())) == (1, 1)


@pytest.mark.parametrize("taker", ["| true", "> /dev/full"])
def test_it_ends_when_nobody_takes_its_output(tmp_path, taker):
    with serving(tmp_path) as (_, address):
        command = shlex.join([*COMMAND, "chat", "lobby", "--as", "ann", "--url", f"ws://{address}"])
        told = subprocess.run(
            ["bash", "-c", f"set -o pipefail; (echo hello; exec sleep 1) | {command} {taker}"],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    assert told.returncode == 1
    assert told.stderr.count("* the output can't be written: ") == 1
    assert "trying again" not in told.stderr
    assert "Traceback" not in told.stderr


def test_it_needs_a_name_or_a_token(tmp_path):
    assert "--as" in run(tmp_path, "chat", "lobby").stderr
