"""The declaration of a kind of entry. Built-in kinds and those of plugins are declared in the same way."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from tornchat.marks import MOST_DISTINCT, MOST_TOKENS
from tornchat.model import Draft, Entry, Refusal, Shape, Status

NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


class Changes(msgspec.Struct, frozen=True):
    """What a revision does to its target: it gives it a new text and `meta` (None: as it is), or empties it.

    An emptied message is deleted: nothing changes it any more. The storage then expects nothing of it. With
    `piece`, this text is added to the end of the target's, and with `status` the target is closed.
    """

    text: str | None = None
    meta: str | None = None
    empties: bool = False
    piece: str | None = None
    status: Status = ""


Revise: TypeAlias = Callable[[Entry, Draft], Changes | Refusal]


class EntryKind(msgspec.Struct, frozen=True, kw_only=True):
    """The declaration of a kind.

    - `shape`: a message is shown and counts as unread, a revision changes one message, a mark is one user's
      set of tokens on one message.
    - `data`: the type of its `data`; None if it has none.
    - `action`: what `authorize` is asked for.
    - `own_only`: whether only the sender of the target may do it.
    - `others`: the row of the table of rights that is needed for a target of somebody else ("": none).
    - `speaks`: whether muted users may not send it. The text that it brings, unless it is a mark, is checked
      and filtered.
    - `grows`: whether its text is a piece for the end of an open message.
    - `closes`: whether it ends a streamed message, whose whole text is then filtered.
    - `timed`: whether it ends `[messages] edit_seconds` after the target was sent.
    - `most_tokens`, `most_distinct`: for a mark, how many tokens a user may have on one message, and how many
      different ones a message may have.
    - `revise`: for a revision, a pure function of the target and the draft. It is called again if the target
      has changed meanwhile.

    Raises `ValueError` for a name that is not `NAME`, and for a revision without `revise`.
    """

    name: str
    shape: Shape
    data: type | None = None
    action: str = "send"
    own_only: bool = False
    others: str = ""
    speaks: bool = True
    grows: bool = False
    closes: bool = False
    timed: bool = False
    most_tokens: int = MOST_TOKENS
    most_distinct: int = MOST_DISTINCT
    revise: Revise | None = None

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(f"the kind {self.name!r:.80} is not named as {NAME.pattern} says")
        if (self.shape == "revision") is (self.revise is None):
            raise ValueError(f"the kind {self.name} needs `revise` if it is a revision, and only then")

    @property
    def has_text(self) -> bool:
        """Whether it brings a text, which is checked and filtered."""
        return self.speaks and self.shape != "mark"
