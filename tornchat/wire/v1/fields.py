"""The types of fields that several frames of `v1` share."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta

from tornchat.streaming import Ending
from tornchat.wire.meta import MetaObject
from tornchat.wire.shared import Seq, Timestamp

MOST_SEQ = 2**53 - 1
"""The largest integer that all JSON parsers represent exactly."""

ClientId: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=64, description="Yours, never used before by you in this room.")
]
Revision: TypeAlias = Annotated[int, Meta(ge=0, description="How often the message was edited.")]
Target: TypeAlias = Annotated[
    int, Meta(ge=0, le=MOST_SEQ, description="The place of the message in the log.")
]
EditedAt: TypeAlias = Annotated[Timestamp | None, Meta(description="When it was edited last, if it was.")]
Changer: TypeAlias = Annotated[
    Seq | None, Meta(description="The place of the last entry that acted on it, if one did.")
]
ReplyTo: TypeAlias = Annotated[
    Seq | None, Meta(description="The place of the message that it answers, if it does.")
]
Thread: TypeAlias = Annotated[
    Seq | None, Meta(description="The place of the message whose thread it is in, if it is in one.")
]
EndingField: TypeAlias = Annotated[
    Ending | None, Meta(description="How it ended, if it was streamed and is closed.")
]
MetaField: TypeAlias = Annotated[
    MetaObject | None, Meta(description="Whatever the application says about the message.")
]
DataField: TypeAlias = Annotated[
    MetaObject | None, Meta(description="What its kind says of it, in the form that the kind declares.")
]
