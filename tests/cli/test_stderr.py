"""Nobody reads stderr: the server goes on, ends on SIGTERM, and says how many lines were dropped."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import select
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from tornado.httpclient import AsyncHTTPClient

from tests.cli.process import COMMAND, environment
from tornchat.cli import stderr as module
from tornchat.cli.stderr import QueuedStderr

PIPE_BYTES = 65536


@pytest.mark.parametrize("shared", [False, True], ids=["stderr", "stdout too"])
@pytest.mark.long
def test_a_server_whose_stderr_is_full_answers_and_ends(tmp_path: Path, shared: bool) -> None:
    """`shared`: stdout is the same pipe, as with `2>&1`; the server's address is read from it first."""
    ours, theirs = os.pipe()
    command = [*COMMAND, "serve", "--port", "0", "--set", "tornchat.log_level=debug"]
    stdout = theirs if shared else subprocess.PIPE
    process = subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=stdout, stderr=theirs)
    os.close(theirs)
    try:
        found, seen = None, b""
        while found is None:
            assert process.stdout is not None or shared
            seen += os.read(ours if shared else process.stdout.fileno(), PIPE_BYTES)  # type: ignore[union-attr]
            found = re.search(rb"listening on (http://127\.0\.0\.1:\d+)", seen)

        async def ask() -> None:
            path = "/healthz?" + "x" * 10  # each request is one debug line with its path
            for _ in range(2 * PIPE_BYTES // 60):
                assert (await AsyncHTTPClient().fetch(found[1].decode() + path)).code == 200

        asyncio.run(asyncio.wait_for(ask(), 30))
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        if process.stdout is not None:
            process.stdout.close()


def test_dropped_lines_are_counted() -> None:
    ours, theirs = os.pipe()
    handler = QueuedStderr(theirs, most=5)
    filling = b"x" * PIPE_BYTES
    os.write(theirs, filling)  # the pipe is full
    for number in range(100):
        handler.emit(logging.makeLogRecord({"msg": f"line {number}"}))
    read = bytearray()

    def reads() -> None:
        while chunk := os.read(ours, PIPE_BYTES):
            read.extend(chunk)

    reader = threading.Thread(target=reads)
    reader.start()
    handler.close()
    os.close(theirs)
    reader.join()
    os.close(ours)
    lines = bytes(read[PIPE_BYTES:]).decode().splitlines()
    dropped = sum(int(line.split()[0]) for line in lines if "dropped" in line)
    assert len([line for line in lines if line.startswith("line ")]) + dropped == 100
    assert dropped >= 89


def test_lines_that_follow_soon_share_a_write_and_flush_does_not_wait_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a pause of an hour the thread is woken by the first line, and then only by `flush` and `close`."""
    monkeypatch.setattr(module, "PAUSE_SECONDS", 3600)
    ours, theirs = os.pipe()
    handler = QueuedStderr(theirs)
    try:
        handler.emit(logging.makeLogRecord({"msg": "first"}))
        assert os.read(ours, PIPE_BYTES) == b"first\n"
        for word in ("second", "third"):
            handler.emit(logging.makeLogRecord({"msg": word}))
        assert not select.select([ours], [], [], 0.05)[0]
        began = time.monotonic()
        handler.flush()
        assert os.read(ours, PIPE_BYTES) == b"second\nthird\n"
        handler.emit(logging.makeLogRecord({"msg": "last"}))
        handler.close()
        assert os.read(ours, PIPE_BYTES) == b"last\n"
        assert time.monotonic() - began < 1
    finally:
        os.close(ours)
        os.close(theirs)
