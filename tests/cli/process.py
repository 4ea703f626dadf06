"""`tornchat` as a process: what it prints is awaited line by line, and no process outlives its test."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COMMAND = [sys.executable, "-W", "always", "-m", "tornchat"]
"""Not `-X dev`: on a busy machine asyncio would tell of every step that takes a tenth of a second."""
SECONDS = 30


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TORNCHAT_")}
    return {**kept, **more}


def run(folder: Path, *arguments: str, said: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with `said` as its input. Nothing may warn about what it left open."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment(**env),
        input=said,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert "Traceback" not in done.stderr
    assert "Warning" not in done.stderr, done.stderr
    return done


class Running:
    """A command that goes on; its stdout and stderr are lines that can be awaited."""

    def __init__(self, folder: Path, *arguments: str, **env: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=folder,
            env=environment(**env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._stdin, self._stdout, self._stderr = (
            self.process.stdin,
            self.process.stdout,
            self.process.stderr,
        )
        self.out: queue.Queue[str | None] = queue.Queue()
        self.errors: list[str] = []
        self._logged = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read_out, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def _read_out(self) -> None:
        for line in self._stdout:
            self.out.put(line.rstrip("\n"))
        self.out.put(None)

    def _read_errors(self) -> None:
        for line in self._stderr:
            with self._logged:
                self.errors.append(line)
                self._logged.notify_all()

    def sees(self, wanted: str) -> str:
        """The next line of stdout that holds `wanted`, a regular expression."""
        while True:
            line = self.out.get(timeout=SECONDS)
            assert line is not None, f"it ended without {wanted!r}: {''.join(self.errors)}"
            if re.search(wanted, line):
                return line

    def logged(self, wanted: str) -> list[re.Match[str]]:
        """Where `wanted`, a regular expression, stands in stderr by now."""
        return [match for line in list(self.errors) if (match := re.search(wanted, line))]

    def logs(self, wanted: str, count: int = 1) -> list[re.Match[str]]:
        """The same once it stands in `count` lines."""
        with self._logged:
            in_time = self._logged.wait_for(lambda: len(self.logged(wanted)) >= count, SECONDS)
        assert in_time, f"{wanted!r} is not logged {count} times: {self.stderr}"
        return self.logged(wanted)

    def types(self, text: str) -> None:
        self._stdin.write(text + "\n")
        self._stdin.flush()

    def ends(self) -> int:
        """Close its stdin, wait for its end, and give its exit status."""
        self._stdin.close()
        status = self.process.wait(SECONDS)
        self._finish()
        assert "Traceback" not in self.stderr
        assert "Warning" not in self.stderr
        return status

    @property
    def stderr(self) -> str:
        return "".join(self.errors)

    def _finish(self) -> None:
        for reader in self._readers:
            reader.join(SECONDS)
        for pipe in (self._stdin, self._stdout, self._stderr):
            pipe.close()


@contextmanager
def running(folder: Path, *arguments: str, **env: str) -> Iterator[Running]:
    process = Running(folder, *arguments, **env)
    try:
        yield process
    finally:
        if process.process.poll() is None:
            process.process.kill()
            process.process.wait(SECONDS)
        process._finish()


@contextmanager
def serving(folder: Path, *arguments: str, **env: str) -> Iterator[tuple[Running, str]]:
    """A server on a free port, and its host:port."""
    with running(folder, "serve", "--port", "0", *arguments, **env) as server:
        address = re.search(r"127\.0\.0\.1:\d+", server.sees("listening"))
        assert address is not None
        yield server, address[0]
