"""Checks of the rows of an import: a file must not bring in what no client could have sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TypeAlias

from msgspec.structs import replace

from tornchat.archive.state import RoomState
from tornchat.errors import ChatError
from tornchat.hooks.words import MOST_CHARS, is_encodable
from tornchat.kinds import BUILT_IN, Changes, EntryKind
from tornchat.marks import Mark, normal
from tornchat.model import MOST_OPEN_BYTES, Entry
from tornchat.wire import data, meta
from tornchat.wire.titles import MOST_TITLE_CHARS, MOST_TOPIC_CHARS, plain_text

CheckText: TypeAlias = Callable[[str], None]
"""Raises `ChatError` for a text that a client could not have sent."""
MOST_AHEAD = 24 * 3600 * 1000
"""How far a time may be in the future in milliseconds, since clocks differ."""
MOST_CLIENT_ID = 64
MOST_SEQ = 2**53 - 1


class Rows:
    """Says what is wrong with a row."""

    def __init__(
        self,
        check_text: CheckText,
        kinds: Mapping[str, EntryKind] = BUILT_IN,
        undeclared: bool = False,
    ) -> None:
        """`check_text` is the check of the texts of live messages. `kinds` are the declared kinds by name.

        With `undeclared`, entries of other kinds are accepted, too, if they have one of the three shapes.
        """
        self._check_text = check_text
        self._kinds = kinds
        self._undeclared = undeclared
        self._latest = int(time.time() * 1000) + MOST_AHEAD

    def fault(self, entry: Entry) -> str:
        """Return what is wrong with the entry; "" if it may be imported."""
        if not 0 <= entry.seq <= MOST_SEQ:
            return f"seq must be between 0 and {MOST_SEQ}"
        if not 0 <= entry.sent_at <= self._latest:
            return "sent_at is no time between 1970 and now, in milliseconds"
        for field in ("sender_id", "sender_username", "draft_id"):
            if not is_name(getattr(entry, field)):
                return f"{field} must have 1 to {MOST_CHARS} characters, and no NUL"
        if entry.client_id is not None and not is_name(entry.client_id, MOST_CLIENT_ID):
            return f"client_id must have 1 to {MOST_CLIENT_ID} characters, and no NUL"
        whole = entry.more.whole if entry.more is not None else None
        if whole is not None and entry.more is not None:
            if not entry.closes or whole.target is not None or whole.seq != entry.target:
                return "whole is the message that an entry closes"
            return self.fault(replace(entry, more=replace(entry.more, whole=None))) or self.fault(whole)
        return self._fault_of_kind(entry) or _fault_of_more(entry) or self._fault_of_text(entry)

    def _fault_of_kind(self, entry: Entry) -> str:
        kind = self._kinds.get(entry.kind)
        if kind is not None:
            return _fault_of_shape(entry, kind) or _fault_of_data(entry, kind)
        if self._undeclared:
            return _fault_of_shape(entry, _presumed(entry))
        return f"kind must be one of {', '.join(sorted(self._kinds))}; load the plugin that declares it"

    def _fault_of_text(self, entry: Entry) -> str:
        if entry.empties:
            return "a deletion has no text" if entry.text else ""
        if entry.more is not None and (entry.more.status or entry.offset is not None):
            return _fault_of_streamed(entry.text)
        if not entry.text:  # a deleted message
            return ""
        try:
            self._check_text(entry.text)
        except ChatError as error:
            return error.text.removesuffix(".")
        return ""


def _fault_of_streamed(text: str) -> str:
    """Return what is wrong with the text of a streamed message, or with a piece of it."""
    if "\0" in text or not is_encodable(text):
        return "the text holds a NUL character or is not UTF-8"
    too_long = len(text.encode()) > MOST_OPEN_BYTES
    return f"the text has more than {MOST_OPEN_BYTES} bytes" if too_long else ""


def _presumed(entry: Entry) -> EntryKind:
    """Return a declaration that an entry of an undeclared kind could have."""
    if entry.target is None:
        return EntryKind(name=entry.kind, shape="message")
    if entry.mark is not None:
        return EntryKind(name=entry.kind, shape="mark", most_tokens=MOST_SEQ)
    return EntryKind(name=entry.kind, shape="revision", revise=lambda target, draft: Changes())


def _fault_of_data(entry: Entry, kind: EntryKind) -> str:
    """Return what is wrong with the `data` of a message of a declared kind."""
    if kind.shape != "message" or not entry.text:
        return ""
    try:
        data.fitted(entry.data, kind.data)
    except ChatError as error:
        return error.text.removesuffix(".")
    return ""


def _fault_of_shape(entry: Entry, kind: EntryKind) -> str:
    if (entry.offset is not None) is not kind.grows or (entry.offset or 0) < 0:
        return f"the kind {kind.name} has {'an' if kind.grows else 'no'} offset"
    if kind.shape == "message":
        return "" if entry.target is None else f"the kind {kind.name} has no target"
    if entry.closes is not kind.closes or (entry.more is not None and entry.more.status == "open"):
        return f"the kind {kind.name} says {'how' if kind.closes else 'not how'} a message ended"
    if entry.target is None or not 0 < entry.target < entry.seq:
        return f"the kind {kind.name} has the seq of an earlier entry as target"
    if kind.name in BUILT_IN and kind.speaks and entry.empties:  # it would be taken for a deletion
        return f"the kind {kind.name} has a field `more`"
    if (entry.mark is not None) is not (kind.shape == "mark"):
        return f"the kind {kind.name} has {'' if kind.shape == 'mark' else 'no '}tokens"
    return "" if entry.mark is None else _fault_of_mark(entry.mark, kind)


def _fault_of_mark(mark: Mark, kind: EntryKind) -> str:
    tokens = {*mark.tokens, *mark.added, *mark.removed, *mark.counts}
    try:
        normal(mark.tokens, kind.most_tokens)
        if {*normal(sorted(tokens), len(tokens))} != tokens:
            return "a token has variation selectors or is not in Unicode's form NFC"
    except ValueError as error:
        return str(error).removesuffix(".")
    return "" if all(0 <= count <= MOST_SEQ for count in mark.counts.values()) else "a count is negative"


def _fault_of_more(entry: Entry) -> str:
    """Return what is wrong with what an entry says beyond its text."""
    if entry.more is None:
        return ""
    for field in ("reply_to", "thread"):
        seq = getattr(entry.more, field)
        if seq is not None and (entry.target is not None or not 0 < seq < entry.seq):
            return f"{field} is the seq of an earlier entry, and only of a message"
    mentioned = entry.more.mentions.users if entry.more.mentions is not None else ()
    if not all(map(is_name, mentioned)):
        return f"mentions.users are ids of 1 to {MOST_CHARS} characters, without a NUL"
    for field in ("meta", "data"):
        text = getattr(entry, field)
        if text and not meta.is_text(text):
            return f"{field} is no JSON object that may be sent"
    return ""


def is_name(text: str, most: int = MOST_CHARS) -> bool:
    """Return whether a user or a message of a live chat can have this id or name."""
    return 0 < len(text) <= most and "\0" not in text and is_encodable(text)


def fault_of_state(state: RoomState) -> str:
    """Return what is wrong with the state of a room; "" if it may be imported."""
    names = [member.user_id for member in state.members]
    names += [name for one in state.sanctions for name in (one.user_id, one.by)]
    names += [] if state.owner is None else [state.owner]
    if not all(map(is_name, names)):
        return f"a user's id must have 1 to {MOST_CHARS} characters, and no NUL"
    try:
        plain_text("title", state.title, MOST_TITLE_CHARS)
        plain_text("topic", state.topic, MOST_TOPIC_CHARS)
    except ChatError as error:
        return error.text
    return ""
