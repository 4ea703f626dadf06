"""Checks of what comes from other nodes: nobody must bring in what no client of a live chat could have sent.

Who can write to the broadcast, or to the server that keeps presence, is not trusted. What is refused is
dropped: an entry that is in the log is read from there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from msgspec.structs import replace

from tornchat.archive.rows import Rows, is_name
from tornchat.errors import ChatError
from tornchat.hooks.words import is_encodable, one_line
from tornchat.model import Entry, Participant, Roster
from tornchat.offenders import Offenders

log = logging.getLogger("tornchat.cluster")


class Foreign:
    """Drops, counts and logs, once a minute each, what other nodes could not have sent."""

    def __init__(self, offenders: Offenders) -> None:
        self._offenders = offenders

    def admits(self, entries: Iterable[Entry]) -> bool:
        """Return whether all of these entries could be those of a live chat.

        The length of a text is not checked, since nodes may have different limits; the broadcast checks that
        of the payload. Nor is the type of `data`, since nodes may have different plugins.
        """
        rows = Rows(_check_text, undeclared=True)
        faults = (rows.fault(entry) for entry in entries)
        fault = next(filter(None, faults), "")
        if fault:
            self._note("an entry", fault)
        return not fault

    def knows(self, user: Participant) -> bool:
        """Return whether a live chat may have this user."""
        if is_name(user.id) and is_name(user.username):
            return True
        self._note("a user", "id or name is empty, too long or has a NUL")
        return False

    def known(self, roster: Roster) -> Roster:
        """Return the roster without the users that a live chat can't have."""
        users = tuple(filter(self.knows, roster.users))
        return roster if len(users) == len(roster.users) else replace(roster, users=users)

    def _note(self, what: str, fault: str) -> None:
        self._offenders.counts["foreign_data"] += 1
        if self._offenders.may_tell("foreign_data", what):
            facts = {"event": "foreign_data", "what": what, "reason": one_line(fault)}
            words = "another node, or a stranger on its channel, sent %(what)s that was dropped: %(reason)s"
            log.warning(words, facts, extra=facts)


def _check_text(text: str) -> None:
    if "\0" in text or not is_encodable(text):
        raise ChatError("invalid_message", "The text holds a NUL character or is not UTF-8.")
