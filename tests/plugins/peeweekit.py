"""What the tests of the `peewee` plugin share: an open plugin, and short ways to say things."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from tornchat_peewee import PeeweePlugin

from tornchat import Draft, Entry, Refusal, Stored, User

ROMEO = User("1", "romeo")
JULIET = User("2", "juliet")
numbers = count()


class Handle:
    """What `startup` is given; this plugin needs nothing of it."""

    node_id = "n1"
    data_dir = Path()
    exclusive = False


Place = Path | str
"""Where a database is: the directory of SQLite's file, or a URL."""


def plugin(place: Place, **settings: Any) -> PeeweePlugin:
    """A plugin that is not started yet."""
    where = {"url": place, "data_dir": Path(beside().name)} if isinstance(place, str) else {"data_dir": place}
    return PeeweePlugin(PeeweePlugin.Settings(**{**where, **settings}))


@cache
def beside() -> TemporaryDirectory[str]:
    """The data directory of the nodes whose database is elsewhere."""
    return TemporaryDirectory(prefix="tornchat-beside-")


@asynccontextmanager
async def storage(place: Place, *rooms: str, **settings: Any) -> AsyncIterator[PeeweePlugin]:
    """An open plugin with its database in `place`, with these rooms, owned by Romeo."""
    opened = plugin(place, **settings)
    await opened.startup(Handle())
    try:
        for room in rooms:
            await opened.open_room(room, ROMEO, True, 0, ROMEO.id)
        yield opened
    finally:
        await opened.shutdown()


def draft(text: str = "hello", room: str = "hall", user: User = ROMEO, **more: Any) -> Draft:
    """A draft with an id of its own."""
    fields = {"draft_id": f"d{next(numbers)}", "sent_at": 1_700_000_000_000, **more}
    return Draft(room=room, sender_id=user.id, sender_username=user.username, text=text, **fields)


def deletion(target: int, room: str = "hall", **more: Any) -> Draft:
    """A draft that deletes entry `target`."""
    return msgspec.structs.replace(draft("", room, **more), kind="deletion", target=target)


async def say(chat: PeeweePlugin, *texts: str, room: str = "hall") -> list[Entry]:
    """Store these texts in one call, and give their entries."""
    results = await chat.store_messages([draft(text, room) for text in texts])
    return [stored(result).entry for result in results]


async def texts(chat: PeeweePlugin, room: str = "hall") -> list[str]:
    """Everything that the room's log says."""
    page = await chat.read_history(room, 0, None, 1_000_000)
    assert page is not None
    assert [entry.seq for entry in page.entries] == list(range(1, page.head_seq + 1))
    return [entry.text for entry in page.entries]


def stored(result: object) -> Stored:
    """The result, which must be that the draft was stored."""
    assert isinstance(result, Stored), result
    return result


def refused(result: object) -> str:
    """The code of the result, which must be a refusal."""
    assert isinstance(result, Refusal), result
    return result.code
