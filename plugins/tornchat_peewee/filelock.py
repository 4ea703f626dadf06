"""A lock between processes that is a file, and can hold a mark."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tornchat import SettingsError

PATIENCE = 20.0
"""Seconds; `startup` may take 30."""


class FileLock:
    """The file at `path`, locked by one process at a time. The lock ends with its process."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock. Raises `SettingsError` when it isn't free within `PATIENCE` seconds, or not ours."""
        descriptor = self._descriptor()
        try:
            self._wait(descriptor)
            yield
        finally:
            os.close(descriptor)

    def mark(self, text: str) -> None:
        """Make `text` the file's content."""
        self._path.write_text(text, encoding="utf-8")

    def marked(self) -> bool:
        """Say whether the last mark was a text that is not empty."""
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
