"""What the declarations of kinds say of a draft, whatever the message is on which it acts."""

from __future__ import annotations

from msgspec.structs import replace

from tornchat.errors import ChatError, SettingsError
from tornchat.hooks.entrykinds import EntryKinds
from tornchat.kinds import EntryKind
from tornchat.model import Draft, Entry, Shape
from tornchat.service import rights
from tornchat.wire import Said, data


class Kinds:
    """The kinds of one chat, as the rules for drafts."""

    def __init__(self, declared: EntryKinds) -> None:
        """Raises `SettingsError` for a kind that needs a right which is not in the table."""
        self._declared = declared
        for kind in declared:
            _refuse_unknown_right(kind)

    def of(self, said: Said) -> EntryKind:
        """Return the declaration of what a client said. Raises `ChatError` (`invalid_message`)."""
        kind, shape = self._declared.get(said.kind), _shape_of(said)
        if kind is None:
            words = f"There is no kind {said.kind!r:.40} here: no loaded plugin declares it."
            raise ChatError("invalid_message", words, None, said.client_id)
        if kind.shape != shape:
            words = f"The kind {kind.name!r} is a {kind.shape}, and no {shape}."
            raise ChatError("invalid_message", words, None, said.client_id)
        return kind

    def message(self, draft: Draft, said: Said) -> Draft:
        """Return the draft of a message that says more than a text, as its kind declares it.

        Raises `ChatError` (`invalid_message`) for a kind that is none, and a `data` that does not fit.
        """
        return with_data(draft, self.of(said))

    def actions(self, draft: Draft) -> tuple[str, ...]:
        """Return what `authorize` is asked for a draft of a declared kind, one after the other."""
        kind = self._declared.get(draft.kind)
        return kind.actions if kind is not None else ("send",)

    def right(self, draft: Draft) -> str:
        """Return the row of the table of rights for a target of somebody else; "" if none is needed."""
        kind = self._declared.get(draft.kind)
        return kind.others if kind is not None else ""


def with_data(draft: Draft, kind: EntryKind) -> Draft:
    """Return the draft with its `data` as its kind declares it. Raises `ChatError` (`invalid_message`)."""
    if draft.more is None:
        raise ValueError("a plain message has no data")
    typed = data.fitted(draft.data, kind.data)
    return draft if typed == draft.data else replace(draft, more=replace(draft.more, data=typed))


def refuse_other(kind: EntryKind, target: Entry) -> None:
    """Refuse a target of a kind on which `kind` does not act. Raises `ChatError` (`invalid_message`)."""
    if kind.targets and target.kind not in kind.targets:
        wanted = " or ".join(kind.targets)
        raise ChatError(
            "invalid_message", f"A {kind.name} acts on a {wanted}; the message is a {target.kind}."
        )


def _refuse_unknown_right(kind: EntryKind) -> None:
    if kind.others and kind.others not in rights.GRANTS:
        raise SettingsError(
            f"The kind {kind.name!r} needs the right {kind.others!r:.80}, which is not in the table.",
            "Report it to the author of its plugin; docs/rights.md has the table.",
        )


def _shape_of(said: Said) -> Shape:
    if said.target is None:
        return "message"
    return "revision" if said.tokens is None else "mark"
