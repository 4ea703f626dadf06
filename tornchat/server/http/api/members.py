"""Calls about who is what in a room."""

from __future__ import annotations

from tornchat.model import Role
from tornchat.server.http.api.call import Call
from tornchat.server.http.api.endpoint import Endpoint
from tornchat.server.http.api.forms import Input, MemberPath, Output, RoomPath, UserId


class Member(Output, frozen=True):
    """What somebody is in a room."""

    user_id: UserId
    role: Role


class MemberList(Output, frozen=True):
    """The owner and all members of a room, whether they are there now or not."""

    members: list[Member]


class NewRole(Input, frozen=True):
    """What somebody shall be. "owner" hands the room over."""

    role: Role


async def list_members(call: Call, path: RoomPath) -> MemberList:
    """List the owner, the moderators and the members of a room."""
    found = await call.chat.directory.read_members(call.user, path.room)
    return MemberList(members=[Member(user_id=one.user_id, role=one.role) for one in found])


async def set_member(call: Call, path: MemberPath, body: NewRole) -> None:
    """Make somebody a member, or change what they are. For the owner and admins."""
    await call.chat.directory.set_member(call.user, path.room, path.user_id, body.role)


async def remove_member(call: Call, path: MemberPath) -> None:
    """End a membership. For the owner, admins and oneself. From a private room it closes with 4003."""
    await call.chat.directory.remove_member(call.user, path.room, path.user_id)


ENDPOINTS = (
    Endpoint("GET", "/api/rooms/{room}/members", list_members, problems=(501,)),
    Endpoint("PUT", "/api/rooms/{room}/members/{user_id}", set_member, status=204, problems=(501,)),
    Endpoint("DELETE", "/api/rooms/{room}/members/{user_id}", remove_member, status=204, problems=(501,)),
)
