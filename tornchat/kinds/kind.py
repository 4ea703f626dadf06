"""The declaration of a kind of entry. Built-in kinds and those of plugins are declared in the same way."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import TypeAlias, get_args

import msgspec

from tornchat.marks import MOST_DISTINCT, MOST_TOKENS
from tornchat.model import Draft, Entry, Refusal, Shape, Status

NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


class Changes(msgspec.Struct, frozen=True):
    """What a revision does to its target: it gives it a new text, `meta` and `data`, or empties it.

    None leaves each of the three as it is. `meta` is the text of a JSON object, and `data` a value of the
    type that the target's kind declares. An emptied message is deleted: nothing changes it any more. The
    storage then expects nothing of it. With `piece`, this text is added to the end of the target's, and with
    `status` the target is closed.
    """

    text: str | None = None
    meta: str | None = None
    data: msgspec.Struct | None = None
    empties: bool = False
    piece: str | None = None
    status: Status = ""


Revise: TypeAlias = Callable[[Entry, Draft], Changes | Refusal]
Check: TypeAlias = Callable[[Entry, Draft], Refusal | None]


class EntryKind(msgspec.Struct, frozen=True, kw_only=True):
    """The declaration of a kind. A plugin returns its kinds in the hook `entry_kinds`.

    - `shape`: a message is shown and counts as unread, a revision changes one message, a mark is one user's
      set of tokens on one message.
    - `data`: the type of its `data`, which clients send; None if it has none. In JSON it is an object of at
      most 8 KiB. A mark has none.
    - `action`: what `authorize` is asked for. A kind that speaks is asked about "send" first.
    - `own_only`: whether only the sender of the target may do it.
    - `others`: the row of the table of rights that is needed for a target of somebody else ("": none).
    - `speaks`: whether muted users may not send it. A message speaks.
    - `targets`: for a revision and a mark, the kinds of messages on which it acts; empty for all.
    - `takes_text`: for a revision, whether its sender gives it a text. Frames for those of plugins have none.
    - `grows`: whether its text is a piece for the end of an open message.
    - `closes`: whether it ends a streamed message, whose whole text is then filtered.
    - `timed`: whether it ends `[messages] edit_seconds` after the target was sent.
    - `most_tokens`, `most_distinct`: for a mark, how many tokens a user may have on one message, and how many
      different ones a message may have.
    - `revise`: for a revision, a pure function of the target and the draft. It is called again if the target
      has changed meanwhile.
    - `check`: for a mark, a pure function that may refuse the draft. It is called like `revise`.

    Raises `ValueError` for a declaration that can't be meant.
    """

    name: str
    shape: Shape
    data: type[msgspec.Struct] | None = None
    action: str = "send"
    own_only: bool = False
    others: str = ""
    speaks: bool = True
    targets: tuple[str, ...] = ()
    takes_text: bool = False
    grows: bool = False
    closes: bool = False
    timed: bool = False
    most_tokens: int = MOST_TOKENS
    most_distinct: int = MOST_DISTINCT
    revise: Revise | None = None
    check: Check | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not NAME.fullmatch(self.name):
            raise ValueError(f"the kind {self.name!r:.80} is not named as {NAME.pattern} says")
        if self.shape not in get_args(Shape):
            raise ValueError(f"the kind {self.name} has the shape {self.shape!r:.40}; see Shape")
        if (self.shape == "revision") is (self.revise is None):
            raise ValueError(f"the kind {self.name} needs `revise` if it is a revision, and only then")
        if words := self._misfit():
            raise ValueError(f"the kind {self.name} has {words}")

    def _misfit(self) -> str:
        if self.shape == "message" and (self.targets or not self.speaks):
            return "`targets`, or does not speak; a message has no target and speaks"
        if self.shape != "mark" and self.check is not None:
            return "a `check`, which only marks have"
        if self.takes_text and self.shape != "revision":
            return "`takes_text`, which only revisions have"
        if isinstance(self.targets, str):
            return f"the text {self.targets!r:.40} as `targets`, which are names of kinds"
        if any(map(inspect.iscoroutinefunction, (self.revise, self.check))):
            return "an async function; `revise` and `check` are plain functions"
        return "" if self.data is None else self._misfit_data(self.data)

    def _misfit_data(self, data: type[msgspec.Struct]) -> str:
        if self.shape == "mark":
            return "`data`; a mark has tokens only"
        if (
            not (inspect.isclass(data) and issubclass(data, msgspec.Struct))
            or data.__struct_config__.array_like
        ):
            return "a type of `data` that is no msgspec.Struct, or an array in JSON"
        try:
            msgspec.json.Decoder(data)
            msgspec.json.schema(data)
        except (TypeError, NameError) as error:
            return f"a type of `data` that msgspec can't decode: {error}"
        return ""

    @property
    def actions(self) -> tuple[str, ...]:
        """What `authorize` is asked for, one after the other."""
        return ("send", self.action) if self.speaks and self.action != "send" else (self.action,)

    @property
    def has_text(self) -> bool:
        """Whether its sender gives it a text, which is checked and filtered."""
        return self.shape == "message" or self.takes_text
