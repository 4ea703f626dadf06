"""What acts on a message: the target is read, the declared rules are applied, and the draft says what to set.

Storage compares and sets, since the target may have changed when the draft is stored.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from msgspec.structs import replace

from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.kinds import Changes, EntryKind
from tornchat.marks import Mark
from tornchat.model import (
    Draft,
    Entry,
    More,
    Refusal,
    RoomInfo,
    RoomSummary,
    Stored,
    User,
    digest_of,
)
from tornchat.service import rights
from tornchat.service.access import Access, TrustedUser
from tornchat.service.growing import Growing
from tornchat.service.kinds import Kinds, refuse_other, with_data
from tornchat.service.marking import marked
from tornchat.wire import Said

TRIES = 3
"""How often a draft is prepared whose sender names no revision, while its target changes meanwhile."""
Filter = Callable[[User, Draft], Awaitable[Draft]]


class Ready(NamedTuple):
    """A draft that may be stored, and whose message it acts on, if not the user's own."""

    draft: Draft
    moderates: str | None = None


class Changing:
    """Prepares the drafts that act on messages. Methods raise `ChatError` and `Unavailable`."""

    def __init__(
        self,
        hooks: Hooks,
        kinds: Kinds,
        access: Access,
        filtered: Filter,
        check_text: Callable[[str], None],
        growing: Growing,
        edit_seconds: float,
    ) -> None:
        """`filtered` asks the filters, and `check_text` raises `ChatError` for a text that none may say.

        Timed kinds end `edit_seconds` after a target was sent; 0: never.
        """
        self._growing = growing
        self._hooks = hooks
        self._kinds = hooks.kinds
        self.kind = kinds.of
        self._access = access
        self._filtered = filtered
        self._check_text = check_text
        self._edit_seconds = edit_seconds

    async def prepare(
        self, user: User, room: RoomInfo | RoomSummary, draft: Draft, said: Said
    ) -> Ready | Stored:
        """Return the draft with what it does to its target, or what an earlier draft with its id stored.

        The rights are read last, so that the caller looks at what an await may have changed, and submits.
        """
        kind = self.kind(said)
        sent = said.more if said.tokens is None else More(mark=Mark(tokens=said.tokens))
        digest = digest_of(draft.kind, draft.target, draft.text, said.expects, sent)
        more = replace(said.more or More(), digest=digest)
        try:
            return await self._prepare(user, room, replace(draft, more=more), said, kind)
        except ChatError as refusal:
            if refusal.code in PASSING or (first := await self._first(draft, digest)) is None:
                raise
            return Stored(first, room.epoch, repeated=True)

    async def _prepare(
        self, user: User, room: RoomInfo | RoomSummary, draft: Draft, said: Said, kind: EntryKind
    ) -> Ready | Stored:
        for action in kind.actions:
            if not await self._access.authorized(user, action, draft.room):
                raise ChatError("forbidden")
        if kind.shape == "mark":
            return await self._prepare_mark(user, room, draft, said, kind)
        draft = with_data(draft, kind)
        streams = kind.grows or kind.closes
        if streams:
            target = await self._growing.target(draft, kind, self.target)
        else:
            target = await self.target(draft.room, draft.target or 0)
        refuse_other(kind, target)
        if not isinstance(user, TrustedUser):
            self._refuse_late(kind, target)
        if streams:
            await self._refuse_foreign(user, room, kind, target)  # filters see what is its sender's only
            draft = await self._growing.filtered(user, draft, target)
        elif kind.has_text:
            draft = await self._filtered(user, draft)
        changes = self._revised(kind, target, draft)
        if not streams and not kind.has_text and changes.text is not None:
            changes = await self._filtered_changes(user, draft, changes)
        if changes.empties and not target.text:
            first = await self._first(draft, draft.digest)
            return Stored(first or _done(draft, target), room.epoch, repeated=True)
        await self._refuse_foreign(user, room, kind, target)
        moderates = target.sender_id if target.sender_id != user.id else None
        return Ready(self._set(draft, target, changes, said), moderates)

    async def _filtered_changes(self, user: User, draft: Draft, changes: Changes) -> Changes:
        """Return the changes with the text and the `meta` as the filters leave them. Raises `ChatError`."""
        self._check_text(changes.text or "")
        assert draft.more is not None
        more = replace(draft.more, meta=changes.meta or "")
        filtered = await self._filtered(user, replace(draft, text=changes.text or "", more=more))
        return replace(changes, text=filtered.text, meta=filtered.meta or None)

    async def _prepare_mark(
        self, user: User, room: RoomInfo | RoomSummary, draft: Draft, said: Said, kind: EntryKind
    ) -> Ready:
        """Return the draft of a mark. The target is only read if its age or its sender matters."""
        if not self._hooks.changes:
            raise ChatError("unsupported")
        draft = marked(draft, said, kind)
        if kind.timed or kind.own_only or kind.others or kind.targets or kind.check is not None:
            target = await self.target(draft.room, draft.target or 0)
            refuse_other(kind, target)
            self._refuse_late(kind, target)
            draft = self._checked(kind, target, draft)
            await self._refuse_foreign(user, room, kind, target)
        return Ready(draft)

    def _checked(self, kind: EntryKind, target: Entry, draft: Draft) -> Draft:
        """Return the draft of a mark, which is stored only if the target stays as its kind has seen it."""
        if kind.check is None:
            return draft
        if (refusal := self._kinds.refusal(kind, target, draft)) is not None:
            raise ChatError(refusal.code, refusal.reason, None, None, refusal.revision)
        assert draft.more is not None
        return replace(draft, more=replace(draft.more, expects=target.revision))

    async def target(self, room: str, seq: int) -> Entry:
        """Return the message at `seq` in its present state. Raises `ChatError` (`not_found`)."""
        page = await self._hooks.read_messages(room, seq - 1, seq + 1, None, None, 1) if seq > 0 else None
        if page is None or not page.entries:
            raise ChatError("not_found", "There is no such message.")
        return page.entries[0]

    def _refuse_late(self, kind: EntryKind, target: Entry) -> None:
        late = time.time() - target.sent_at / 1000 > self._edit_seconds > 0
        if kind.timed and late:
            raise ChatError("forbidden", "The message is too old to be changed.")

    def _revised(self, kind: EntryKind, target: Entry, draft: Draft) -> Changes:
        changes = self._kinds.revise(kind, target, draft)
        if isinstance(changes, Refusal):
            raise ChatError(changes.code, changes.reason, None, None, changes.revision, changes.length)
        if not self._hooks.changes and not changes.empties:  # every storage deletes
            raise ChatError("unsupported")
        return changes

    async def _refuse_foreign(
        self, user: User, room: RoomInfo | RoomSummary, kind: EntryKind, target: Entry
    ) -> None:
        if target.sender_id == user.id:
            return
        if kind.own_only:
            raise ChatError("forbidden", "The message is somebody else's.")
        if kind.others:
            role = await self._access.role_in(room, user.id)
            if not rights.allows(rights.standings(user, role), kind.others):
                raise ChatError("forbidden")

    def _set(self, draft: Draft, target: Entry, changes: Changes, said: Said) -> Draft:
        """Return the draft that storage compares with its target and sets. A deletion expects nothing.

        The revision that the client named is compared by storage only: an earlier edit may be on its way.
        """
        if changes.empties:
            return replace(draft, text="", more=None)
        if changes.piece is not None and draft.more is not None:
            return replace(draft, text=changes.piece, more=replace(draft.more, context=""))
        if changes.status and draft.more is not None:
            expects = said.expects if draft.more.expects is None else draft.more.expects
            more = replace(draft.more, status=changes.status, expects=expects)
            return replace(draft, text=changes.text or "", more=more)
        expects = target.revision if said.expects is None else said.expects
        assert draft.more is not None
        typed = self._kinds.data_of(draft, target, changes)
        more = replace(draft.more, expects=expects, meta=changes.meta or "", data=typed)
        return replace(draft, text=changes.text or "", more=more)

    async def _first(self, draft: Draft, digest: str) -> Entry | None:
        """Return what an earlier draft with the same id stored, if it was the same request.

        The client's id counts before the target: a repeat gets the first answer, whatever happened since.
        """
        if draft.client_id is None or not self._hooks.changes:
            return None
        first = await self._hooks.find_stored(draft.room, draft.sender_id, draft.client_id)
        if first is None:
            return None
        kept = first.more.digest if first.more is not None else ""
        if (first.kind, first.target) != (draft.kind, draft.target) or (kept and kept != digest):
            raise ChatError("conflict")
        return first


PASSING = frozenset({"unavailable", "busy", "unconfirmed"})
"""Codes of refusals that say nothing about the draft."""


def _done(draft: Draft, target: Entry) -> Entry:
    """Return the entry of a deletion for a message that is deleted already."""
    return Entry(
        target.position,
        draft.sender_id,
        draft.sender_username,
        "",
        draft.sent_at,
        draft.draft_id,
        draft.client_id,
        draft.kind,
        draft.target,
    )
