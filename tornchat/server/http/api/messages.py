"""Calls about messages: reading, sending, deleting and searching."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tornchat.model import Entry, Page
from tornchat.server.http.api.call import Call
from tornchat.server.http.api.endpoint import Endpoint
from tornchat.server.http.api.forms import RoomPath, timestamp
from tornchat.server.http.api.messageforms import (
    Edited,
    Findings,
    HistoryQuery,
    Message,
    MessagePage,
    MessagePath,
    MineQuery,
    NewMessage,
    NewText,
    Posted,
    PostHeaders,
    SearchQuery,
    ThreadQuery,
)
from tornchat.server.http.api.paging import fitting, fitting_around
from tornchat.wire import Said, more_of


async def read_messages(call: Call, path: RoomPath, query: HistoryQuery) -> MessagePage:
    """Read messages of a room in their present state, oldest first."""
    bounds = (query.after, query.before, query.limit, query.around, query.thread)
    page = await call.chat.reading.read_history(call.user, path.room, *bounds)
    if query.around is not None:
        entries = fitting_around(page.entries, query.around)
    elif query.after is not None:
        entries = fitting(page.entries)
    else:
        entries = fitting(page.entries[::-1])[::-1]
    mine = await _mine(call, path.room, entries) if query.mine else None
    return _page(page, entries, mine)


async def read_thread(call: Call, path: MessagePath, query: ThreadQuery) -> MessagePage:
    """Read the messages of a thread in their present state, oldest first."""
    history = HistoryQuery(
        after=query.after, before=query.before, thread=path.seq, limit=query.limit, mine=query.mine
    )
    return await read_messages(call, path, history)


def _page(
    page: Page, entries: Sequence[Entry], mine: Mapping[int, dict[str, tuple[str, ...]]] | None
) -> MessagePage:
    places = [entry.seq for entry in entries]
    return MessagePage(
        messages=[Message.of(entry, mine) for entry in entries],
        epoch=page.epoch,
        first_seq=page.first_seq,
        head_seq=page.head_seq,
        from_seq=places[0] if places else None,
        to_seq=places[-1] if places else None,
    )


async def post_message(call: Call, path: RoomPath, headers: PostHeaders, body: NewMessage) -> Posted:
    """Send a message. 201: it is stored. 200: it was stored before with the same Idempotency-Key.

    Filters, mutes, rate limits and the order of the log apply as for messages over a WebSocket.
    """
    more = more_of(body.reply_to, body.thread, body.mentions, body.meta, body.kind, body.data, body.open)
    said = Said(body.message, headers.idempotency_key, body.kind, more=more)
    stored = await call.chat.posting.post(call.user, path.room, said)
    if stored.repeated:
        call.status = 200
    return Posted(seq=stored.entry.seq, timestamp=timestamp(stored.entry.sent_at / 1000))


async def _mine(call: Call, room: str, entries: Sequence[Entry]) -> dict[int, dict[str, tuple[str, ...]]]:
    """Return what the caller has put on these messages: `seq` -> kind -> tokens."""
    found: dict[int, dict[str, tuple[str, ...]]] = {}
    for one in await call.chat.marks.mine(call.user, room, entries):
        found.setdefault(one.target, {})[one.kind] = one.tokens
    return found


async def read_message(call: Call, path: MessagePath, query: MineQuery) -> Message:
    """Read one message in its present state."""
    entry = await call.chat.reading.read_message(call.user, path.room, path.seq)
    return Message.of(entry, await _mine(call, path.room, [entry]) if query.mine else None)


async def edit_message(call: Call, path: MessagePath, headers: PostHeaders, body: NewText) -> Edited:
    """Give one's own message another text, within `[messages] edit_seconds`.

    409 with the code `stale`: the message has another revision, which the problem names. A repeated call with
    the same Idempotency-Key changes nothing.
    """
    more = more_of(meta=body.meta)
    said = Said(body.message, headers.idempotency_key, "edit", path.seq, body.revision, more)
    entry = (await call.chat.posting.change(call.user, path.room, said)).entry
    return Edited(
        seq=path.seq,
        position=entry.seq,
        revision=entry.revision,
        timestamp=timestamp(entry.sent_at / 1000),
    )


async def delete_message(call: Call, path: MessagePath) -> None:
    """Delete the text of a message; its position remains. For its sender and the room's moderators."""
    await call.chat.moderation.delete_message(call.user, path.room, path.seq)


async def search_messages(call: Call, path: RoomPath, query: SearchQuery) -> Findings:
    """Search the messages of a room, newest first."""
    found = await call.chat.reading.search(call.user, path.room, query.q, query.before, query.limit)
    return Findings(messages=[Message.of(entry) for entry in fitting(found)])


_MESSAGES = "/api/rooms/{room}/messages"
ENDPOINTS = (
    Endpoint("GET", _MESSAGES, read_messages),
    Endpoint("POST", _MESSAGES, post_message, status=201, also=(200,), problems=(404, 409, 501), sends=True),
    Endpoint("GET", _MESSAGES + "/{seq}", read_message),
    Endpoint("PATCH", _MESSAGES + "/{seq}", edit_message, problems=(409, 501), sends=True),
    Endpoint("DELETE", _MESSAGES + "/{seq}", delete_message, status=204),
    Endpoint("GET", _MESSAGES + "/{seq}/thread", read_thread),
    Endpoint("GET", "/api/rooms/{room}/search", search_messages, problems=(501,)),
)
