"""The call that searches all rooms of the caller."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from tornchat.model import FoundMessage, FoundPlace, SearchTerms
from tornchat.server.http.api.call import Call
from tornchat.server.http.api.endpoint import Endpoint
from tornchat.server.http.api.forms import Input, Limit, Output, RoomName, UserId
from tornchat.server.http.api.messageforms import Message
from tornchat.server.http.api.paging import fitting


class EverywhereQuery(Input, frozen=True):
    """Selects messages that contain all words of `q`, each of which may be the beginning of a word.

    With `prefix=0`, whole words only. `sender_id`, `room` and `before` select further. `after` is `next` of
    the part before.
    """

    q: Annotated[str, Meta(min_length=1, max_length=400, examples=["hello"])]
    prefix: bool = True
    sender_id: UserId | None = None
    room: RoomName | None = None
    before: Annotated[datetime, Meta(tz=True, description="Only messages that were sent earlier.")] | None = (
        None
    )
    after: Annotated[str, Meta(pattern=r"^[0-9]{1,16}:[0-9]{1,16}:", max_length=1100)] | None = None
    limit: Limit = 50


class RoomFinding(Output, frozen=True):
    """A message in its present state, and its room."""

    room: RoomName
    message: Message


class RoomFindings(Output, frozen=True):
    """A part of the findings, newest first. `next` is the value of `after` for the next part; null: no more.

    A part of long messages has fewer than `limit`: at most 512 KiB, but at least one.
    """

    found: list[RoomFinding]
    next: str | None


async def search_everywhere(call: Call, query: EverywhereQuery) -> RoomFindings:
    """Search the rooms in which the caller has a role or has read something, newest messages first."""
    before = None if query.before is None else int(query.before.timestamp() * 1000)
    terms = SearchTerms(query.q, query.prefix, query.sender_id, before)
    after = None if query.after is None else _place(query.after)
    found = await call.chat.searching.search(call.user, terms, query.room, after, query.limit)
    given = found[: len(fitting([one.entry for one in found]))]
    more = len(found) == query.limit or len(given) < len(found)
    return RoomFindings(
        found=[RoomFinding(room=one.room, message=Message.of(one.entry)) for one in given],
        next=_mark(given[-1]) if more and given else None,
    )


def _mark(found: FoundMessage) -> str:
    place = found.place
    return f"{place.sent_at}:{place.seq}:{place.room}"


def _place(mark: str) -> FoundPlace:
    sent_at, seq, room = mark.split(":", 2)
    return FoundPlace(int(sent_at), room, int(seq))


ENDPOINTS = (Endpoint("GET", "/api/search", search_everywhere, problems=(404, 501)),)
