"""The plugin class, with the hooks for storage and history. Queries run in worker threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

from tornchat import (
    Changed,
    ChatHandle,
    Draft,
    Entry,
    Fault,
    MarkSet,
    NotStored,
    OpenMessage,
    Page,
    Position,
    RoomInfo,
    SettingsError,
    StoreResult,
    Unavailable,
    User,
    hookimpl,
)
from tornchat_peewee.audit import AuditTable
from tornchat_peewee.backend import Backend
from tornchat_peewee.blocks import BlockTable
from tornchat_peewee.consumers import ConsumerTable
from tornchat_peewee.consuming import ConsumingHooks
from tornchat_peewee.creations import Creations
from tornchat_peewee.databases import backend_of
from tornchat_peewee.descriptions import Descriptions
from tornchat_peewee.direct import DirectRooms
from tornchat_peewee.directory import DirectoryTable
from tornchat_peewee.erasure import Erasure
from tornchat_peewee.inbox import InboxTable
from tornchat_peewee.invites import InviteTable
from tornchat_peewee.inviting import InvitingHooks
from tornchat_peewee.log import Log
from tornchat_peewee.managing import ManagingHooks
from tornchat_peewee.marktable import MarkTable
from tornchat_peewee.migration import migrate
from tornchat_peewee.models import models_of
from tornchat_peewee.opened import Open, Result
from tornchat_peewee.positions import Positions
from tornchat_peewee.pruning import Pruning
from tornchat_peewee.readers import ReaderTable
from tornchat_peewee.reading import ReadingHooks
from tornchat_peewee.reports import ReportTable
from tornchat_peewee.restored import Restored
from tornchat_peewee.rooms import NewRoom, RoomTable
from tornchat_peewee.sanctions import SanctionTable
from tornchat_peewee.schema import CURRENT, TABLE, Schema
from tornchat_peewee.search import Search
from tornchat_peewee.searching import SearchingHooks
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.settings import PeeweeSettings
from tornchat_peewee.slow import SlowModes
from tornchat_peewee.social import SocialHooks
from tornchat_peewee.statements import Statements
from tornchat_peewee.users import UserTable
from tornchat_peewee.workers import Workers


class PeeweePlugin(ManagingHooks, SearchingHooks, InvitingHooks, SocialHooks, ConsumingHooks, ReadingHooks):
    """The plugin `peewee`: stores rooms and their logs in a database. One thread makes all writes."""

    Settings = PeeweeSettings
    changes = True
    schema: ClassVar[Schema] = CURRENT

    def __init__(self, settings: PeeweeSettings) -> None:
        super().__init__()
        self._settings = settings
        self._leave: Callable[[], None] | None = None
        self._positions: Positions | None = None

    @hookimpl
    async def startup(self, chat: ChatHandle) -> None:
        backend = backend_of(self._settings, self.schema)
        alone = await self._occupied(backend, chat)
        models = models_of(backend.database)
        self._positions = positions = Positions(self._settings.data_dir / "positions")
        if alone:
            await _migrated(backend)
            restored = Restored(backend, models, positions)
            await _in_a_thread(backend, partial(_renew_restored, restored=restored))
        statements = Statements(backend, models)
        rooms = RoomTable(backend, models, statements)
        writer = Workers("peewee-writer", 1, backend)
        log = Log(backend, statements, positions)
        self._open = Open(
            writer,
            Workers("peewee-reader", self._settings.readers, backend),
            log,
            rooms,
            Creations(writer, rooms),
            Pruning(backend, models),
            DirectoryTable(backend, models, rooms),
            SanctionTable(backend, models),
            Search(backend, models),
            UserTable(backend, models),
            AuditTable(backend, models),
            Erasure(backend, models, statements),
            BlockTable(backend, models),
            ReportTable(backend, models),
            SlowModes(backend, models),
            ConsumerTable(backend, models, log),
            MarkTable(backend, models),
            ReaderTable(backend),
            InboxTable(backend),
            Descriptions(backend, models),
            InviteTable(backend, models),
            DirectRooms(backend, models, rooms),
        )
        if chat.writes:
            await self._begin_clearing(backend, self._open)
        else:
            self._release()

    async def _occupied(self, backend: Backend, chat: ChatHandle) -> bool:
        """Exclude the processes that must not use the database meanwhile. Raises `SettingsError`.

        Return False for a command that only reads, beside a process that excludes others: it may use a
        database that is migrated, and must change nothing.
        """
        try:
            self._leave = await backend.occupy(chat.exclusive)
        except SettingsError:
            if chat.writes or await _in_a_thread(backend, lambda session: backend.pending()):
                raise
            return False
        return True

    async def _begin_clearing(self, backend: Backend, opened: Open) -> None:
        if await _in_a_thread(backend, opened.directory.has_deleted):
            self._clear_away()  # rooms deleted before the last shutdown
        if backend.index.purges:
            self._begin_purging()

    def _release(self) -> None:
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    @hookimpl
    async def shutdown(self) -> None:
        opened, self._open = self._open, None
        await self._stop_clearing()
        if opened is not None:
            await opened.readers.stop()
            await opened.writer.stop()  # last: SQLite removes the WAL when the last connection closes
        if self._positions is not None:
            self._positions.close()
        self._release()

    @hookimpl
    async def check(self) -> Sequence[Fault]:
        try:
            backend = backend_of(self._settings, self.schema)
        except SettingsError as error:
            return [Fault(error.what, error.cure)]
        return await _in_a_thread(backend, lambda session: backend.faults())

    @hookimpl
    def check_cluster(self) -> Sequence[Fault]:
        return backend_of(self._settings, self.schema).cluster_faults()

    @hookimpl
    async def migrate(self) -> Sequence[str]:
        backend = backend_of(self._settings, self.schema)
        leave = await backend.occupy(exclusive=False)
        try:
            return await _migrated(backend)
        finally:
            leave()

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
    async def open_room(
        self, name: str, user: User, create: bool, owned_limit: int, owner: str | None
    ) -> RoomInfo | None:
        rooms = self._opened().rooms
        room = await self._read(partial(rooms.find, name=name))
        if room is None and create:
            room = await self._stored(self._opened().creations.create(NewRoom(name, owner, owned_limit)))
        if room is None or not room.private:
            return room
        return room if await self._read(partial(rooms.admits, room=room, user=user)) else None

    @hookimpl
    async def renew_epoch(self, room: str, epoch: str) -> None:
        await self._write(partial(self._opened().rooms.renew_epoch, name=room, epoch=epoch))

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
    def read_messages(
        self,
        room: str,
        after: int | None,
        before: int | None,
        around: int | None,
        thread: int | None,
        limit: int,
    ) -> asyncio.Future[Page | None]:
        opened = self._opened()
        bounds: Any = {"after": after, "before": before, "around": around, "thread": thread}
        return opened.readers.run(partial(opened.log.messages, room=room, **bounds, limit=limit))

    @hookimpl
    def read_changed(self, room: str, since: int, limit: int) -> asyncio.Future[Changed | None]:
        opened = self._opened()
        return opened.readers.run(partial(opened.log.changed, room=room, since=since, limit=limit))

    @hookimpl
    def read_marks(
        self, room: str, targets: Sequence[int], user_id: str | None, after: int, limit: int
    ) -> asyncio.Future[Sequence[MarkSet] | None]:
        opened = self._opened()
        who: Any = {"targets": targets, "user_id": user_id, "after": after}
        return opened.readers.run(partial(opened.marks.read, room=room, **who, limit=limit))

    @hookimpl
    def find_stored(self, room: str, sender_id: str, client_id: str) -> asyncio.Future[Entry | None]:
        opened = self._opened()
        return opened.readers.run(
            partial(opened.log.find, room=room, sender_id=sender_id, client_id=client_id)
        )

    @hookimpl
    def read_open(self, before_ms: int, limit: int) -> asyncio.Future[Sequence[OpenMessage]]:
        opened = self._opened()
        return opened.readers.run(partial(opened.log.silent, before_ms=before_ms, limit=limit))

    @hookimpl
    def latest_positions(self, rooms: Sequence[str]) -> asyncio.Future[dict[str, Position]]:
        opened = self._opened()
        return opened.readers.run(partial(opened.log.positions, rooms=rooms))

    @hookimpl
    async def prune_history(
        self, room: str | None, before_ms: int, limit: int, unread_before_ms: int | None
    ) -> int:
        prune = partial(self._opened().pruning.prune, unread_before_ms=unread_before_ms)
        return await self._write(partial(prune, name=room, before_ms=before_ms, limit=limit))


def _renew_restored(session: DatabaseSession, restored: Restored) -> None:
    try:
        restored.renew(session)
    except NotStored as error:
        raise Unavailable(str(error)) from error


async def _migrated(backend: Backend) -> list[str]:
    return await _in_a_thread(backend, lambda session: migrate(backend))


async def _in_a_thread(backend: Backend, job: Callable[[DatabaseSession], Result]) -> Result:
    """Run `job` in a temporary thread and return its result."""
    worker = Workers("peewee-once", 1, backend)
    try:
        return await worker.run(job)
    finally:
        await worker.stop()


def _try_writing(session: DatabaseSession) -> str:
    try:
        with session.writing() as cursor:
            if session.failed:
                # A transaction without a write would succeed on a full disk.
                cursor.execute(f"UPDATE {TABLE} SET name = name")  # noqa: S608 (a constant)
        return "ok"
    except Exception as error:
        return str(error)


def _try_reading(session: DatabaseSession) -> str:
    try:
        with session.reading():
            return "ok"
    except Exception as error:
        return str(error)
