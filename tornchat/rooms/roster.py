"""The roster last sent to the members of a room, and the changes between it and a newer one."""

from __future__ import annotations

from collections.abc import Iterable

from tornchat.model import Participant, PresenceChange, Roster
from tornchat.wire import encode_participant


class ToldRoster:
    """The roster as sent to this node's members of one room. Updates return the changes to send."""

    __slots__ = ("_encoded", "_limit", "_marked", "_participants", "version")

    def __init__(self, limit: int = 0) -> None:
        """Above `limit` users, joins and leaves are not sent and the list is truncated; 0 means no limit."""
        self.version = -1
        self._limit = limit
        self._participants: dict[str, Participant] = {}
        self._encoded: dict[str, bytes] = {}
        self._marked: dict[str, bytes] = {}
        """The guests among them, encoded for dialects that mark guests."""

    def __len__(self) -> int:
        return len(self._participants)

    def __contains__(self, user_id: str) -> bool:
        return user_id in self._participants

    def outdate(self) -> None:
        """Forget the version: changes were missed, and the whole roster must be read."""
        self.version = -1

    def apply(self, version: int, change: PresenceChange) -> list[PresenceChange] | None:
        """Apply a change and return the changes to send; None if a version was missed (read the roster)."""
        if version <= self.version:
            return []
        if version != self.version + 1:
            return None
        self.version = version
        return self._told([change] if self._fits(change) else [])

    def refresh(self, fresh: Roster) -> list[PresenceChange]:
        """Apply a whole roster and return the changes to send, leaves before joins.

        An older roster is ignored. A roster that is not complete gives no leaves.
        """
        if fresh.version < self.version:
            return []
        self.version = fresh.version
        now = {participant.id: participant for participant in fresh.users}
        leaves = [p for p in self._participants.values() if p.id not in now] if fresh.complete else []
        joins = [p for p in fresh.users if p.id not in self._participants]
        changes = [PresenceChange("leave", p) for p in leaves] + [PresenceChange("join", p) for p in joins]
        return self._told(changes)

    def participants(self) -> Iterable[Participant]:
        """Return the users in the roster."""
        return self._participants.values()

    def encoded(self, me: Participant, marked: bool = False) -> list[bytes]:
        """Return the user list as encoded items, up to the limit, and always including `me`.

        With `marked`, the items of guests say that they are guests.
        """
        items = {**self._encoded, **self._marked} if marked and self._marked else self._encoded
        if self._limit and len(items) > self._limit:
            items = dict(list(items.items())[: self._limit])
        if me.id in items:
            return list(items.values())
        return [*items.values(), encode_participant(me, marked)]

    def _fits(self, change: PresenceChange) -> bool:
        return (change.kind == "join") != (change.participant.id in self._participants)

    def _told(self, changes: list[PresenceChange]) -> list[PresenceChange]:
        quiet = self._limit and len(self._participants) > self._limit
        for change in changes:
            self._take(change)
        if quiet or (self._limit and len(self._participants) > self._limit):
            return []
        return changes

    def _take(self, change: PresenceChange) -> None:
        participant = change.participant
        if change.kind == "join":
            self._participants[participant.id] = participant
            self._encoded[participant.id] = encode_participant(participant)
            if participant.guest:
                self._marked[participant.id] = encode_participant(participant, True)
        else:
            self._participants.pop(participant.id, None)
            self._encoded.pop(participant.id, None)
            self._marked.pop(participant.id, None)
