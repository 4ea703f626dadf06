"""What systemd is told: the server is ready, and it stops. The documented unit is sound and sandboxed."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.process import serving
from tests.valkey import valkey
from tests.workers import READY as WORKER_READY
from tests.workers import options_of_one_chat
from tornchat.cli.notify import READY, notify

UNIT = re.search(
    r"### systemd\n\n```text\n(.*?)```",
    (Path(__file__).parents[2] / "docs/operating.md").read_text(),
    re.DOTALL,
)
MOST_EXPOSED = 2.5
RELOADS_SINCE = 253
"""The version of systemd that introduced `Type=notify-reload`."""


def listener(address: str) -> socket.socket:
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(address)
    manager.settimeout(20)
    return manager


def test_a_server_says_when_it_is_ready_and_when_it_stops(tmp_path: Path) -> None:
    address = str(tmp_path / "manager")
    with listener(address) as manager, serving(tmp_path, NOTIFY_SOCKET=address) as (server, _):
        assert manager.recv(100) == b"READY=1"
        server.process.send_signal(signal.SIGTERM)
        assert manager.recv(100) == b"STOPPING=1"
        assert server.ends() == 0


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.long
def test_a_reload_is_told_with_its_time_and_its_end(tmp_path: Path, workers: int) -> None:
    """Also of settings that are refused: otherwise `systemctl reload` would wait for ever."""
    address = str(tmp_path / "manager")
    file = tmp_path / "tornchat.ini"
    file.write_text("")
    words = ["--config", str(file), "--workers", str(workers)]
    with ExitStack() as stack:
        manager = stack.enter_context(listener(address))
        if workers > 1:
            words += options_of_one_chat(tmp_path, stack.enter_context(valkey()))
        server, _ = stack.enter_context(serving(tmp_path, *words, NOTIFY_SOCKET=address))
        assert manager.recv(100) == b"READY=1"
        if workers > 1:
            server.logs(WORKER_READY, workers)  # the first one is enough for READY
        for text in ("", "[limits]\nmessage_chars = none\n"):
            file.write_text(text)
            before = time.monotonic_ns() // 1000
            server.process.send_signal(signal.SIGHUP)
            told = dict(line.split("=") for line in manager.recv(100).decode().splitlines())
            assert told.keys() == {"RELOADING", "MONOTONIC_USEC"}
            assert told["RELOADING"] == "1"
            assert before <= int(told["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
            assert manager.recv(100) == b"READY=1"
        server.process.send_signal(signal.SIGTERM)
        assert manager.recv(100) == b"STOPPING=1"
        assert server.ends() == 0


def test_a_name_without_a_file_is_understood(tmp_path: Path) -> None:
    name = f"tornchat-test-{tmp_path.name}"
    with listener(f"\0{name}") as manager:
        notify(READY, {"NOTIFY_SOCKET": f"@{name}"})
        assert manager.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "nonsense", "/nowhere/at/all"])
def test_without_a_manager_nothing_happens(address: str) -> None:
    notify(READY, {"NOTIFY_SOCKET": address})


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_documented_unit_is_sound_and_sandboxed(tmp_path: Path) -> None:
    assert UNIT is not None
    unit = tmp_path / "tornchat.service"
    unit.write_text(_for_this_systemd(UNIT[1]).replace("/opt/chat/bin/tornchat", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=True)
    assert [line for line in done.stderr.splitlines() if "tornchat.service" in line] == []
    words = ["systemd-analyze", "security", "--offline=yes", unit]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", told)
    assert level is not None
    assert float(level[1]) <= MOST_EXPOSED


def _for_this_systemd(unit: str) -> str:
    """The unit, in an older systemd with what the documentation says for it."""
    told = subprocess.run(["systemd-analyze", "--version"], capture_output=True, text=True, check=True).stdout
    if int(re.findall(r"\d+", told)[0]) >= RELOADS_SINCE:
        return unit
    assert "Type=notify-reload\n" in unit
    return unit.replace("Type=notify-reload\n", "Type=notify\nExecReload=/bin/kill -HUP $MAINPID\n")
