"""The positions that were handed out, kept beside the data, so that an older database is detected."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping
from itertools import count, islice
from pathlib import Path
from struct import Struct

from tornchat_peewee.filelock import FileLock

RECORD = Struct("<16sQ")
"""The first 16 bytes of an epoch, and a `seq`."""
SMALL = 2**20
"""Size in bytes up to which a journal is never rewritten."""
MOST_EPOCHS = 250_000
"""Epochs that a journal has after it was rewritten: 6 MB. Rooms are deleted, and epochs renewed, for ever."""

logger = logging.getLogger("tornchat.peewee")


class Positions:
    """The highest `seq` of each log that the processes with this directory have handed out.

    Each process appends to a journal of its own, after the commit and before the positions leave the plugin.
    So after a kill the database is never behind the journal; it is only if it was replaced by an older one.
    The journal is not synchronized to disk: after a power failure its last seconds may be missing. Epochs are
    unique, so that those of deleted rooms and of other databases do no harm. The newest `MOST_EPOCHS` that
    were noted are kept.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._slot: int | None = None
        self._file = -1
        self._size = 0
        self._limit = SMALL
        self._noted: dict[bytes, int] = {}
        self._missing: dict[bytes, int] = {}
        self._warned = False

    def open(self) -> None:
        """Open a journal that no other process uses. A failure is logged, and nothing is noted then."""
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path = self._free_path()
            self._noted = _read(self._path)
            self._rewrite()
        except OSError as error:
            self._warn(error)

    def close(self) -> None:
        """Close the journal, on disk. Never raises."""
        with self._lock:
            for descriptor in (self._file, self._slot):
                if descriptor is not None and descriptor >= 0:
                    _close(descriptor)
            self._file, self._slot = -1, None

    def known(self) -> dict[bytes, int]:
        """Return the highest `seq` by `key_of(epoch)`, of all processes. What can't be read is logged."""
        found: dict[bytes, int] = {}
        try:
            for path in self._directory.glob("[0-9]*.log"):
                _merge(found, _read(path))
        except OSError as error:
            self._warn(error)
        return found

    def note(self, heads: Mapping[str, int]) -> None:
        """Note the `seq` by epoch. Any thread may call it. Never raises: a failure is logged once."""
        with self._lock:
            if self._file < 0:
                return
            for epoch, seq in heads.items():
                key = key_of(epoch)
                if seq > self._noted.get(key, 0):
                    self._noted.pop(key, None)  # so that the ones in use are at the end
                    self._noted[key] = self._missing[key] = seq
            if self._missing:
                self._write_missing()

    def _write_missing(self) -> None:
        data = b"".join(map(RECORD.pack, self._missing.keys(), self._missing.values()))
        try:
            if os.write(self._file, data) != len(data):
                os.ftruncate(self._file, self._size)  # a part of a record would make the next ones unreadable
                raise OSError("no space for a whole record")
            self._size += len(data)
            self._missing.clear()
            if self._size > self._limit:
                self._rewrite()
        except OSError as error:
            self._warn(error)

    def _rewrite(self) -> None:
        """Replace the journal by one that has each epoch once, and only the newest ones."""
        for key in list(islice(self._noted, max(0, len(self._noted) - MOST_EPOCHS))):
            del self._noted[key]
        fresh = self._path.with_suffix(".new")
        data = b"".join(RECORD.pack(key, seq) for key, seq in self._noted.items())
        fresh.touch(mode=0o600)
        fresh.write_bytes(data)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        fresh.replace(self._path)
        if self._file >= 0:
            os.close(self._file)
        self._file, self._size = descriptor, len(data)
        self._limit = max(SMALL, 8 * self._size)

    def _free_path(self) -> Path:
        for number in count():
            self._slot = FileLock(self._directory / f"{number}.lock").taken_at_once()
            if self._slot is not None:
                return self._directory / f"{number}.log"
        raise AssertionError("count() is endless")

    def _warn(self, error: OSError) -> None:
        if not self._warned:
            self._warned = True
            logger.warning(
                "Positions can't be noted in %s (%s), so that a database restored from a backup is not "
                "detected: run `tornchat migrate --new-epochs` after a restore.",
                self._directory,
                error.strerror or error,
            )


def key_of(epoch: str) -> bytes:
    """Return the key of an epoch in a journal."""
    return epoch.encode()[:16].ljust(16, b"\0")


def _read(path: Path) -> dict[bytes, int]:
    """Return the highest `seq` of each key, the last noted key at the end. Half a record is ignored."""
    data = path.read_bytes() if path.exists() else b""
    found: dict[bytes, int] = {}
    for key, seq in RECORD.iter_unpack(data[: len(data) // RECORD.size * RECORD.size]):
        found[key] = max(seq, found.pop(key, 0))
    return found


def _merge(found: dict[bytes, int], more: Mapping[bytes, int]) -> None:
    for key, seq in more.items():
        if seq > found.get(key, 0):
            found[key] = seq


def _close(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        logger.warning("The noted positions may not be on disk: %s", error.strerror)
    finally:
        os.close(descriptor)
