"""The plugin: the hooks of storage and history, handed to threads that may wait for a disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from tornchat import (
    ChatHandle,
    Draft,
    Fault,
    NotStored,
    Page,
    Position,
    RoomInfo,
    SettingsError,
    StoreResult,
    Unavailable,
    User,
    hookimpl,
)
from tornchat_peewee.backend import Backend
from tornchat_peewee.databases import backend_of
from tornchat_peewee.log import Log
from tornchat_peewee.models import models_of
from tornchat_peewee.pruning import Pruning
from tornchat_peewee.rooms import Rooms
from tornchat_peewee.schema import migrate
from tornchat_peewee.session import Session
from tornchat_peewee.settings import PeeweeSettings
from tornchat_peewee.statements import Statements
from tornchat_peewee.workers import Workers

Result = TypeVar("Result")


class _Open(NamedTuple):
    """What exists from `startup` to `shutdown`."""

    writer: Workers
    readers: Workers
    log: Log
    rooms: Rooms
    pruning: Pruning


class PeeweePlugin:
    """`peewee`: the rooms and their logs in a database. Everything written passes through one thread."""

    Settings = PeeweeSettings

    def __init__(self, settings: PeeweeSettings) -> None:
        self._settings = settings
        self._open: _Open | None = None

    @hookimpl
    async def startup(self, chat: ChatHandle) -> None:
        backend = backend_of(self._settings)
        await _migrated(backend)
        models = models_of(backend.database)
        statements = Statements(backend, models)
        self._open = _Open(
            Workers("peewee-writer", 1, backend),
            Workers("peewee-reader", self._settings.readers, backend),
            Log(backend, statements),
            Rooms(backend, models, statements),
            Pruning(backend, models),
        )

    @hookimpl
    async def shutdown(self) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            await opened.readers.stop()
            await opened.writer.stop()  # last: whoever closes last tidies up SQLite's files

    @hookimpl
    async def check(self) -> Sequence[Fault]:
        try:
            backend = backend_of(self._settings)
        except SettingsError as error:
            return [Fault(error.what, error.cure)]
        return await _in_a_thread(backend, lambda session: backend.faults())

    @hookimpl
    async def migrate(self) -> Sequence[str]:
        return await _migrated(backend_of(self._settings))

    @hookimpl
    async def health(self) -> dict[str, str]:
        if self._open is None:
            return {"storage": "not open", "history": "not open"}
        parts = {
            "storage": self._open.writer.run(_try_writing),
            "history": self._open.readers.run(_try_reading),
        }
        return {part: await answer for part, answer in parts.items()}

    @hookimpl
    async def open_room(self, name: str, user: User, create: bool, owned_limit: int) -> RoomInfo | None:
        opened = self._opened()
        room = await opened.readers.run(partial(opened.rooms.find, name=name))
        if room is None and create:
            job = partial(opened.rooms.create, name=name, user=user, owned_limit=owned_limit)
            try:
                room = await opened.writer.run(job)
            except NotStored as error:
                raise Unavailable(str(error)) from error
        return None if room is None or (room.private and room.owner != user.id) else room

    @hookimpl
    async def renew_epoch(self, room: str, epoch: str) -> None:
        opened = self._opened()
        try:
            await opened.writer.run(partial(opened.rooms.renew_epoch, name=room, epoch=epoch))
        except NotStored as error:
            raise Unavailable(str(error)) from error

    @hookimpl
    def store_messages(self, drafts: Sequence[Draft]) -> asyncio.Future[list[StoreResult]]:
        if self._open is None:
            raise NotStored("The database is not open.")
        return self._open.writer.run(partial(self._open.log.store, drafts=drafts))

    @hookimpl
    def read_history(
        self, room: str, after: int | None, before: int | None, limit: int
    ) -> asyncio.Future[Page | None]:
        opened = self._opened()
        job = partial(opened.log.read, room=room, after=after, before=before, limit=limit)
        return opened.readers.run(job)

    @hookimpl
    def latest_positions(self, rooms: Sequence[str]) -> asyncio.Future[dict[str, Position]]:
        opened = self._opened()
        return opened.readers.run(partial(opened.log.positions, rooms=rooms))

    @hookimpl
    async def prune_history(self, room: str | None, before_ms: int, limit: int) -> int:
        opened = self._opened()
        job = partial(opened.pruning.prune, name=room, before_ms=before_ms, limit=limit)
        try:
            return await opened.writer.run(job)
        except NotStored as error:
            raise Unavailable(str(error)) from error

    def _opened(self) -> _Open:
        if self._open is None:
            raise Unavailable("The database is not open.")
        return self._open


async def _migrated(backend: Backend) -> list[str]:
    return await _in_a_thread(backend, lambda session: migrate(backend))


async def _in_a_thread(backend: Backend, job: Callable[[Session], Result]) -> Result:
    """Carry out `job` in a thread that ends with it."""
    worker = Workers("peewee-once", 1, backend)
    try:
        return await worker.run(job)
    finally:
        await worker.stop()


def _try_writing(session: Session) -> str:
    try:
        with session.writing():
            return "ok"
    except Exception as error:
        return str(error)


def _try_reading(session: Session) -> str:
    try:
        with session.reading():
            return "ok"
    except Exception as error:
        return str(error)
