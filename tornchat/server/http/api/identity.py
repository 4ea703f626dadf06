"""Calls about the server and the caller: what a page needs first, a guest's token, who one is."""

from __future__ import annotations

import asyncio
import time

from tornchat.errors import SettingsError
from tornchat.rates import network_of
from tornchat.server.http.api.call import Call
from tornchat.server.http.api.endpoint import Endpoint
from tornchat.server.http.api.forms import Input, Output, Person, Timestamp, Username, timestamp
from tornchat.server.http.api.problems import Problem
from tornchat.version import __version__


class RoomHints(Output, frozen=True):
    """Which rooms there are to begin with."""

    default: str


class About(Output, frozen=True):
    """What a page needs before it has a token. `guest`: the caller may have one from /api/guest."""

    name: str
    version: str
    guest: bool
    rooms: RoomHints


class GuestRequest(Input, frozen=True):
    """Who wants to be a guest."""

    username: Username


class GuestToken(Output, frozen=True):
    """A guest's token, to be sent as every other: `Authorization: Bearer <token>`."""

    token: str
    user: Person
    expires_at: Timestamp


class Me(Output, frozen=True):
    """Who the caller is, by the token. `expires_at` is null if the right to be here does not end."""

    id: str
    username: str
    roles: list[str]
    expires_at: Timestamp | None


async def about(call: Call) -> About:
    """Say what this server is."""
    site = call.site
    guest = site.guests.allowed(call.request) and site.hooks.provides("issue_token")
    rooms = RoomHints(default=site.settings.rooms.default)
    return About(name="tornchat", version=__version__, guest=guest, rooms=rooms)


async def become_guest(call: Call, body: GuestRequest) -> GuestToken:
    """Get a guest's token, if guests are let in. Its user is new and has the role `guest`."""
    guests = call.site.guests
    if not guests.allowed(call.request):
        raise Problem("forbidden", "Guests are not let in here. See [guest] enabled.")
    network = network_of(call.request.remote_ip or "")
    wait = guests.rates.wait(network, asyncio.get_running_loop().time())
    if wait:
        raise Problem("rate_limited", "Too many guests from this address.", retry_after=wait)
    lifetime = call.site.settings.guest.lifetime
    user = guests.make(body.username.strip(), time.time())
    try:
        token = await call.site.hooks.issue_token(user, lifetime)
    except SettingsError:
        raise Problem("not_provided", "No loaded plugin can sign a guest's token.") from None
    ends = timestamp(user.expires_at or 0.0)
    return GuestToken(token=token, user=Person(id=user.id, username=user.username), expires_at=ends)


async def me(call: Call) -> Me:
    """Say who the caller is."""
    user = call.user
    ends = None if user.expires_at is None else timestamp(user.expires_at)
    return Me(id=user.id, username=user.username, roles=sorted(user.roles), expires_at=ends)


ENDPOINTS = (
    Endpoint("GET", "/api/", about, "anybody"),
    Endpoint("POST", "/api/guest", become_guest, "anybody", status=201, problems=(501,)),
    Endpoint("GET", "/api/me", me),
)
