"""Calls about invites: links by which users become members of a room."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from tornchat import model
from tornchat.server.http.api.call import Call
from tornchat.server.http.api.endpoint import Endpoint
from tornchat.server.http.api.forms import Input, Output, RoomName, RoomPath, Timestamp, timestamp
from tornchat.service.inviting import LEAST_SECONDS, MOST_SECONDS, MOST_USES

InviteRole = Literal["member", "moderator"]


class InvitePath(RoomPath, frozen=True):
    """The path of an invite."""

    invite_id: Annotated[str, Meta(max_length=64)]


class NewInvite(Input, frozen=True):
    """What an invite is to be: for how many users, how long, and what they become."""

    role: InviteRole = "member"
    seconds: Annotated[int, Meta(ge=LEAST_SECONDS, le=MOST_SECONDS, examples=[86400])] = 7 * 86400
    uses: Annotated[int, Meta(ge=1, le=MOST_USES)] = 1


class Invite(Output, frozen=True):
    """An invite. It admits `uses` users, and has admitted `used`. `by` is the user who made it."""

    id: str
    role: InviteRole
    by: str
    created_at: Timestamp
    expires_at: Timestamp
    uses: int
    used: int


class MadeInvite(Invite, frozen=True):
    """A new invite with its token, which is shown only here. `url` is the path of the page that accepts it.

    The token is in the fragment of the URL, which browsers send to nobody.
    """

    token: str
    url: str


class InviteList(Output, frozen=True):
    """The invites of a room that can still be used, newest first. Their tokens are not stored."""

    invites: list[Invite]


class InviteToken(Input, frozen=True):
    """The token of an invite."""

    token: Annotated[str, Meta(min_length=1, max_length=200)]


class Membership(Output, frozen=True):
    """The room that the caller is a member of, and the role there."""

    room: RoomName
    role: model.Role


async def create_invite(call: Call, path: RoomPath, body: NewInvite) -> MadeInvite:
    """Make an invite. For the owner and admins."""
    given = (body.role, float(body.seconds), body.uses)
    invite, token = await call.chat.inviting.invite(call.user, path.room, *given)
    return MadeInvite(**_fields(invite), token=token, url=f"{call.prefix}/#invite={token}")


async def list_invites(call: Call, path: RoomPath) -> InviteList:
    """List the invites of a room that can still be used. For the owner and admins."""
    found = await call.chat.inviting.read(call.user, path.room)
    return InviteList(invites=[Invite(**_fields(one)) for one in found])


async def revoke_invite(call: Call, path: InvitePath) -> None:
    """End an invite. Who accepted it stays a member. For the owner and admins."""
    await call.chat.inviting.revoke(call.user, path.room, path.invite_id)


async def accept_invite(call: Call, body: InviteToken) -> Membership:
    """Become a member of the room that an invite is for. Members keep their role and use nothing up.

    410: the invite has expired, or was used as often as it may be. 404: it was revoked, or its room deleted.
    """
    accepted = await call.chat.inviting.accept(call.user, body.token)
    return Membership(room=accepted.room, role=accepted.role)


def _fields(invite: model.Invite) -> dict[str, Any]:
    times = {"created_at": timestamp(invite.created_at), "expires_at": timestamp(invite.expires_at)}
    counts = {"uses": invite.uses, "used": invite.used}
    return {"id": invite.id, "role": invite.role, "by": invite.by, **times, **counts}


_INVITES = "/api/rooms/{room}/invites"
ENDPOINTS = (
    Endpoint("POST", _INVITES, create_invite, status=201, problems=(501,)),
    Endpoint("GET", _INVITES, list_invites, problems=(501,)),
    Endpoint("DELETE", _INVITES + "/{invite_id}", revoke_invite, status=204, problems=(501,)),
    Endpoint("POST", "/api/invites/accept", accept_invite, problems=(404, 410, 501)),
)
