"""Sockets that are bound early and listen late."""

from __future__ import annotations

import os
import socket

import pytest

from tornchat.cli.listening import activated, bind, listen, shown
from tornchat.errors import SettingsError


def knocks(port: int) -> None:
    socket.create_connection(("127.0.0.1", port), timeout=5).close()


def test_nobody_is_let_in_before_it_listens() -> None:
    [bound] = bind("127.0.0.1", 0)
    with bound:
        port = bound.getsockname()[1]
        with pytest.raises(ConnectionRefusedError):
            knocks(port)
        listen([bound])
        knocks(port)


def test_a_name_of_several_addresses_has_one_port() -> None:
    sockets = bind("localhost", 0)
    assert len({one.getsockname()[1] for one in sockets}) == 1
    assert all(shown(one).startswith(("127.0.0.1:", "[::1]:")) for one in sockets)
    for one in sockets:
        one.close()


def test_who_comes_second_is_refused_when_it_listens() -> None:
    """Two may bind one port as long as nobody listens."""
    [first] = bind("127.0.0.1", 0)
    with first, bind("127.0.0.1", first.getsockname()[1])[0] as second:
        listen([first])
        with pytest.raises(SettingsError, match="--port"):
            listen([second])


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1", "x" * 70])
def test_an_address_that_can_not_be_had_is_refused(host: str) -> None:
    with pytest.raises(SettingsError, match="can't listen on"):
        bind(host, 0)


def test_the_sockets_of_a_systemd_unit_are_taken_by_whom_they_are_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", "1")
    assert activated() == []
    with socket.create_server(("127.0.0.1", 0)) as unit:
        monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
        monkeypatch.setattr("tornchat.cli.listening.FIRST_ACTIVATED", os.dup(unit.fileno()))
        [taken] = activated()
        with taken:
            assert taken.getsockname() == unit.getsockname()
            knocks(taken.getsockname()[1])
