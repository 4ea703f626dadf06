"""Calls about the server and the caller: server information, guest tokens and the own identity."""

from __future__ import annotations

import asyncio
import time

from tornchat.errors import ChatError, SettingsError
from tornchat.rates import network_of
from tornchat.server.http.api.call import Call
from tornchat.server.http.api.endpoint import Endpoint
from tornchat.server.http.api.forms import Input, Output, Person, Timestamp, Username, timestamp
from tornchat.server.http.api.problems import Problem
from tornchat.service.names import plain_name
from tornchat.version import __version__


class RoomHints(Output, frozen=True):
    """Rooms for a start."""

    default: str


class LimitHints(Output, frozen=True):
    """Limits that a client can respect before the server enforces them; 0 means no limit."""

    message_chars: int


class About(Output, frozen=True):
    """Information for clients without a token. `guest`: the caller may get a token from /api/guest."""

    name: str
    version: str
    guest: bool
    rooms: RoomHints
    limits: LimitHints


class GuestRequest(Input, frozen=True):
    """The name for a new guest."""

    username: Username


class GuestToken(Output, frozen=True):
    """A guest token, to be sent like other tokens: `Authorization: Bearer <token>`."""

    token: str
    user: Person
    expires_at: Timestamp


class Me(Output, frozen=True):
    """The caller, as identified by the token. `expires_at` is null if the token does not expire."""

    id: str
    username: str
    roles: list[str]
    expires_at: Timestamp | None


async def about(call: Call) -> About:
    """Read information about the server."""
    site = call.site
    guest = site.guests.allowed(call.request) and site.hooks.provides("issue_token")
    rooms = RoomHints(default=site.settings.rooms.default)
    limits = LimitHints(message_chars=site.settings.limits.message_chars)
    return About(name="tornchat", version=__version__, guest=guest, rooms=rooms, limits=limits)


async def become_guest(call: Call, body: GuestRequest) -> GuestToken:
    """Get a guest's token, if guests are let in. Its user is new and has the role `guest`.

    The name is put into a plain form. 409: it looks like the name of a user who is here or has an account.
    """
    guests = call.site.guests
    if not guests.allowed(call.request):
        raise Problem("forbidden", "Guests are not let in here. See [guest] enabled.")
    # Counted for the peer even where its clients are not known: each guest is a new user, with limits anew.
    network = network_of(call.request.remote_ip or "")
    wait = guests.rates.wait(network, asyncio.get_running_loop().time())
    if wait:
        raise Problem("rate_limited", "Too many guests from this address.", retry_after=wait)
    lifetime = call.site.settings.guest.lifetime
    username = plain_name(body.username)
    if await call.chat.people.has_name(username):
        raise ChatError("name_taken")
    user = guests.make(username, time.time())
    try:
        token = call.site.hooks.issue_token(user, lifetime)
    except SettingsError:
        raise Problem("not_provided", "No loaded plugin can sign a guest's token.") from None
    ends = timestamp(user.expires_at or 0.0)
    return GuestToken(token=token, user=Person.of(user.participant), expires_at=ends)


async def me(call: Call) -> Me:
    """Read the identity of the caller."""
    user = call.user
    ends = None if user.expires_at is None else timestamp(user.expires_at)
    return Me(id=user.id, username=user.username, roles=sorted(user.roles), expires_at=ends)


ENDPOINTS = (
    Endpoint("GET", "/api/", about, "anybody"),
    Endpoint("POST", "/api/guest", become_guest, "anybody", status=201, problems=(409, 501)),
    Endpoint("GET", "/api/me", me),
)
