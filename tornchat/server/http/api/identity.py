"""Calls about the server and the caller: server information, guest tokens and the own identity."""

from __future__ import annotations

import asyncio
import time

from tornchat.errors import NO_TOKEN, TRY_AGAIN_LATER, ChatError, Closed, SettingsError
from tornchat.model import GUEST, GUEST_ID_PREFIX, User
from tornchat.rates import network_of
from tornchat.server.http.api.call import Call
from tornchat.server.http.api.endpoint import Endpoint
from tornchat.server.http.api.forms import Input, Output, Person, Timestamp, Username, timestamp
from tornchat.server.http.api.problems import Problem
from tornchat.server.ws import handshake
from tornchat.service.names import plain_name
from tornchat.version import __version__

NO_GUESTS = "Guests are not let in here. See [guest] enabled."


class RoomHints(Output, frozen=True):
    """Rooms for a start."""

    default: str


class LimitHints(Output, frozen=True):
    """Limits that a client can respect before the server enforces them; 0 means no limit."""

    message_chars: int


class About(Output, frozen=True):
    """Information for clients without a token. `guest`: the caller may get a token from /api/guest.

    `me` is who the caller is by the site's own login, such as a cookie, and null without one.
    """

    name: str
    version: str
    guest: bool
    rooms: RoomHints
    limits: LimitHints
    me: Me | None


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
    me = await _logged_in(call)
    return About(name="tornchat", version=__version__, guest=guest, rooms=rooms, limits=limits, me=me)


async def _logged_in(call: Call) -> Me | None:
    """Who the caller is without a token, which is left to `me`. A wrong cookie is a failed login."""
    if "Authorization" in call.request.headers:
        return None
    try:
        return _me(
            await call.chat.connecting.connect(handshake.header_credentials(call.request, ""), call.login)
        )
    except Closed as refusal:
        if refusal.code == TRY_AGAIN_LATER:
            raise
        if refusal.cause != NO_TOKEN and call.refused is not None:
            await call.refused(refusal)
        return None


async def become_guest(call: Call, body: GuestRequest) -> GuestToken:
    """Get a guest's token, if guests are let in. Its user is new and has the role `guest`.

    The name is put into a plain form. 409: it looks like the name of a user who is here or has an account.
    """
    guests = call.site.guests
    if not guests.allowed(call.request):
        raise Problem("forbidden", NO_GUESTS)
    # Counted for the peer even where its clients are not known: each guest is a new user, with limits anew.
    network = network_of(call.request.remote_ip or "")
    wait = guests.rates.wait(network, asyncio.get_running_loop().time())
    if wait:
        raise Problem("rate_limited", "Too many guests from this address.", retry_after=wait)
    username = plain_name(body.username)
    if await call.chat.people.has_name(username):
        raise ChatError("name_taken")
    return _token(call, guests.make(username, time.time()))


async def renew_guest(call: Call) -> GuestToken:
    """Get another token for the guest who calls, before the one at hand expires."""
    user = call.user
    if GUEST not in user.roles or not user.id.startswith(GUEST_ID_PREFIX):
        raise Problem("forbidden", "Only the tokens of guests are renewed here.")
    if not call.site.guests.allowed(call.request):
        raise Problem("forbidden", NO_GUESTS)
    return _token(call, call.site.guests.renewed(user, time.time()))


def _token(call: Call, user: User) -> GuestToken:
    try:
        token = call.site.hooks.issue_token(user, call.site.settings.guest.lifetime)
    except SettingsError:
        raise Problem("not_provided", "No loaded plugin can sign a guest's token.") from None
    ends = timestamp(user.expires_at or 0.0)
    return GuestToken(token=token, user=Person.of(user.participant), expires_at=ends)


async def me(call: Call) -> Me:
    """Read the identity of the caller."""
    return _me(call.user)


def _me(user: User) -> Me:
    ends = None if user.expires_at is None else timestamp(user.expires_at)
    return Me(id=user.id, username=user.username, roles=sorted(user.roles), expires_at=ends)


ENDPOINTS = (
    Endpoint("GET", "/api/", about, "anybody"),
    Endpoint("POST", "/api/guest", become_guest, "anybody", status=201, problems=(409, 501)),
    Endpoint("POST", "/api/guest/renew", renew_guest, problems=(403, 501)),
    Endpoint("GET", "/api/me", me),
)
