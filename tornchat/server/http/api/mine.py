"""Calls about what is the caller's own: rooms with what is not read yet, and the inbox."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from tornchat.markers import InboxEntry, ReadRoom
from tornchat.model import Role
from tornchat.server.http.api.call import Call
from tornchat.server.http.api.endpoint import Endpoint
from tornchat.server.http.api.forms import MOST_SEQ, Input, Limit, Output, RoomName, Seq, Timestamp, timestamp

MOST_ROOMS = 1000


class MyRoomsQuery(Input, frozen=True):
    """Selects rooms with a name after `after`."""

    after: RoomName | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST_ROOMS, description="Maximum number of rooms.")] = MOST_ROOMS


class MyRoom(Output, frozen=True):
    """A room in which the caller has a role or has read something. `role` is null without one.

    `seq` is its newest entry, and `read_seq` the last one that the caller has read. `unread` is the number of
    messages after it, `mentions` the number of those that mention the caller.
    """

    name: RoomName
    title: str
    private: bool
    role: Role | None
    epoch: str
    seq: Seq
    read_seq: Seq
    unread: Annotated[int, Meta(ge=0)]
    mentions: Annotated[int, Meta(ge=0)]

    @classmethod
    def of(cls, room: ReadRoom) -> MyRoom:
        """Convert a room of the chat."""
        return cls(
            name=room.name,
            title=room.title,
            private=room.private,
            role=room.role,
            epoch=room.epoch,
            seq=room.seq,
            read_seq=room.read_seq,
            unread=room.unread,
            mentions=room.mentions,
        )


class MyRoomList(Output, frozen=True):
    """A part of the caller's rooms, sorted by name. `next` is the value of `after` for the next part."""

    rooms: list[MyRoom]
    next: RoomName | None


class InboxQuery(Input, frozen=True):
    """Selects entries with a lower id than `before`."""

    before: Annotated[int, Meta(ge=1, le=MOST_SEQ)] | None = None
    limit: Limit = 50


class InboxMessage(Output, frozen=True):
    """A message that mentions the caller, or everybody in the room if `everybody` is true, as it is now."""

    id: int
    room: RoomName
    seq: Seq
    sender_id: str
    sender_username: str
    message: str
    timestamp: Timestamp
    everybody: bool

    @classmethod
    def of(cls, entry: InboxEntry) -> InboxMessage:
        """Convert an entry of the chat."""
        return cls(
            id=entry.id,
            room=entry.room,
            seq=entry.seq,
            sender_id=entry.sender_id,
            sender_username=entry.sender_username,
            message=entry.text,
            timestamp=timestamp(entry.sent_at / 1000),
            everybody=entry.everybody,
        )


class InboxPage(Output, frozen=True):
    """A part of the inbox, newest first. `next` is the value of `before` for the next part."""

    mentions: list[InboxMessage]
    next: int | None


async def list_my_rooms(call: Call, query: MyRoomsQuery) -> MyRoomList:
    """List the rooms in which the caller has a role or has read something, with what is not read yet.

    A part may have fewer than `limit` rooms while `next` is not null.
    """
    page = await call.chat.mine.rooms(call.user, query.after, query.limit)
    return MyRoomList(rooms=[MyRoom.of(room) for room in page.rooms], next=page.next)


async def read_inbox(call: Call, query: InboxQuery) -> InboxPage:
    """Read the messages that mention the caller, newest first, in rooms that the caller may join now.

    A part may have fewer than `limit` messages while `next` is not null.
    """
    page = await call.chat.mine.inbox(call.user, query.before, query.limit)
    return InboxPage(mentions=[InboxMessage.of(entry) for entry in page.entries], next=page.next)


ENDPOINTS = (
    Endpoint("GET", "/api/me/rooms", list_my_rooms, problems=(501,)),
    Endpoint("GET", "/api/me/inbox", read_inbox, problems=(501,)),
)
