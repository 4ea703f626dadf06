"""Calls of moderators and admins: kick, ban, mute, disconnect."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from tornchat.model import SanctionKind
from tornchat.server.http.api.call import Call
from tornchat.server.http.api.endpoint import Endpoint
from tornchat.server.http.api.forms import Input, MemberPath, Output, RoomPath, Timestamp, UserId, timestamp
from tornchat.service.moderation import FOREVER


class Kick(Input, frozen=True):
    """Who is to be kicked."""

    user_id: UserId


class Duration(Input, frozen=True):
    """For how long, from now."""

    seconds: Annotated[float, Meta(gt=0, le=FOREVER, examples=[600])]


class Sanction(Output, frozen=True):
    """Somebody may not be in the room ("ban") or not speak there ("mute"). `by` is who set it."""

    user_id: str
    kind: SanctionKind
    until: Timestamp
    by: str


class SanctionList(Output, frozen=True):
    """The room's bans and mutes that have not ended."""

    sanctions: list[Sanction]


class UserPath(Input, frozen=True):
    """Whom."""

    user_id: UserId


async def kick(call: Call, path: RoomPath, body: Kick) -> None:
    """Close all of somebody's connections to the room with 4003, on every node. They may come again."""
    await call.chat.moderation.kick(call.user, path.room, body.user_id)


async def list_sanctions(call: Call, path: RoomPath) -> SanctionList:
    """List a room's bans and mutes."""
    found = await call.chat.moderation.read_sanctions(call.user, path.room)
    return SanctionList(
        sanctions=[
            Sanction(user_id=one.user_id, kind=one.kind, until=timestamp(one.until), by=one.by)
            for one in found
        ]
    )


async def ban(call: Call, path: MemberPath, body: Duration) -> None:
    """Keep somebody out of the room: closed with 4003 on every node, then as if it were not there."""
    await call.chat.moderation.ban(call.user, path.room, path.user_id, body.seconds)


async def lift_ban(call: Call, path: MemberPath) -> None:
    """End a ban before its time."""
    await call.chat.moderation.lift(call.user, path.room, path.user_id, "ban")


async def mute(call: Call, path: MemberPath, body: Duration) -> None:
    """Let somebody say nothing in the room: what they send is refused with the code `muted`."""
    await call.chat.moderation.mute(call.user, path.room, path.user_id, body.seconds)


async def lift_mute(call: Call, path: MemberPath) -> None:
    """End a mute before its time."""
    await call.chat.moderation.lift(call.user, path.room, path.user_id, "mute")


async def disconnect(call: Call, path: UserPath) -> None:
    """Close all connections of a user with 4003, on every node."""
    await call.chat.moderation.disconnect(call.user, path.user_id)


_BAN = "/api/rooms/{room}/bans/{user_id}"
_MUTE = "/api/rooms/{room}/mutes/{user_id}"
ENDPOINTS = (
    Endpoint("POST", "/api/rooms/{room}/kick", kick, "moderator", status=204),
    Endpoint("GET", "/api/rooms/{room}/sanctions", list_sanctions, "moderator", problems=(501,)),
    Endpoint("PUT", _BAN, ban, "moderator", status=204, problems=(501,)),
    Endpoint("DELETE", _BAN, lift_ban, "moderator", status=204, problems=(501,)),
    Endpoint("PUT", _MUTE, mute, "moderator", status=204, problems=(501,)),
    Endpoint("DELETE", _MUTE, lift_mute, "moderator", status=204, problems=(501,)),
    Endpoint("POST", "/api/users/{user_id}/disconnect", disconnect, "admin", status=204),
)
