"""All that is stored of one user, as records to be written to a file."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
from msgspec.structs import replace

from tornchat.archive.state import OPERATOR
from tornchat.hooks.calls import Hooks
from tornchat.model import SITE, AuditEntry, Entry, Invite, KnownUser, Report, Role, Sanction

PAGE = 1000
ROOMS = 200
AUDITED = 200
REPORTED = 200


class UserRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is stored of a user; only one of the fields besides `room` has a value."""

    room: str = SITE
    user: KnownUser | None = None
    role: Role | None = None
    sanction: Sanction | None = None
    message: Entry | None = None
    audit: AuditEntry | None = None
    blocks: str | None = None
    report: Report | None = None
    invite: Invite | None = None


class Person:
    """Reads what is stored of the user with the id `user_id`. Its methods raise `Unavailable`."""

    def __init__(self, hooks: Hooks, user_id: str) -> None:
        self._hooks = hooks
        self._user_id = user_id

    async def records(self) -> AsyncIterator[UserRecord]:
        """Yield the user's name and roles, sanctions, memberships, invites, messages, whom the user blocks,
        reports by the user and of the user's messages (these without who reported them), and entries of the
        audit.
        """
        if self._hooks.provides("read_users"):
            for user in await self._hooks.read_users([self._user_id]):
                yield UserRecord(user=user)
        async for record in self._of_room(SITE):
            yield record
        async for room in self._rooms():
            async for record in self._of_room(room):
                yield record
        if self._hooks.provides("read_blocks"):
            for blocked in await self._hooks.read_blocks(self._user_id):
                yield UserRecord(blocks=blocked)
        async for record in self._reported():
            yield record
        async for record in self._audited():
            yield record

    async def _rooms(self) -> AsyncIterator[str]:
        after: str | None = None
        while page := await self._hooks.list_rooms(OPERATOR, after, ROOMS):
            for room in page:
                yield room.name
            after = page[-1].name

    async def _of_room(self, room: str) -> AsyncIterator[UserRecord]:
        if self._hooks.provides("read_sanctions"):
            for sanction in await self._hooks.read_sanctions([room]):
                if sanction.user_id == self._user_id:
                    yield UserRecord(room, sanction=sanction)
        if room == SITE:
            return
        for member in await self._hooks.read_members(room, [self._user_id]):
            yield UserRecord(room, role=member.role)
        if self._hooks.provides("read_invites"):
            for invite in await self._hooks.read_invites(room):
                if invite.by == self._user_id:
                    yield UserRecord(room, invite=invite)
        async for entry in self._said(room):
            yield UserRecord(room, message=entry)

    async def _said(self, room: str) -> AsyncIterator[Entry]:
        after = 0
        while page := await self._hooks.read_history(room, after, None, PAGE):
            if not page.entries:
                return
            for entry in page.entries:
                if entry.sender_id == self._user_id:
                    yield entry
            after = page.entries[-1].seq

    async def _reported(self) -> AsyncIterator[UserRecord]:
        before: int | None = None
        while self._hooks.provides("read_reports"):
            found = await self._hooks.read_reports(OPERATOR, None, None, self._user_id, before, REPORTED)
            if not found:
                return
            for report in found:
                by_other = report.reporter != self._user_id
                shown = replace(report, reporter="", reason="", closed_by="") if by_other else report
                yield UserRecord(report.room, report=shown)
            before = found[-1].id

    async def _audited(self) -> AsyncIterator[UserRecord]:
        before: int | None = None
        while self._hooks.provides("read_audit"):
            found = await self._hooks.read_audit(before, AUDITED, self._user_id, None)
            if not found:
                return
            for entry in found:
                yield UserRecord(entry.room, audit=entry)
            before = found[-1].id
