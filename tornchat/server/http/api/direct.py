"""Calls about direct rooms, and about finding users to open them with."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from tornchat.server.http.api.call import Call
from tornchat.server.http.api.endpoint import Endpoint
from tornchat.server.http.api.forms import Input, Limit, Output, UserId
from tornchat.server.http.api.rooms import Room

CREATED = 201


class DirectUsers(Input, frozen=True):
    """The ids of the other users, one to eight; the caller need not be among them."""

    user_ids: Annotated[list[UserId], Meta(min_length=1, max_length=100, examples=[["bob"]])]


class UsersQuery(Input, frozen=True):
    """How the names begin. Case, accents, spaces and letters that look alike make no difference."""

    q: Annotated[str, Meta(min_length=1, max_length=64)]
    limit: Limit = 20


class FoundUser(Output, frozen=True):
    """A user with an account who has been here."""

    id: str
    username: str


class FoundUsers(Output, frozen=True):
    """The users whose names begin like this, sorted by name."""

    users: list[FoundUser]


async def open_direct_room(call: Call, body: DirectUsers) -> Room:
    """Open the one room of the caller and these users. 201: it is new."""
    room, created = await call.chat.direct.open(call.user, body.user_ids)
    if created:
        call.status = CREATED
    return Room.of(room)


async def find_users(call: Call, query: UsersQuery) -> FoundUsers:
    """Find users by the beginnings of their names. 404, unless `[users] directory` is on."""
    found = await call.chat.finding.find(call.user, query.q, query.limit)
    return FoundUsers(users=[FoundUser(id=one.id, username=one.username) for one in found])


ENDPOINTS = (
    Endpoint("POST", "/api/direct", open_direct_room, also=(CREATED,), problems=(404, 501)),
    Endpoint("GET", "/api/users", find_users, problems=(404, 501)),
)
