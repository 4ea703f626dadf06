"""`tornchat room`: which rooms there are, making and removing one, who is who in it, and what it says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import get_args

import click

from tornchat.cli.console import Console, managing
from tornchat.cli.masking import printable
from tornchat.cli.options import BESIDE_A_SERVER, Given, with_settings
from tornchat.errors import ChatError
from tornchat.model import GUEST_ID_PREFIX, Membership, Role, RoomDescription, RoomInfo, RoomSummary
from tornchat.service.access import UNSAFE_NAMES
from tornchat.service.slow import MOST_SECONDS
from tornchat.wire.titles import MOST_TITLE_CHARS, MOST_TOPIC_CHARS, plain_text

PAGE = 200
ROLES = ("moderator", "member")
KINDS = ("open", "private")


@click.group("room", epilog=BESIDE_A_SERVER)
def command() -> None:
    """Rooms and their members."""


@command.command("list")
@with_settings
def list_(given: Given) -> None:
    """List all rooms: name, private or public, owner, number of entries."""
    for room in managing(given, _all, writes=False):
        kind, owner = "private" if room.private else "public", printable(room.owner or "-")
        click.echo(f"{printable(room.name)}\t{kind}\t{owner}\t{room.seq}")


@command.command("create", epilog=BESIDE_A_SERVER)
@click.argument("name")
@with_settings
@click.option("--private", is_flag=True, help="For its owner and members only.")
@click.option("--owner", metavar="USER_ID", help="Who owns it. [default: nobody]")
def create(given: Given, name: str, private: bool, owner: str | None) -> None:
    """Create the room NAME."""
    managing(given, partial(_create, name, private, owner))
    click.echo(f"{name} is created.")


@command.command("delete", epilog=BESIDE_A_SERVER)
@click.argument("name")
@with_settings
@click.option("--yes", is_flag=True, help="Don't ask.")
def delete(given: Given, name: str, yes: bool) -> None:
    """Delete the room NAME with all that was said in it."""
    if not yes:
        click.confirm(f"Delete {name} and its messages for ever?", abort=True)
    managing(given, partial(_delete, name))
    click.echo(f"{name} is deleted.")


@command.command("members", epilog=BESIDE_A_SERVER)
@click.argument("name")
@with_settings
@click.option("--give", "role", nargs=2, metavar="USER_ID ROLE", help=f"Give a role: {', '.join(ROLES)}.")
@click.option("--remove", "removed", metavar="USER_ID", help="End a membership.")
def members(given: Given, name: str, role: tuple[str, str] | None, removed: str | None) -> None:
    """List the members of the room NAME, after a change if one is asked for."""
    changes = role is not None or removed is not None
    for member in managing(given, partial(_members, name, role, removed), changes):
        click.echo(f"{printable(member.user_id)}\t{member.role}")


@command.command("slow", epilog=BESIDE_A_SERVER)
@click.argument("name")
@click.argument("seconds", type=click.IntRange(0, MOST_SECONDS))
@with_settings
def slow(given: Given, name: str, seconds: int) -> None:
    """Let users of the room NAME wait SECONDS between their messages; 0 turns slow mode off."""
    managing(given, partial(_slow, name, seconds))
    click.echo(f"{name} has slow mode: {seconds} s." if seconds else f"{name} has no slow mode.")


@command.command("describe", epilog=BESIDE_A_SERVER)
@click.argument("name")
@with_settings
@click.option("--title", help="Its title; an empty one removes it.")
@click.option("--topic", help="Its topic; an empty one removes it.")
@click.option("--kind", type=click.Choice(KINDS), help="Who may see it: everybody, or its members.")
def describe(given: Given, name: str, title: str | None, topic: str | None, kind: str | None) -> None:
    """Change what the room NAME says of itself, and show it."""
    if (title, topic, kind) == (None, None, None):
        room = managing(given, partial(_found, name), writes=False)
        found = RoomDescription(room.title, room.topic, room.private)
    else:
        found = managing(given, partial(_describe, name, title, topic, kind))
    texts = [printable(text or "-") for text in (found.title, found.topic)]
    click.echo("\t".join([name, "private" if found.private else "open", *texts]))


async def _all(console: Console) -> Sequence[RoomSummary]:
    found: list[RoomSummary] = []
    while page := await console.hooks.list_rooms(console.user, found[-1].name if found else None, PAGE):
        found += page
    return found


async def _create(name: str, private: bool, owner: str | None, console: Console) -> None:
    rooms = console.settings.rooms
    if name in UNSAFE_NAMES or not re.fullmatch(rooms.name_pattern, name):
        raise ChatError("invalid_message", f"{name!r} can be no room's name ([rooms] name_pattern).")
    if owner is not None and (name == rooms.default or owner.startswith(GUEST_ID_PREFIX)):
        raise ChatError("forbidden", "Nobody owns the default room, and guests own nothing.")
    limit = console.settings.limits.rooms_per_user
    info = await console.hooks.create_room(name, console.user, private, limit, owner)
    await console.audit.record(console.user, "create room", info, owner or "")


async def _found(name: str, console: Console) -> RoomInfo:
    room = await console.hooks.open_room(name, console.user, False, 0, None)
    if room is None:
        raise ChatError("room_not_found")
    return room


async def _delete(name: str, console: Console) -> None:
    room = await _found(name, console)
    if not await console.hooks.delete_room(name, room.epoch):
        raise ChatError("room_not_found")
    await console.audit.record(console.user, "delete room", room)


async def _slow(name: str, seconds: int, console: Console) -> None:
    room = await _found(name, console)
    if not await console.hooks.set_slow_mode(name, seconds):
        raise ChatError("room_not_found")
    await console.audit.record(console.user, "set slow mode", room, detail=f"{seconds} s")


async def _describe(
    name: str, title: str | None, topic: str | None, kind: str | None, console: Console
) -> RoomDescription:
    room = await _found(name, console)
    title = None if title is None else plain_text("title", title, MOST_TITLE_CHARS)
    topic = None if topic is None else plain_text("topic", topic, MOST_TOPIC_CHARS)
    private = None if kind is None else kind == "private"
    if private is not None and room.direct:
        raise ChatError("forbidden", "A direct room stays one.")
    found = await console.hooks.describe_room(name, title, topic, private)
    if found is None:
        raise ChatError("room_not_found")
    given = {"title": title, "topic": topic, kind or "": kind}
    words = ", ".join(word for word, value in given.items() if value is not None)
    await console.audit.record(console.user, "describe room", room, detail=words)
    return found


async def _members(
    name: str, role: tuple[str, str] | None, removed: str | None, console: Console
) -> Sequence[Membership]:
    room = await _found(name, console)
    if room.direct and (role is not None or removed is not None):
        raise ChatError("forbidden", "The members of a direct room are those whom it was opened for.")
    if role is not None:
        await _set(room, *role, console)
    if removed is not None:
        if not await console.hooks.remove_member(name, removed):
            raise ChatError("not_found", f"{removed} is no member, or owns the room.")
        await console.audit.record(console.user, "remove member", room, removed)
    return await console.hooks.read_members(name, None)


async def _set(room: RoomInfo, user_id: str, role: str, console: Console) -> None:
    found: Role | None = next((one for one in get_args(Role) if one == role and one in ROLES), None)
    if found is None:
        raise ChatError(
            "invalid_message", f"There is no role {role!r} to give; there are {', '.join(ROLES)}."
        )
    if user_id == room.owner:
        raise ChatError("forbidden", f"{user_id} owns the room.")
    await console.hooks.set_member(room.name, user_id, found, 0, 0)
    await console.audit.record(console.user, "set member", room, user_id, role)
