"""Write docs/rights.md from `tornchat/service/rights.py`: `python docs/make_rights_page.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tornchat.model import Standing
from tornchat.service.rights import GRANTS, MEANINGS, OVER, RANKS, STANDINGS, outranks

PAGE = Path(__file__).parent / "rights.md"
HEAD = """\
# Rights

Who may do what. This page is written from the table that the server decides by
(`tornchat/service/rights.py`), and every cell is tested over WebSocket, HTTP and in process.

**admin** and **site moderator** are users whose token has the role `admin` or `moderator`; **owner**,
**moderator** and **member** have that role in the room; **user** has a token and no role in the room;
**guest** has a token from the server and no account. Somebody who is several of these may do what any of
them may.
"""
PRIVATE = """\
Nothing of a room that a user may not see can be told from one that does not exist: everything in the
columns is about rooms that the user can see. A site moderator moderates public rooms, and private ones as a
member. Plugins may forbid entering, sending and creating with `authorize`, whatever the table says; they
can't allow what it does not.

Nobody becomes the owner of the default room. With `[rooms] creator_owns = no` nobody owns a room by
creating it, and only admins create private rooms. A room is handed over to a user with an account who is in
it or has spoken among its last 1,000 messages, and counts against that user's `[limits] rooms_per_user`. An
owner can't leave: the room is handed over first.
"""
WHOM = """\
## Who may kick, ban and mute whom

Nobody does it to themselves. Bans, mutes and kicks never bind an admin, and a site moderator only if an
admin set them, also if it was not known who the user is when they were set. A ban from the whole site binds
no admin either; revoking tokens does.
"""
LIFT = """\
## Who may lift whose bans and mutes

The same holds for replacing one by another. Nobody lifts their own. What counts is what the user was who
set it.
"""


def page() -> str:
    """The page as it has to be."""
    acts = [(MEANINGS[act], [one in GRANTS[act] for one in STANDINGS]) for act in MEANINGS]
    whom = [(one, [other in OVER[one] for other in STANDINGS]) for one in OVER]
    lift = [(one, [not outranks(other, {one}) for other in RANKS]) for one in RANKS]
    parts = [
        HEAD,
        _table("may", STANDINGS, acts),
        PRIVATE,
        WHOM,
        _table("", STANDINGS, whom),
        LIFT,
        _table("lifts one set by", RANKS, lift),
    ]
    return "\n".join(parts)


def _table(corner: str, columns: tuple[Standing, ...], rows: list[tuple[str, list[bool]]]) -> str:
    return "\n".join(_lines(corner, columns, rows)) + "\n"


def _lines(corner: str, columns: tuple[Standing, ...], rows: list[tuple[str, list[bool]]]) -> Iterator[str]:
    yield f"| {corner} | {' | '.join(columns)} |"
    yield "| --- |" + " :-: |" * len(columns)
    for words, cells in rows:
        yield f"| {words} | {' | '.join('yes' if cell else '-' for cell in cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
