"""Calls about rooms: listing, creating, reading and deleting rooms, own rights, and present users."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import quote

import msgspec
from msgspec import Meta

from tornchat.errors import ChatError
from tornchat.model import Action, Role, RoomKind, RoomSummary
from tornchat.server.http.api.call import Call
from tornchat.server.http.api.endpoint import Endpoint
from tornchat.server.http.api.forms import (
    Input,
    Limit,
    Output,
    Person,
    RoomName,
    RoomPath,
    Seq,
    Timestamp,
    ending,
)
from tornchat.service.slow import MOST_SECONDS
from tornchat.wire.titles import MOST_TITLE_CHARS, MOST_TOPIC_CHARS


class RoomsQuery(Input, frozen=True):
    """Selects a part of the list: the rooms with names after `after`."""

    after: Annotated[str, Meta(max_length=1024)] | None = None
    limit: Limit = 50


class NewRoom(Input, frozen=True):
    """A room to create. A private room is visible only to its owner and members."""

    name: RoomName
    private: bool = False


class RoomChange(Input, frozen=True):
    """What is to become of a room: at least one of these; what is left out stays as it is.

    An empty text removes a title or topic. Who is no member of a room that becomes `private` is closed with
    4003. `slow_seconds` is the wait between two messages of a user; 0: none.
    """

    title: Annotated[str, Meta(max_length=MOST_TITLE_CHARS, examples=["Tea time"])] | None = None
    topic: Annotated[str, Meta(max_length=MOST_TOPIC_CHARS, examples=["What we drink today"])] | None = None
    kind: Literal["open", "private"] | None = None
    slow_seconds: Annotated[int, Meta(ge=0, le=MOST_SECONDS, examples=[30])] | None = None


class Room(Output, frozen=True):
    """A room. `seq` is the newest position in its log, `epoch` identifies the log, `owner` is a user id.

    `title` and `topic` are empty if there are none. A room of the kind `private` is visible to its owner and
    members, one of the kind `direct` to the users whose one room it is. With slow mode, users wait
    `slow_seconds` between their messages; moderators do not.
    """

    name: RoomName
    title: str
    topic: str
    kind: RoomKind
    private: bool
    owner: str | None
    epoch: str
    seq: Seq
    slow_seconds: int

    @classmethod
    def of(cls, room: RoomSummary) -> Room:
        """Convert a room of the chat."""
        fields = msgspec.structs.asdict(room)
        fields["kind"] = room.kind
        del fields["direct"]
        return cls(**fields)


class RoomList(Output, frozen=True):
    """A part of the list of rooms, sorted by name. `next` is the value of `after` for the next part."""

    rooms: list[Room]
    next: RoomName | None


class OwnRights(Output, frozen=True):
    """The caller's rights in a room. `role` is null if the caller is not a member."""

    room: RoomName
    role: Role | None
    actions: list[Action]
    epoch: str
    seq: Seq
    muted_until: Timestamp | None
    banned_until: Timestamp | None


class People(Output, frozen=True):
    """The users in a room on all nodes. `complete` is false for a while after a loss of presence data."""

    users: list[Person]
    complete: bool


async def list_rooms(call: Call, query: RoomsQuery) -> RoomList:
    """List the public rooms, and the private rooms that the caller owns or is a member of.

    The answer has an ETag: with `If-None-Match`, it is 304 if nothing has changed.
    """
    page = await call.chat.directory.list_rooms(call.user, query.after, query.limit)
    return RoomList(rooms=[Room.of(room) for room in page.rooms], next=page.next)


async def create_room(call: Call, body: NewRoom) -> Room:
    """Create a room owned by the caller."""
    call.headers["Location"] = f"{call.prefix}/api/rooms/{quote(body.name, safe='')}"
    return Room.of(await call.chat.directory.create_room(call.user, body.name, body.private))


async def read_room(call: Call, path: RoomPath) -> Room:
    """Read a room."""
    return Room.of(await call.chat.directory.read_room(call.user, path.room))


async def change_room(call: Call, path: RoomPath, body: RoomChange) -> Room:
    """Set title, topic and slow mode, for its moderators, and the kind, for its owner and admins."""
    room, described = None, (body.title, body.topic, body.kind)
    if any(part is not None for part in described):
        room = await call.chat.describing.describe(call.user, path.room, *described)
    if body.slow_seconds is not None:
        room = await call.chat.moderation.set_slow_mode(call.user, path.room, body.slow_seconds)
    if room is None:
        raise ChatError("invalid_message", "Give at least one of title, topic, kind and slow_seconds.")
    return Room.of(room)


async def delete_room(call: Call, path: RoomPath) -> None:
    """Delete a room with its messages. Its connections are closed with 4000. For its owner and admins."""
    await call.chat.directory.delete_room(call.user, path.room)


async def read_own_rights(call: Call, path: RoomPath) -> OwnRights:
    """Read the caller's rights in a room, and the position of its log."""
    rights = await call.chat.directory.rights(call.user, path.room)
    return OwnRights(
        room=rights.room.name,
        role=rights.role,
        actions=list(rights.actions),
        epoch=rights.room.epoch,
        seq=rights.room.seq,
        muted_until=ending(rights.muted_until),
        banned_until=ending(rights.banned_until),
    )


async def list_users(call: Call, path: RoomPath) -> People:
    """List the users in a room."""
    roster = await call.chat.reading.read_users(call.user, path.room)
    people = [Person.of(user) for user in roster.users]
    return People(users=people, complete=roster.complete)


ENDPOINTS = (
    Endpoint("GET", "/api/rooms", list_rooms, problems=(501,), tagged=True),
    Endpoint("POST", "/api/rooms", create_room, status=201, problems=(409, 501)),
    Endpoint("GET", "/api/rooms/{room}", read_room),
    Endpoint("PATCH", "/api/rooms/{room}", change_room, "moderator", problems=(501,)),
    Endpoint("DELETE", "/api/rooms/{room}", delete_room, status=204, problems=(501,)),
    Endpoint("GET", "/api/rooms/{room}/me", read_own_rights),
    Endpoint("GET", "/api/rooms/{room}/users", list_users),
)
