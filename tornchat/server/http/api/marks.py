"""Calls about marks: what users have put on a message, such as reactions."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from tornchat.marks import MOST_CODE_POINTS, MOST_TOKENS
from tornchat.model import KindName
from tornchat.server.http.api.call import Call
from tornchat.server.http.api.endpoint import Endpoint
from tornchat.server.http.api.forms import Input, Limit, Output, Seq
from tornchat.server.http.api.messageforms import MessagePath, PostHeaders
from tornchat.wire import Said


class MarkPath(MessagePath, frozen=True):
    """The path of the marks of one kind on a message."""

    kind: KindName


class Tokens(Input, frozen=True):
    """All tokens that the caller has on a message from then on, in place of those before; none: []."""

    tokens: Annotated[
        list[str],
        Meta(
            description=f"At most {MOST_TOKENS}, each with 1 to {MOST_CODE_POINTS} characters.",
            examples=[["\N{THUMBS UP SIGN}"]],
        ),
    ]


class Placed(Output, frozen=True):
    """The message, the tokens as they are stored, and the place of the change in the room's log.

    If nothing changed, it is the place of the last entry that acted on the message.
    """

    seq: Seq
    position: Seq
    tokens: tuple[str, ...]


class MarkQuery(Input, frozen=True):
    """Selects the marks that were set after the place `after`."""

    after: Seq = 0
    limit: Limit = 50


class Marker(Output, frozen=True):
    """What a user has put on the message, and the place in the log since which it is so."""

    user_id: str
    kind: str
    tokens: tuple[str, ...]
    position: Seq


class Markers(Output, frozen=True):
    """Who has marked a message, in the order of their positions. `next` is the `after` of the next page."""

    marks: list[Marker]
    next: Seq | None


async def put_marks(call: Call, path: MarkPath, headers: PostHeaders, body: Tokens) -> Placed:
    """Replace what one has put on a message, such as the reactions, by these tokens.

    Tokens are stored in Unicode's form NFC, without variation selectors. 409 with the code `too_many_marks`:
    the message has as many different tokens as it may.
    """
    said = Said("", headers.idempotency_key, path.kind, path.seq, tokens=tuple(body.tokens))
    entry = (await call.chat.posting.change(call.user, path.room, said)).entry
    tokens = entry.mark.tokens if entry.mark is not None else ()
    return Placed(seq=path.seq, position=entry.seq, tokens=tokens)


async def read_marks(call: Call, path: MessagePath, query: MarkQuery) -> Markers:
    """Read who has marked a message, and how."""
    found = await call.chat.marks.read(call.user, path.room, path.seq, query.after, query.limit)
    marks = [
        Marker(user_id=one.user_id, kind=one.kind, tokens=one.tokens, position=one.position) for one in found
    ]
    return Markers(marks=marks, next=found[-1].position if len(found) == query.limit else None)


_MARKS = "/api/rooms/{room}/messages/{seq}/marks"
ENDPOINTS = (
    Endpoint("PUT", _MARKS + "/{kind}", put_marks, problems=(409, 501), sends=True),
    Endpoint("GET", _MARKS, read_marks, problems=(501,)),
)
