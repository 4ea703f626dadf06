"""Calls of admins about users, wherever they are: ban, revoke tokens, disconnect."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from tornchat.server.http.api.call import Call
from tornchat.server.http.api.endpoint import Endpoint
from tornchat.server.http.api.forms import Input, Output, Timestamp, UserId, timestamp
from tornchat.server.http.api.sanctions import Duration


class UserPath(Input, frozen=True):
    """Whom."""

    user_id: UserId


class Revocation(Input, frozen=True):
    """Tokens issued before `before` (Unix seconds) are refused; null is now."""

    before: Annotated[float, Meta(gt=0)] | None = None


class SiteSanction(Output, frozen=True):
    """A user may not be on this site ("ban"), or not with a token from before `since` ("revoke")."""

    user_id: str
    kind: Literal["ban", "revoke"]
    until: Timestamp
    since: Timestamp
    by: str


class SiteSanctionList(Output, frozen=True):
    """The bans and revocations of the whole site that have not ended."""

    sanctions: list[SiteSanction]


async def list_site_sanctions(call: Call) -> SiteSanctionList:
    """List the users who are banned from the whole site, and whose tokens were revoked."""
    return SiteSanctionList(
        sanctions=[
            SiteSanction(
                user_id=one.user_id,
                kind="ban" if one.kind == "ban" else "revoke",
                until=timestamp(one.until),
                since=timestamp(one.since),
                by=one.by,
            )
            for one in await call.chat.site.read_sanctions(call.user)
        ]
    )


async def ban_user(call: Call, path: UserPath, body: Duration) -> None:
    """Keep a user out of the whole site: closed with 4003 on every node, then refused. It binds no admin."""
    await call.chat.site.ban(call.user, path.user_id, body.seconds)


async def lift_user_ban(call: Call, path: UserPath) -> None:
    """End a ban from the whole site before its time."""
    await call.chat.site.lift_ban(call.user, path.user_id)


async def revoke_tokens(call: Call, path: UserPath, body: Revocation) -> None:
    """Refuse a user's tokens that were issued before a time. Connections with one are closed with 4001."""
    await call.chat.site.revoke(call.user, path.user_id, body.before)


async def disconnect(call: Call, path: UserPath) -> None:
    """Close all connections of a user with 4003, on every node. They may come again."""
    await call.chat.site.disconnect(call.user, path.user_id)


_USER = "/api/users/{user_id}"
ENDPOINTS = (
    Endpoint("PUT", _USER + "/ban", ban_user, "admin", status=204, problems=(501,)),
    Endpoint("DELETE", _USER + "/ban", lift_user_ban, "admin", status=204, problems=(404, 501)),
    Endpoint("POST", _USER + "/revoke", revoke_tokens, "admin", status=204, problems=(501,)),
    Endpoint("POST", _USER + "/disconnect", disconnect, "admin", status=204, problems=(501,)),
    Endpoint("GET", "/api/admin/sanctions", list_site_sanctions, "admin", problems=(501,)),
)
