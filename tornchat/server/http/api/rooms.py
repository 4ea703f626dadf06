"""Calls about rooms: which there are, making and removing one, one's own rights, who is there."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import msgspec
from msgspec import Meta

from tornchat.model import Action, Role, RoomSummary
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


class RoomsQuery(Input, frozen=True):
    """Which part of the list: the rooms whose names come after `after`."""

    after: Annotated[str, Meta(max_length=1024)] | None = None
    limit: Limit = 50


class NewRoom(Input, frozen=True):
    """A room to be made. A private one is there for its owner and its members only."""

    name: RoomName
    private: bool = False


class Room(Output, frozen=True):
    """A room. `seq` is the head of its log, `epoch` names that log, `owner` is a user's id."""

    name: RoomName
    private: bool
    owner: str | None
    epoch: str
    seq: Seq

    @classmethod
    def of(cls, room: RoomSummary) -> Room:
        """A room as the API shows it."""
        return cls(**msgspec.structs.asdict(room))


class RoomList(Output, frozen=True):
    """A part of the list of rooms, by name. `next` is what to give as `after` for the next one."""

    rooms: list[Room]
    next: RoomName | None


class OwnRights(Output, frozen=True):
    """What the caller may do in a room. `role` is null for who is no member."""

    room: RoomName
    role: Role | None
    actions: list[Action]
    epoch: str
    seq: Seq
    muted_until: Timestamp | None
    banned_until: Timestamp | None


class People(Output, frozen=True):
    """Who is in a room now, over all nodes. Not `complete` for a while after the cluster lost its memory."""

    users: list[Person]
    complete: bool


async def list_rooms(call: Call, query: RoomsQuery) -> RoomList:
    """List the public rooms, and the private ones of which the caller is owner or member."""
    page = await call.chat.directory.list_rooms(call.user, query.after, query.limit)
    return RoomList(rooms=[Room.of(room) for room in page.rooms], next=page.next)


async def create_room(call: Call, body: NewRoom) -> Room:
    """Make a room, which the caller owns."""
    call.headers["Location"] = f"{call.prefix}/api/rooms/{quote(body.name, safe='')}"
    return Room.of(await call.chat.directory.create_room(call.user, body.name, body.private))


async def read_room(call: Call, path: RoomPath) -> Room:
    """Show a room."""
    return Room.of(await call.chat.directory.read_room(call.user, path.room))


async def delete_room(call: Call, path: RoomPath) -> None:
    """Remove a room and its messages. Its members are closed with 4000. For its owner and admins."""
    await call.chat.directory.delete_room(call.user, path.room)


async def read_own_rights(call: Call, path: RoomPath) -> OwnRights:
    """Say what the caller may do in a room, and the position of its log."""
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
    """Say who is in a room now."""
    roster = await call.chat.reading.read_users(call.user, path.room)
    people = [Person(id=user.id, username=user.username) for user in roster.users]
    return People(users=people, complete=roster.complete)


ENDPOINTS = (
    Endpoint("GET", "/api/rooms", list_rooms, problems=(501,)),
    Endpoint("POST", "/api/rooms", create_room, status=201, problems=(409, 501)),
    Endpoint("GET", "/api/rooms/{room}", read_room),
    Endpoint("DELETE", "/api/rooms/{room}", delete_room, status=204, problems=(501,)),
    Endpoint("GET", "/api/rooms/{room}/me", read_own_rights),
    Endpoint("GET", "/api/rooms/{room}/users", list_users),
)
