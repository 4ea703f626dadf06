"""The use case of describing rooms: title, topic and kind.

Every method raises `ChatError` on refusal and `Unavailable` if a plugin fails.
"""

from __future__ import annotations

from msgspec.structs import replace

from tornchat.errors import ChatError
from tornchat.hooks.calls import Hooks
from tornchat.model import RoomKind, RoomSummary, User
from tornchat.service import rights
from tornchat.service.access import Access
from tornchat.service.audit import Audit
from tornchat.service.enforcement import Enforcement
from tornchat.service.userstream import UserStream
from tornchat.wire.titles import MOST_TITLE_CHARS, MOST_TOPIC_CHARS, plain_text


class Describing:
    """Changes what rooms say of themselves, on behalf of users."""

    def __init__(
        self, hooks: Hooks, access: Access, enforcement: Enforcement, audit: Audit, tells: UserStream
    ) -> None:
        self._hooks = hooks
        self._access = access
        self._enforcement = enforcement
        self._audit = audit
        self._tells = tells

    async def describe(
        self,
        user: User,
        name: str,
        title: str | None = None,
        topic: str | None = None,
        kind: RoomKind | None = None,
    ) -> RoomSummary:
        """Change title, topic and kind of the room; None leaves one as it is. Return the room as it is then.

        Every node tells its members. A room that becomes private closes the sessions of those who are no
        members with 4003. Title and topic are for the room's moderators, the kind is for its owner and
        admins. Raises `forbidden`, `room_not_found`, and `invalid_message` for a text that is too long or has
        control characters.
        """
        if title is not None:
            title = plain_text("title", title, MOST_TITLE_CHARS)
        if topic is not None:
            topic = plain_text("topic", topic, MOST_TOPIC_CHARS)
        place = await self._access.require(user, name, "describe room")
        if kind is not None and "direct" in (kind, place.room.kind) and kind != place.room.kind:
            raise ChatError("forbidden", "A direct room stays one, and no other room becomes one.")
        private = None if kind is None else kind != "open"
        if private == place.room.private:
            private = None
        if private is not None and not rights.may(place.standings, "set kind"):
            raise ChatError("forbidden", "The kind of a room is for its owner to choose.")
        found = await self._hooks.describe_room(name, title, topic, private)
        if found is None:
            raise ChatError("room_not_found")
        await self._enforcement.order("sanctions", name)
        changed = {"title": title is not None, "topic": topic is not None, kind or "": private is not None}
        words = ", ".join(word for word, given in changed.items() if given)
        now = replace(place.room, title=found.title, topic=found.topic, private=found.private)
        if (now.title, now.topic, now.kind) != (place.room.title, place.room.topic, place.room.kind):
            self._tells.room_changed(name, now.title, now.topic, now.kind)
        await self._audit.record(user, "describe room", now, detail=words)
        return now
