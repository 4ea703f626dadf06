"""The frames that clients of `v1` send about messages."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from tornchat.model import PLAIN, KindName, Mentions
from tornchat.streaming import Ending
from tornchat.wire.meta import MetaObject
from tornchat.wire.v1.fields import MOST_SEQ, ClientId, DataField, MetaField, Target


class V1Send(msgspec.Struct, tag_field="type", tag="send", omit_defaults=True):
    """`{"type": "send", "id": "...", "message": "..."}`; the id is chosen by the client."""

    id: ClientId
    message: str
    reply_to: Annotated[Target | None, Meta(description="The place of the message that it answers.")] = None
    thread: Annotated[Target | None, Meta(description="The place of the message whose thread it is in.")] = (
        None
    )
    mentions: Annotated[Mentions | None, Meta(description="Whom it mentions.")] = None
    meta: MetaField = None
    kind: Annotated[KindName, Meta(description="The kind of message, if it is one that a plugin brings.")] = (
        PLAIN
    )
    data: DataField = None
    open: Annotated[bool, Meta(description="Whether it is streamed: `append` adds to it until `close`.")] = (
        False
    )


class V1Edit(msgspec.Struct, tag_field="type", tag="edit", omit_defaults=True):
    """Gives one's own message another text, and perhaps another `meta`, if it still has this revision."""

    id: ClientId
    seq: Target
    revision: Annotated[int, Meta(ge=0, le=MOST_SEQ, description="The revision that you know.")]
    message: str
    meta: Annotated[MetaObject | None, Meta(description="The new one; without it, it stays as it is.")] = None


class V1Append(msgspec.Struct, tag_field="type", tag="append"):
    """Adds a piece to the text of one's own open message, if it is that long."""

    id: ClientId
    seq: Target
    offset: Annotated[int, Meta(ge=0, le=MOST_SEQ, description="The length of the text, in code points.")]
    message: Annotated[str, Meta(description="The piece.")]


class V1Close(msgspec.Struct, tag_field="type", tag="close"):
    """Ends one's own open message."""

    id: ClientId
    seq: Target
    status: Ending


class V1Delete(msgspec.Struct, tag_field="type", tag="delete"):
    """Deletes a message: one's own, or as a moderator."""

    id: ClientId
    seq: Target


class V1Mark(msgspec.Struct, tag_field="type", tag="mark"):
    """Replaces what one has put on a message, such as the reactions, by these tokens; none removes it."""

    id: ClientId
    kind: KindName
    seq: Target
    tokens: Annotated[list[str], Meta(description="All that you have then.")]


class V1Revise(msgspec.Struct, tag_field="type", tag="revise", omit_defaults=True):
    """Changes a message in the way of a kind that a plugin brings."""

    id: ClientId
    kind: KindName
    seq: Target
    data: DataField = None


class V1Ping(msgspec.Struct, tag_field="type", tag="ping"):
    """Asks whether the server is there. The server answers with a `pong`."""


V1Request: TypeAlias = V1Send | V1Edit | V1Append | V1Close | V1Delete | V1Mark | V1Revise
