"""A lock that permits one server per data directory, unless a broadcast connects several."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tornchat.errors import SettingsError

PATIENCE = 1.0
"""Maximum wait in seconds for a server that is stopping."""


@contextmanager
def occupied(data_dir: Path) -> Iterator[None]:
    """Context manager that locks `data_dir`. The system releases the lock when the process ends.

    Raises `SettingsError` if another server holds the lock. A directory that is not writable is not locked,
    since it can't contain a shared database.
    """
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(data_dir / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        yield
        return
    try:
        _lock(descriptor, data_dir)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, data_dir: Path) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                break
            time.sleep(0.05)
    what = f"Another server uses {data_dir}, and what is said there would not reach this one's members."
    cure = "Choose another [tornchat] data_dir, or set [server] workers, or make both one chat with redis."
    raise SettingsError(what, cure)
