"""The server as a process: it says where it is, and goes when it is told to."""

from __future__ import annotations

import resource
import signal
import socket
import stat
import time

import pytest

from tests.cli.process import run, running, serving
from tests.valkey import free_port


def connected(address: str) -> socket.socket:
    host, port = address.split(":")
    return socket.create_connection((host, int(port)), timeout=30)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_with_status_0_and_a_second_one_changes_nothing(tmp_path, number):
    with serving(tmp_path) as (server, _):
        assert str(tmp_path / "tornchat-data") in server.sees("data")
        assert "tornchat token USERNAME" in server.sees("token")
        server.process.send_signal(number)
        server.sees("stopping")
        server.process.send_signal(number)
        assert server.ends() == 0
    key = tmp_path / "tornchat-data/jwt.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.long
def test_a_client_is_closed_with_1001(tmp_path):
    with (
        serving(tmp_path, "--set", "server.drain_seconds=5") as (server, address),
        running(tmp_path, "chat", "lobby", "--as", "alice", "--url", f"ws://{address}") as alice,
    ):
        alice.sees("here")
        server.process.send_signal(signal.SIGTERM)
        assert server.ends() == 0
        alice.process.wait(60)
    assert "1001" in alice.stderr


def test_the_flags_come_back_in_the_hint_but_no_secret(tmp_path):
    secret = "s" * 64
    with serving(tmp_path, "--set", f"jwt.secret={secret}", "--set", "rooms.auto_create=no") as (server, _):
        hint = server.sees("get a token")
    assert secret not in hint
    assert "rooms.auto_create=no" in hint


def test_it_says_where_the_pages_are_and_how_to_become_an_admin(tmp_path):
    with serving(tmp_path) as (server, address):
        assert f"http://{address}/" in server.sees("in a browser")
        assert f"http://{address}/swagger/" in server.sees("HTTP API")
        assert "--role admin" in server.sees("admin's")
    with serving(tmp_path, "--set", "server.pages=no") as (server, _):
        server.sees("data is in")
        assert "token" in server.sees("browser|swagger|token")


def test_a_port_that_is_taken_is_one_line_with_its_cure(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        told = run(tmp_path, "serve", "--port", str(taken.getsockname()[1]))
    assert told.returncode == 1
    assert len(told.stderr.splitlines()) == 1
    assert "--port" in told.stderr
    assert not (tmp_path / "tornchat-data").exists()


@pytest.mark.long
def test_nobody_is_let_in_before_the_plugins_have_started(tmp_path):
    """The start waits for an issuer that takes the connection and says nothing."""
    port = free_port()
    with (
        socket.create_server(("127.0.0.1", 0)) as issuer,
        running(
            *(tmp_path, "serve", "--port", str(port), "--set", "jwt.algorithms=RS256"),
            *("--set", f"jwt.jwks_url=http://127.0.0.1:{issuer.getsockname()[1]}/keys"),
        ) as server,
    ):
        issuer.settimeout(30)
        with issuer.accept()[0]:
            with pytest.raises(ConnectionRefusedError):
                connected(f"127.0.0.1:{port}")
            server.sees("listening")
        connected(f"127.0.0.1:{port}").close()


def test_the_descriptor_limit_is_raised(tmp_path):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with serving(tmp_path) as (server, _):
        assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)[0] == hard


@pytest.mark.long
def test_headers_that_come_byte_by_byte_are_cut_off_within_10_seconds(tmp_path):
    with serving(tmp_path) as (_, address), connected(address) as slow:
        slow.settimeout(0.5)
        began = time.monotonic()
        slow.sendall(b"GET / HTTP/1.1\r\nX: ")
        while time.monotonic() - began < 15:
            try:
                slow.sendall(b"x")
                if not slow.recv(100):
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
        assert time.monotonic() - began < 10


def test_headers_that_are_too_big_are_refused(tmp_path):
    with serving(tmp_path) as (_, address), connected(address) as big:
        try:
            big.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n")
            assert big.recv(100)[:12] in (b"", b"HTTP/1.1 431", b"HTTP/1.1 400")
        except ConnectionError:
            pass


def test_the_log_shows_no_token(tmp_path):
    with serving(tmp_path, "--set", "tornchat.log_level=debug") as (server, address):
        with connected(address) as client:
            client.sendall(b"GET /nowhere?token=SECRET HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 404")
        server.process.send_signal(signal.SIGTERM)
        assert server.ends() == 0
    assert "GET '/nowhere' 404" in server.stderr
    assert "SECRET" not in server.stderr


@pytest.mark.long
def test_two_servers_do_not_share_a_data_directory(tmp_path):
    """Each would keep to itself what is said in it."""
    with serving(tmp_path) as (server, _):
        told = run(tmp_path, "serve", "--port", "0")
        assert told.returncode == 1
        assert len(told.stderr.splitlines()) == 1
        assert "Another server uses" in told.stderr
        server.process.kill()
        server.process.wait()
    with serving(tmp_path) as (server, _):  # the lock went with its process
        server.process.send_signal(signal.SIGTERM)
        assert server.ends() == 0


@pytest.mark.long
def test_a_database_has_one_server_whatever_the_data_directory(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "link.db").symlink_to(tmp_path / "one" / "chat.db")
    first = f"peewee.url=sqlite:///{tmp_path / 'one' / 'chat.db'}"
    second = f"peewee.url=sqlite:///{tmp_path / 'link.db'}"
    with serving(tmp_path, "--set", first, "--set", "tornchat.data_dir=a") as (server, _):
        told = run(tmp_path, "serve", "--port", "0", "--set", second, "--set", "tornchat.data_dir=b")
        assert told.returncode == 1
        assert "Another server uses" in told.stderr
        server.process.terminate()
        assert server.process.wait(15) == 0
    with serving(tmp_path, "--set", second, "--set", "tornchat.data_dir=b") as (server, _):
        server.process.terminate()
        assert server.process.wait(15) == 0
