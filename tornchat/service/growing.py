"""Streamed messages: what this node knows of those that grow, and what filters see of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.kinds import EntryKind
from tornchat.log.commit import PATIENCE
from tornchat.model import Draft, Entry, More, User
from tornchat.rooms.registry import Registry
from tornchat.service.drafts import Drafts

CONTEXT_CHARS = 200
"""Code points before a piece that filters see."""
MOST_KNOWN = 1_000
"""Messages outside of the rooms' tails of which the sender is remembered."""

Filter = Callable[[User, Draft, Callable[[str], None]], Awaitable[Draft]]
"""Asks the filters, and passes their text to a check, which raises `ChatError`."""
Read = Callable[[str, int], Awaitable[Entry]]
"""Returns the message at a place of a room. Raises `ChatError` (`not_found`)."""


class Growing:
    """Finds the targets of pieces without reading whole messages, and asks the filters about pieces."""

    def __init__(
        self,
        hooks: Hooks,
        rooms: Registry,
        drafts: Drafts,
        filtered: Filter,
        flush: Callable[[float], Awaitable[None]],
    ) -> None:
        """`flush` waits until every draft so far has its outcome."""
        self._supported = hooks.streams
        self._rooms = rooms
        self._drafts = drafts
        self._filters = hooks.provides("filter_message")
        self._filtered = filtered
        self._flush = flush
        self._known: OrderedDict[tuple[str, int], Entry] = OrderedDict()

    async def target(self, draft: Draft, kind: EntryKind, read: Read) -> Entry:
        """Return the message that a draft adds to, or closes. Raises `ChatError`, `Unavailable`.

        With filters it has all the text up to the piece. Without, its text may be an earlier one: storage
        compares what the draft expects, and its sender never changes.
        """
        if not self._supported:
            raise ChatError("unsupported", "The storage of this chat has no streamed messages.")
        seq = draft.target or 0
        found = self._in_tail(draft)
        if not self._filters:
            return found or await self._remembered(draft, read)
        if kind.closes or found is None or len(found.text) < (draft.offset or 0):
            await self._flush(PATIENCE)  # earlier pieces may be on their way
            found = None if kind.closes else self._in_tail(draft)
        if found is None or len(found.text) < (draft.offset or 0):
            found = await read(draft.room, seq)
        return found

    def _in_tail(self, draft: Draft) -> Entry | None:
        room = self._rooms.get(draft.room)
        if room is None or room.info.epoch != draft.epoch:
            return None
        index = room.tail.index(draft.target or 0)
        return None if index is None else room.tail.messages[index]

    async def _remembered(self, draft: Draft, read: Read) -> Entry:
        place = (draft.epoch, draft.target or 0)
        known = self._known.get(place)
        if known is None:
            known = await read(draft.room, place[1])
            self._known[place] = replace(known, text=known.text[:1])
            if len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)
        return known

    async def filtered(self, user: User, draft: Draft, target: Entry) -> Draft:
        """Return the draft with the piece, or the whole text that it closes, as filters leave it.

        What closes a message then expects its text to be as long as the one that the filters saw.
        """
        if not self._filters:
            return draft
        more, offset = draft.more or More(), draft.offset
        if offset is not None:
            context = target.text[max(0, offset - CONTEXT_CHARS) : offset]
            seen = replace(draft, more=replace(more, context=context))
            return await self._filtered(user, seen, self._drafts.check_piece)
        if not target.text:
            return draft
        whole = replace(draft, text=target.text, more=replace(more, expects=len(target.text)))
        return await self._filtered(user, whole, self._drafts.check_whole)
