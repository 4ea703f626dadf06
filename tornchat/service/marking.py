"""Marks on messages: the tokens are checked here; storage compares them with those that stand, and counts."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.kinds import EntryKind
from tornchat.marks import Mark, MarkSet, normal
from tornchat.model import Draft, Entry, More, User
from tornchat.service.access import Access
from tornchat.wire import Said

MOST_SETS = 200
"""Maximum number of sets per page."""


def marked(draft: Draft, said: Said, kind: EntryKind) -> Draft:
    """Return the draft with the tokens that were said, in their normal form.

    Raises `ChatError` (`invalid_message`) for tokens that the kind does not allow.
    """
    try:
        tokens = normal(said.tokens or (), kind.most_tokens)
    except ValueError as error:
        raise ChatError("invalid_message", str(error), None, said.client_id) from None
    mark = Mark(tokens=tokens, most=kind.most_distinct)
    return replace(draft, more=replace(draft.more or More(), mark=mark))


class Marks:
    """Reads marks on behalf of users, under the same access rules as joining."""

    def __init__(self, hooks: Hooks, access: Access) -> None:
        self._hooks = hooks
        self._access = access

    async def read(self, user: User, room: str, seq: int, after: int, limit: int) -> Sequence[MarkSet]:
        """Return who has marked a message, after the position `after`: at most `MOST_SETS` sets.

        Raises `ChatError`: `room_not_found`, `not_found`; `unsupported` if messages can't change here.
        """
        info = await self._access.see(user, room)
        page = await self._hooks.read_messages(room, max(seq - 1, 0), seq + 1, None, None, 1)
        if page is None or not page.entries:
            raise ChatError("not_found", "There is no such message.")
        found = await self._found(room, [seq], None, after, min(max(limit, 1), MOST_SETS))
        await self._access.look_again(user, info)
        return found

    async def mine(self, user: User, room: str, messages: Sequence[Entry]) -> Sequence[MarkSet]:
        """Return the user's sets on these messages of a room that the user sees."""
        targets = [message.seq for message in messages if message.marks]
        kinds = sum(len(message.marks) for message in messages)
        return await self._found(room, targets, user.id, 0, kinds) if targets else ()

    async def _found(
        self, room: str, targets: Sequence[int], user_id: str | None, after: int, limit: int
    ) -> Sequence[MarkSet]:
        if not self._hooks.changes:
            raise ChatError("unsupported")
        found = await self._hooks.read_marks(room, targets, user_id, after, limit)
        if found is None:
            raise ChatError("room_not_found")
        return found
