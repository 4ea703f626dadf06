"""Calls of moderators: kick, ban, mute."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from tornchat.server.http.api.call import Call
from tornchat.server.http.api.endpoint import Endpoint
from tornchat.server.http.api.forms import Input, MemberPath, Output, RoomPath, Timestamp, UserId, timestamp
from tornchat.service.moderation import FOREVER


class Kick(Input, frozen=True):
    """The user to kick."""

    user_id: UserId


class Duration(Input, frozen=True):
    """The duration from now."""

    seconds: Annotated[float, Meta(gt=0, le=FOREVER, examples=[600])]


class Sanction(Output, frozen=True):
    """A sanction that prevents a user from joining ("ban") or sending ("mute"). `by` is a moderator's id."""

    user_id: str
    kind: Literal["ban", "mute"]
    until: Timestamp
    by: str


class SanctionList(Output, frozen=True):
    """The active bans and mutes in a room."""

    sanctions: list[Sanction]


async def kick(call: Call, path: RoomPath, body: Kick) -> None:
    """Close all connections of a user to the room with 4003, on every node. The user may rejoin."""
    await call.chat.moderation.kick(call.user, path.room, body.user_id)


async def list_sanctions(call: Call, path: RoomPath) -> SanctionList:
    """List the active bans and mutes in a room."""
    found = await call.chat.moderation.read_sanctions(call.user, path.room)
    return SanctionList(
        sanctions=[
            Sanction(
                user_id=one.user_id,
                kind="ban" if one.kind == "ban" else "mute",
                until=timestamp(one.until),
                by=one.by,
            )
            for one in found
        ]
    )


async def ban(call: Call, path: MemberPath, body: Duration) -> None:
    """Ban a user: connections are closed with 4003, and the room is not found until the ban ends."""
    await call.chat.moderation.ban(call.user, path.room, path.user_id, body.seconds)


async def lift_ban(call: Call, path: MemberPath) -> None:
    """End a ban early."""
    await call.chat.moderation.lift(call.user, path.room, path.user_id, "ban")


async def mute(call: Call, path: MemberPath, body: Duration) -> None:
    """Mute a user: messages are refused with the code `muted` until the mute ends."""
    await call.chat.moderation.mute(call.user, path.room, path.user_id, body.seconds)


async def lift_mute(call: Call, path: MemberPath) -> None:
    """End a mute early."""
    await call.chat.moderation.lift(call.user, path.room, path.user_id, "mute")


_BAN = "/api/rooms/{room}/bans/{user_id}"
_MUTE = "/api/rooms/{room}/mutes/{user_id}"
ENDPOINTS = (
    Endpoint("POST", "/api/rooms/{room}/kick", kick, "moderator", status=204),
    Endpoint("GET", "/api/rooms/{room}/sanctions", list_sanctions, "moderator", problems=(501,)),
    Endpoint("PUT", _BAN, ban, "moderator", status=204, problems=(501,)),
    Endpoint("DELETE", _BAN, lift_ban, "moderator", status=204, problems=(501,)),
    Endpoint("PUT", _MUTE, mute, "moderator", status=204, problems=(501,)),
    Endpoint("DELETE", _MUTE, lift_mute, "moderator", status=204, problems=(501,)),
)
