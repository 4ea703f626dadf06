"""Signals that come before the start is complete, twice, during the drain, or that mean nothing."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.process import COMMAND, SECONDS, environment, running, serving
from tests.cli.test_serve import connected

IN_A_NAMESPACE = ("unshare", "--pid", "--fork", "--kill-child")
"""Makes the command process 1, as in a container."""
MEANINGLESS = (signal.SIGUSR1, signal.SIGUSR2)


ENDLESS_IMPORT = """
import time
print("importing", flush=True)
while True:
    time.sleep(0.01)
"""


@contextmanager
def importing(folder: Path, *before: str) -> Iterator[subprocess.Popen[str]]:
    """`tornchat serve` in the middle of its first imports: it gets no further than the library click.

    As an import, it consists of many short steps: Python handles signals between them.
    """
    (folder / "lib").mkdir()
    (folder / "lib/click.py").write_text(ENDLESS_IMPORT)
    process = subprocess.Popen(
        [*before, *COMMAND, "serve", "--port", "0"],
        cwd=folder,
        env=environment(PYTHONPATH=str(folder / "lib")),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "importing\n"
        yield process
    finally:
        process.kill()
        process.wait(SECONDS)
        process.stdout.close()


def may_unshare() -> bool:
    command = [*IN_A_NAMESPACE, "true"]
    return shutil.which("unshare") is not None and not subprocess.run(command, capture_output=True).returncode


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_during_the_first_imports_is_a_good_end(tmp_path: Path, number: signal.Signals) -> None:
    with importing(tmp_path) as process:
        for other in (signal.SIGHUP, *MEANINGLESS):
            process.send_signal(other)
        process.send_signal(number)
        assert process.wait(SECONDS) == 0


@pytest.mark.skipif(not may_unshare(), reason="a process namespace can't be made here")
def test_a_stop_during_the_first_imports_is_not_lost_as_process_1(tmp_path: Path) -> None:
    with importing(tmp_path, *IN_A_NAMESPACE) as unshare:
        children = Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children").read_text()
        os.kill(int(children), signal.SIGTERM)
        assert unshare.wait(SECONDS) == 0


IDLE = """
import asyncio, signal, threading
from tornchat.cli.hangup import Hangup
from tornchat.cli.stop import Stop

stop, hangup, sent = Stop(60), Hangup(), threading.Event()

def deliver():
    for number in (signal.SIGHUP, signal.SIGTERM):
        sent.wait()
        sent.clear()
        signal.pthread_kill(threading.get_ident(), number)

async def main():
    async def reload():
        await hangup.wait()
        print("reload", flush=True)
        sent.set()

    reloading = asyncio.create_task(reload())
    stopping = asyncio.create_task(stop.wait())
    sent.set()
    await stopping
    await reloading

threading.Thread(target=deliver, daemon=True).start()
asyncio.run(main())
"""
"""An idle process that has no timers. Another thread than the loop's gets the signals."""


def test_a_signal_that_another_thread_gets_is_not_lost() -> None:
    told = subprocess.run([sys.executable, "-c", IDLE], capture_output=True, text=True, timeout=SECONDS)
    assert (told.stdout, told.returncode) == ("reload\n", 0), told.stderr


@pytest.mark.long
def test_a_stop_while_the_plugins_start_ends_the_start(tmp_path: Path) -> None:
    """The start waits for an issuer that takes the connection and says nothing."""
    with (
        socket.create_server(("127.0.0.1", 0)) as issuer,
        running(
            *(tmp_path, "serve", "--port", "0", "--set", "jwt.algorithms=RS256"),
            *("--set", f"jwt.jwks_url=http://127.0.0.1:{issuer.getsockname()[1]}/keys"),
        ) as server,
    ):
        issuer.settimeout(SECONDS)
        with issuer.accept()[0]:
            server.process.send_signal(signal.SIGHUP)
            server.process.send_signal(signal.SIGTERM)
            assert server.ends() == 0
    lines = list(iter(server.out.get, None))
    assert [line for line in lines if "listening" in line] == []
    assert "tornchat is stopping" in lines


def test_signals_without_a_meaning_change_nothing(tmp_path: Path) -> None:
    with serving(tmp_path) as (server, address):
        for number in MEANINGLESS:
            server.process.send_signal(number)
        connected(address).close()
        server.process.send_signal(signal.SIGTERM)
        assert server.ends() == 0


def test_a_hangup_during_the_drain_is_ignored(tmp_path: Path) -> None:
    with serving(tmp_path) as (server, _):
        server.process.send_signal(signal.SIGTERM)
        server.sees("stopping")
        server.process.send_signal(signal.SIGHUP)
        assert server.ends() == 0
    assert not server.logged("reloaded")
