"""The state shared by the plugin's hooks between `startup` and `shutdown`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from tornchat import NotStored, Unavailable
from tornchat_peewee.audit import AuditTable
from tornchat_peewee.blocks import BlockTable
from tornchat_peewee.consumers import ConsumerTable
from tornchat_peewee.creations import Creations
from tornchat_peewee.descriptions import Descriptions
from tornchat_peewee.direct import DirectRooms
from tornchat_peewee.directory import DirectoryTable
from tornchat_peewee.erasure import Erasure
from tornchat_peewee.inbox import InboxTable
from tornchat_peewee.invites import InviteTable
from tornchat_peewee.log import Log
from tornchat_peewee.marktable import MarkTable
from tornchat_peewee.pruning import Pruning
from tornchat_peewee.readers import ReaderTable
from tornchat_peewee.reports import ReportTable
from tornchat_peewee.rooms import RoomTable
from tornchat_peewee.sanctions import SanctionTable
from tornchat_peewee.search import Search
from tornchat_peewee.session import DatabaseSession
from tornchat_peewee.slow import SlowModes
from tornchat_peewee.users import UserTable
from tornchat_peewee.workers import Workers

Result = TypeVar("Result")


class Open(NamedTuple):
    """The objects that exist from `startup` to `shutdown`."""

    writer: Workers
    readers: Workers
    log: Log
    rooms: RoomTable
    creations: Creations
    pruning: Pruning
    directory: DirectoryTable
    sanctions: SanctionTable
    search: Search
    users: UserTable
    audit: AuditTable
    erasure: Erasure
    blocks: BlockTable
    reports: ReportTable
    slow: SlowModes
    consumers: ConsumerTable
    marks: MarkTable
    readings: ReaderTable
    inbox: InboxTable
    descriptions: Descriptions
    invites: InviteTable
    direct: DirectRooms


class Opened:
    """Base class of the plugin. Its methods raise `Unavailable` if the database is not open or fails."""

    def __init__(self) -> None:
        self._open: Open | None = None

    def _opened(self) -> Open:
        if self._open is None:
            raise Unavailable("The database is not open.")
        return self._open

    async def _read(self, job: Callable[[DatabaseSession], Result]) -> Result:
        return await self._opened().readers.run(job)

    async def _write(self, job: Callable[[DatabaseSession], Result]) -> Result:
        return await self._stored(self._opened().writer.run(job))

    async def _stored(self, call: asyncio.Future[Result]) -> Result:
        try:
            return await call
        except NotStored as error:
            raise Unavailable(str(error)) from error
