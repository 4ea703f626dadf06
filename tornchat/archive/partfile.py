"""Atomic creation of a file: it is written under a temporary name and renamed when it is complete."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tornchat.errors import SettingsError


class PartFile:
    """A file that is `<path>.part` while it is written, and `path` once it is complete.

    If the process is killed, the part file remains and can be continued.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")

    @contextmanager
    def growing(self) -> Iterator[BinaryIO]:
        """Context manager that yields the part file, open for reading and writing.

        A new part file starts as a copy of the complete file, if that exists. When the body ends, the part
        file replaces the complete one. If the body raises, the part file remains, except that a new one is
        removed after `SettingsError`. Raises `SettingsError` if the file can't be written or is locked by
        another process.
        """
        is_new = not self._part.exists()
        try:
            with self._opened() as file:
                try:
                    yield file
                except SettingsError:
                    if is_new:
                        self._part.unlink()
                    raise
                self._finish(file)
        except OSError as error:
            what = f"{self._part} can't be written: {error.strerror}."
            raise SettingsError(what, "Name another --output, or make room for it.") from error

    def _finish(self, file: BinaryIO) -> None:
        file.flush()
        os.fsync(file.fileno())
        self._part.replace(self._path)
        directory = os.open(self._path.absolute().parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)  # makes the rename durable
        finally:
            os.close(directory)

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        descriptor = os.open(self._part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)  # private messages
        with open(descriptor, "r+b") as file:
            self._lock(descriptor)
            if not os.fstat(descriptor).st_size and self._path.exists():
                with self._path.open("rb") as whole:
                    shutil.copyfileobj(whole, file)
                file.seek(0)
            yield file

    def _lock(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            mine = os.path.samestat(os.fstat(descriptor), self._part.stat())
        except (BlockingIOError, FileNotFoundError):
            mine = False
        if not mine:
            raise SettingsError(
                f"Somebody else is writing {self._part}.", "Wait for its end, or name another --output."
            )
