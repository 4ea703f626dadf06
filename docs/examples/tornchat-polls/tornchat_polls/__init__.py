"""Polls: a message with options, a vote for each user, and an end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from tornchat import Changes, Draft, Entry, EntryKind, Refusal, hookimpl

Option = Annotated[str, Meta(min_length=1, max_length=200)]


class Poll(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `data` of a poll. Options are numbered from 1."""

    options: Annotated[tuple[Option, ...], Meta(min_length=2, max_length=10)]
    closed: bool = False


def poll_of(target: Entry) -> Poll:
    """Return what a message of the kind `poll` says."""
    return msgspec.json.decode(target.data, type=Poll)


def check_vote(target: Entry, draft: Draft) -> Refusal | None:
    """Refuse votes for options that are not there, and for closed polls."""
    poll = poll_of(target)
    if poll.closed:
        return Refusal("rejected", "The poll is closed.")
    numbers = [str(number) for number, _ in enumerate(poll.options, start=1)]
    if not set(draft.tokens) <= set(numbers):
        return Refusal("invalid_message", f"The options are {', '.join(numbers)}.")
    return None


def close(target: Entry, draft: Draft) -> Changes | Refusal:
    """Close the poll, in its text as well, which is all that classic clients see."""
    poll = poll_of(target)
    if poll.closed:
        return Refusal("rejected", "The poll is closed already.")
    return Changes(text=f"{target.text} (closed)", data=msgspec.structs.replace(poll, closed=True))


class PollsPlugin:
    """The plugin `polls`."""

    @hookimpl
    def entry_kinds(self) -> Sequence[EntryKind]:
        return [
            EntryKind(name="poll", shape="message", data=Poll, action="poll"),
            EntryKind(name="vote", shape="mark", targets=("poll",), most_tokens=1, check=check_vote),
            EntryKind(name="close-poll", shape="revision", targets=("poll",), own_only=True, revise=close),
        ]
