"""The lock of the process that writes to an SQLite file, where only one may."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tornchat import SettingsError
from tornchat_peewee.filelock import FileLock

SERVER_PATIENCE = 1.0
"""Maximum wait in seconds for a server that is stopping."""
COMMAND_PATIENCE = 10.0
"""Maximum wait in seconds for a command, below the deadline of `startup` (30 s)."""
LOOK_SECONDS = 0.05
SERVER = "server"


class Holder(NamedTuple):
    """The process that holds the lock. `pid` is 0 if it has not yet written who it is."""

    pid: int
    is_server: bool

    @property
    def is_this_process(self) -> bool:
        return self.pid == os.getpid()

    def __str__(self) -> str:
        return f"process {self.pid}" if self.pid else "process that has just started"


class WriterLock:
    """A lock beside the database. Its file contains who holds it."""

    def __init__(self, database: Path) -> None:
        """`database` is resolved, so that links to one database have one lock."""
        path = database.resolve()
        self._path = path.with_name(path.name + ".server")

    async def take(self, is_server: bool) -> Callable[[], None] | Holder:
        """Take the lock and return a function that releases it; or else who holds it.

        Waits for a server that is stopping, and longer for a command. Raises `SettingsError` if the file
        can't be opened.
        """
        began = time.monotonic()
        while (descriptor := FileLock(self._path).taken_now()) is None:
            holder = self._holder()
            patience = SERVER_PATIENCE if holder.is_server else COMMAND_PATIENCE
            if holder.is_this_process or time.monotonic() - began > patience:
                return holder
            await asyncio.sleep(LOOK_SECONDS)
        self._sign(descriptor, is_server)
        return partial(os.close, descriptor)

    def _holder(self) -> Holder:
        try:
            kind, _, pid = self._path.read_text("utf-8").partition(" ")
            return Holder(int(pid), kind == SERVER)
        except (OSError, ValueError):  # it is being written
            return Holder(0, True)

    @staticmethod
    def _sign(descriptor: int, is_server: bool) -> None:
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{SERVER if is_server else 'command'} {os.getpid()}".encode(), 0)
        except OSError:
            pass  # on a full disk the lock holds as well


def second_server(path: Path, holder: Holder) -> SettingsError:
    """Return the refusal of a server whose database another server uses."""
    return SettingsError(
        f"Another server uses {path} ({holder}), and its messages would not reach this server's members.",
        "Choose another [peewee] url, or set [server] workers, or make both one chat with redis.",
    )


def second_writer(path: Path, holder: Holder, bug: str, cure: str) -> SettingsError:
    """Return the refusal of a process that would be the second one to write with a SQLite that has `bug`."""
    first = "Stop it first" if holder.is_server else "Wait until it has ended"
    what = f"The {holder} uses {path}, and a second one that writes to it may corrupt it: {bug}."
    return SettingsError(what, f"{first}; or {cure}")
