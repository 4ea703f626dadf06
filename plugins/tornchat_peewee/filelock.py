"""A lock file shared between processes, whose content serves as a marker."""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tornchat import SettingsError

PATIENCE = 20.0
"""Maximum wait for the lock in seconds, below the deadline of `startup` (30 s)."""


class FileLock:
    """An exclusive lock on the file at `path`. The system releases it when the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Context manager that holds the lock.

        Raises `SettingsError` if it is not acquired within `PATIENCE` seconds, or the file can't be opened.
        """
        descriptor = self._descriptor()
        try:
            self._wait(descriptor)
            yield
        finally:
            os.close(descriptor)

    async def taken(self, seconds: float) -> int | None:
        """Take the lock and return a descriptor that holds it until it is closed; None after `seconds`."""
        descriptor = self._descriptor()
        end = time.monotonic() + seconds
        try:
            while not _taken(descriptor):
                if time.monotonic() > end:
                    os.close(descriptor)
                    return None
                await asyncio.sleep(0.05)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def taken_at_once(self) -> int | None:
        """Take the lock and return a descriptor that holds it until it is closed; None if it is taken.

        Raises `OSError` if the file can't be opened.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if _taken(descriptor):
            return descriptor
        os.close(descriptor)
        return None

    def mark(self, text: str) -> None:
        """Write `text` as the content of the file."""
        self._path.write_text(text, encoding="utf-8")

    def marked(self) -> bool:
        """Return whether the file exists and is not empty."""
        return self._path.exists() and self._path.stat().st_size > 0

    def _descriptor(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            what = f"{self._path} can't be opened: {error.strerror}."
            raise SettingsError(what, "Give the server's user write access.") from error

    def _wait(self, descriptor: int) -> None:
        deadline = time.monotonic() + PATIENCE
        while not _taken(descriptor):
            if time.monotonic() > deadline:
                what = f"Another process has kept {self._path} locked for {PATIENCE:g} seconds."
                raise SettingsError(what, "Wait until its migration has ended, or end it.")
            time.sleep(0.05)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
