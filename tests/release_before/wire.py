"""The frames that the Python client of the release before sends and reads, as they were then."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from tornchat.wire.shared import Seq

V1_SUBPROTOCOL = "tornchat.v1"


class V1Send(msgspec.Struct, tag_field="type", tag="send"):
    """`{"type": "send", "id": "...", "message": "..."}`; the id is chosen by the client."""

    id: Annotated[
        str, Meta(min_length=1, max_length=64, description="Yours, never used before by you in this room.")
    ]
    message: str


class Ack(msgspec.Struct, tag_field="type", tag="ack"):
    """The message with the client's id `id` is stored at `seq`."""

    id: str
    seq: Seq


class V1Error(msgspec.Struct, tag_field="type", tag="error", omit_defaults=True):
    """An error. `retry_after` is in seconds."""

    code: Annotated[str, Meta(description="For programs.")]
    error: Annotated[str, Meta(description="For people; it may change.")]
    id: Annotated[str | None, Meta(description="The message that it is about, if that is known.")] = None
    retry_after: Annotated[float | None, Meta(description="Seconds, if they are known.")] = None
