"""The call that changes a message in the way of a kind that a plugin brings."""

from __future__ import annotations

from tornchat.model import KindName
from tornchat.server.http.api.call import Call
from tornchat.server.http.api.endpoint import Endpoint
from tornchat.server.http.api.forms import Input, timestamp
from tornchat.server.http.api.messageforms import DataField, Edited, MessagePath, PostHeaders
from tornchat.wire import revision_of


class RevisionPath(MessagePath, frozen=True):
    """The path of the revisions of one kind of a message."""

    kind: KindName


class Revising(Input, frozen=True):
    """What the kind needs to know, in the form that it declares."""

    data: DataField = None


async def revise_message(call: Call, path: RevisionPath, headers: PostHeaders, body: Revising) -> Edited:
    """Change a message in the way of a kind that a plugin brings, such as closing a poll.

    The kind says what changes, and who may do it. A repeated call with the same Idempotency-Key changes
    nothing. 409 with the code `stale`: the message has changed three times meanwhile.
    """
    said = revision_of(path.seq, path.kind, body.data, headers.idempotency_key)
    entry = (await call.chat.posting.change(call.user, path.room, said)).entry
    return Edited(
        seq=path.seq,
        position=entry.seq,
        revision=entry.revision,
        timestamp=timestamp(entry.sent_at / 1000),
    )


_REVISIONS = "/api/rooms/{room}/messages/{seq}/revisions/{kind}"
ENDPOINTS = (Endpoint("POST", _REVISIONS, revise_message, problems=(409, 501), sends=True),)
