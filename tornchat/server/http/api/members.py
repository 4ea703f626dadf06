"""Calls about the members of a room."""

from __future__ import annotations

from tornchat.model import Role
from tornchat.server.http.api.call import Call
from tornchat.server.http.api.endpoint import Endpoint
from tornchat.server.http.api.forms import Input, MemberPath, Output, RoomPath, UserId


class Member(Output, frozen=True):
    """A user's role in a room."""

    user_id: UserId
    role: Role


class MemberList(Output, frozen=True):
    """The owner and all members of a room, whether or not they are connected."""

    members: list[Member]


class NewRole(Input, frozen=True):
    """The new role of a user. "owner" transfers the room."""

    role: Role


async def list_members(call: Call, path: RoomPath) -> MemberList:
    """List the owner, the moderators and the members of a room."""
    found = await call.chat.directory.read_members(call.user, path.room)
    return MemberList(members=[Member(user_id=one.user_id, role=one.role) for one in found])


async def set_member(call: Call, path: MemberPath, body: NewRole) -> None:
    """Add a member or change a role. For the owner and admins."""
    await call.chat.directory.set_member(call.user, path.room, path.user_id, body.role)


async def remove_member(call: Call, path: MemberPath) -> None:
    """Remove a member. For the owner, admins and the member. Leaving a private room closes with 4003."""
    await call.chat.directory.remove_member(call.user, path.room, path.user_id)


ENDPOINTS = (
    Endpoint("GET", "/api/rooms/{room}/members", list_members, problems=(501,)),
    Endpoint("PUT", "/api/rooms/{room}/members/{user_id}", set_member, status=204, problems=(501,)),
    Endpoint("DELETE", "/api/rooms/{room}/members/{user_id}", remove_member, status=204, problems=(501,)),
)
