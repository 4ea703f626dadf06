"""The table of rights: what a user may do by what the user is. Every decision of the core reads it.

`docs/rights.md` is written from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from tornchat.model import ADMIN, MODERATOR, Action, Role, Standing, User

STANDINGS: tuple[Standing, ...] = ("admin", "site moderator", "owner", "moderator", "member", "user", "guest")
"""The columns: the roles "admin" and "moderator" of a token, roles in a room, users without one, guests."""

Act: TypeAlias = Literal[
    "see",
    "see private",
    "send",
    "mention room",
    "delete own message",
    "delete message",
    "report message",
    "read reports",
    "close report",
    "describe room",
    "set kind",
    "set slow mode",
    "ignore slow mode",
    "read sanctions",
    "kick",
    "ban",
    "mute",
    "lift",
    "set member",
    "invite",
    "accept invite",
    "remove member",
    "hand over",
    "leave",
    "delete room",
    "create room",
    "create private room",
    "open direct room",
    "find users",
    "own",
    "block",
    "disconnect",
    "ban from site",
    "revoke tokens",
    "read site sanctions",
    "read all reports",
    "read audit",
    "read dashboard",
]

_ALL = frozenset(STANDINGS)
_MODERATORS = frozenset[Standing]({"admin", "site moderator", "owner", "moderator"})
_MANAGERS = frozenset[Standing]({"admin", "owner"})
_SITE_MODERATORS = frozenset[Standing]({"admin", "site moderator"})
_ADMINS = frozenset[Standing]({"admin"})
_ACCOUNTS = _ALL - {"guest"}

GRANTS: Mapping[Act, frozenset[Standing]] = MappingProxyType(
    {
        "see": _ALL,
        "see private": frozenset[Standing]({"admin", "owner", "moderator", "member"}),
        "send": _ALL,
        "mention room": _ALL,
        "delete own message": _ALL,
        "delete message": _MODERATORS,
        "report message": _ALL,
        "read reports": _MODERATORS,
        "close report": _MODERATORS,
        "describe room": _MODERATORS,
        "set kind": _MANAGERS,
        "set slow mode": _MODERATORS,
        "ignore slow mode": _MODERATORS,
        "read sanctions": _MODERATORS,
        "kick": _MODERATORS,
        "ban": _MODERATORS,
        "mute": _MODERATORS,
        "lift": _MODERATORS,
        "set member": _MANAGERS,
        "invite": _MANAGERS,
        "accept invite": _ALL,
        "remove member": _MANAGERS,
        "hand over": _MANAGERS,
        "leave": frozenset[Standing]({"moderator", "member"}),
        "delete room": _MANAGERS,
        "create room": _ALL,
        "create private room": _ACCOUNTS,
        "open direct room": _ACCOUNTS,
        "find users": _ACCOUNTS,
        "own": _ACCOUNTS,
        "block": _ALL,
        "disconnect": _ADMINS,
        "ban from site": _ADMINS,
        "revoke tokens": _ADMINS,
        "read site sanctions": _ADMINS,
        "read all reports": _SITE_MODERATORS,
        "read audit": _ADMINS,
        "read dashboard": _ADMINS,
    }
)
"""Act -> who may. A user may if any of what the user is may."""

OVER: Mapping[Standing, frozenset[Standing]] = MappingProxyType(
    {
        "admin": _ALL - {"admin"},
        "site moderator": frozenset[Standing]({"member", "user", "guest"}),
        "owner": frozenset[Standing]({"moderator", "member", "user", "guest"}),
        "moderator": frozenset[Standing]({"member", "user", "guest"}),
    }
)
"""Who may kick, ban and mute whom: all that somebody is has to be among it. Nobody moderates themselves."""

RANKS: tuple[Standing, ...] = ("moderator", "owner", "site moderator", "admin")
"""Who may lift and replace sanctions, lowest first: those of one's own rank and of lower ones."""


MEANINGS: Mapping[Act, str] = MappingProxyType(
    {
        "see": "find a public room in the list, enter it, read its history, search it, see who is there",
        "see private": "the same for a private room",
        "send": "send a message",
        "mention room": "mention everybody in the room",
        "delete own message": "delete one's own message",
        "delete message": "delete somebody else's message",
        "report message": "report a message to the moderators",
        "read reports": "list the reports of a room's messages",
        "close report": "resolve or dismiss a report",
        "describe room": "set the title and the topic of a room",
        "set kind": "make a room private, or open it to everybody",
        "set slow mode": "set the slow mode of a room",
        "ignore slow mode": "send messages without waiting in slow mode",
        "read sanctions": "list the bans and mutes of a room",
        "kick": "kick somebody out of a room",
        "ban": "ban somebody from a room",
        "mute": "mute somebody in a room",
        "lift": "lift a ban or a mute in a room",
        "set member": "make somebody a member or a moderator of a room",
        "invite": "make links by which others become members of a room, list and revoke them",
        "accept invite": "become a member of a room by such a link",
        "remove member": "end somebody's membership of a room",
        "hand over": "hand a room over to a new owner",
        "leave": "end one's own membership",
        "delete room": "delete a room",
        "create room": "create a public room",
        "create private room": "create a private room",
        "open direct room": "open a direct room with other users",
        "find users": "find users by their names, where `[users] directory` is on",
        "own": "own the rooms that one creates",
        "block": "block other users, whose messages clients then hide",
        "disconnect": "close all connections of a user",
        "ban from site": "ban a user from the whole site, and lift such a ban",
        "revoke tokens": "revoke a user's tokens",
        "read site sanctions": "list who is banned from the whole site",
        "read all reports": "list the reports of all rooms that one can see",
        "read audit": "read the audit",
        "read dashboard": "read the figures of the dashboard",
    }
)
"""Act -> what it is, in words for the page."""


def standings(user: User, role: Role | None = None) -> frozenset[Standing]:
    """Return all that a user is, with this role in a room."""
    found: set[Standing] = {"guest" if user.is_guest else "user"}
    if role is not None:
        found.add(role)
    if ADMIN in user.roles:
        found.add("admin")
    if MODERATOR in user.roles:
        found.add("site moderator")
    return frozenset(found)


def may(who: Iterable[Standing], act: Act) -> bool:
    """Return whether a user who is all of `who` may do `act`."""
    return not GRANTS[act].isdisjoint(who)


def allows(who: Iterable[Standing], row: str) -> bool:
    """Return whether the row of the table with this name lets them; a row that is not there lets nobody."""
    return any(act == row and may(who, act) for act in GRANTS)


def over(who: Iterable[Standing], whom: frozenset[Standing]) -> bool:
    """Return whether a user who is all of `who` may kick, ban and mute one who is all of `whom`."""
    return any(whom <= OVER.get(one, frozenset()) for one in who)


def rank(who: Iterable[Standing]) -> Standing:
    """Return the highest rank that a user has who is all of `who`; "moderator" is the lowest."""
    return max((one for one in who if one in RANKS), key=RANKS.index, default="moderator")


def outranks(sanction: Standing, who: Iterable[Standing]) -> bool:
    """Return whether a sanction of this rank is above a user who is all of `who`."""
    return RANKS.index(sanction if sanction in RANKS else "admin") > RANKS.index(rank(who))


def actions(who: frozenset[Standing]) -> tuple[Action, ...]:
    """Return what a user may do in a room, in the coarse words of the HTTP API, besides "send"."""
    found: list[Action] = ["join"]
    if may(who, "kick"):
        found.append("moderate")
    if may(who, "set member"):
        found.append("manage")
    return tuple(found)
