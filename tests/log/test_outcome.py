"""What became of drafts whose outcome is unknown: the log knows."""

from __future__ import annotations

import asyncio

from tornchat.errors import Unavailable
from tornchat.hooks.calls import Hooks
from tornchat.hooks.implementation import Implementation
from tornchat.log import outcome as lookup
from tornchat.log.outcome import Outcomes
from tornchat.model import Draft, Entry, Page, Refusal, Stored


def draft(number, client_id=None, room="hall"):
    return Draft(f"d{number}", room, "1", "romeo", str(number), 0, client_id)


def outcomes(drafts, known, logs, failures=0):
    reads, left = [], [failures]

    def read_history(room, after, before, limit):
        if left[0]:
            left[0] -= 1
            raise Unavailable("away")
        reads.append((room, after))
        if room not in logs:
            return None
        log = logs[room]
        page = log[after:][:limit] if after is not None else log[-limit:]
        return Page(tuple(page), 1, len(log), "e1")

    hooks = Hooks({"read_history": [Implementation("storage", "read_history", read_history)]}, {})
    return asyncio.run(Outcomes(hooks).outcomes(drafts, known)), reads


def log_of(*numbers):
    return [Entry(seq, "1", "romeo", "", 0, f"d{n}") for seq, n in enumerate(numbers, 1)]


def test_one_outcome_per_draft_in_order():
    log = log_of(7, 8, 1)
    found, _ = outcomes([draft(1), draft(2), draft(3, "c3")], {"hall": 2}, {"hall": log})
    assert found == [Stored(log[2], "e1"), Refusal("unavailable"), Refusal("unconfirmed")]


def test_the_whole_log_after_what_was_known_is_read(monkeypatch):
    monkeypatch.setattr(lookup, "PAGE_ENTRIES", 2)
    log = log_of(5, 6, 7, 8, 1)
    found, reads = outcomes([draft(1)], {"hall": 1}, {"hall": log})
    assert found == [Stored(log[4], "e1")]
    assert reads == [("hall", 1), ("hall", 3)]


def test_a_room_that_is_gone_holds_nothing():
    found, _ = outcomes([draft(1)], {"hall": 4}, {})
    assert found == [Refusal("unavailable")]


def test_a_room_that_was_not_loaded_is_read_from_its_end():
    log = log_of(9, 1)
    found, reads = outcomes([draft(1)], {"hall": None}, {"hall": log})
    assert found == [Stored(log[1], "e1")]
    assert reads == [("hall", None)]


def test_a_storage_that_is_away_is_asked_again(monkeypatch):
    monkeypatch.setattr(lookup, "RETRY_SECONDS", 0.0)
    found, _ = outcomes([draft(1)], {"hall": 0}, {"hall": log_of(1)}, failures=3)
    assert isinstance(found[0], Stored)
