"""The marks that one call of `Room.accept` takes, so that a message and a kind are told in one frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from tornchat.model import Entry

Place: TypeAlias = tuple[int, str]
"""A message and a kind."""


class Gathered:
    """Marks that wait for the last one of their message and kind."""

    def __init__(self, coming: Sequence[Entry], held: Mapping[int, Entry]) -> None:
        """The entries that follow the first one of `coming` are in `coming`, in any order, and in `held`."""
        seq = coming[0].seq
        entries = {**held, **{entry.seq: entry for entry in coming}}
        self._last: dict[Place, int] = {}
        self._waiting: dict[Place, list[Entry]] = {}
        while entry := entries.get(seq):
            if entry.mark is not None:
                self._last[_place(entry)] = seq
            seq += 1

    def add(self, entry: Entry) -> Sequence[Entry]:
        """Return the marks to be told at this one, oldest first: none, if a later one tells it, too."""
        place = _place(entry)
        if entry.seq < self._last.get(place, 0):
            self._waiting.setdefault(place, []).append(entry)
            return ()
        return [*self._waiting.pop(place, ()), entry]


def _place(entry: Entry) -> Place:
    return entry.target or 0, entry.kind
