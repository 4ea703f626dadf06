"""Holds a record against the promises. It knows no server: only what each user was told, and the log.

A *stay* is what one user saw from an `entered` that is not recovered up to the next of that kind: its
messages must be the log's, in order, once each and without a gap. At the end everybody shows the present
state of every message.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.chaos.record import Note

STAGE = "stage"
EDITED = " says "
"""What all texts have that were not streamed."""
MARKS = 4
"""Where the marks are in `extras`."""
ABSENT = frozenset({"stop node", "swallow redis"})
"""Faults that keep a node from the others."""


class Finding(NamedTuple):
    """A promise that was broken."""

    rule: str
    who: str
    detail: str


class Stay(NamedTuple):
    """What one user saw in one go: the `seq` of its welcome, and its `seen` notes."""

    who: str
    welcomed_at: int
    seen: list[Note]
    last: bool


def check(notes: list[Note], lease: float = 8.0) -> list[Finding]:
    """All that is wrong with a record. `lease` is after how many seconds a dead node's users leave."""
    stored = [note for note in notes if note["what"] == "stored"]
    findings: list[Finding] = []
    findings += answers(notes, stored)
    findings += doubles(stored)
    findings += tallies(stored)
    findings += streams(notes, stored)
    for stay in stays(notes):
        findings += order(stay)
        findings += completeness(stay, stored)
    findings += states(notes, stored)
    findings += rosters(notes)
    findings += false_leaves(notes, lease)
    return findings


# --- what was said ----------------------------------------------------------------------------------------


def answers(notes: list[Note], stored: list[Note]) -> Iterator[Finding]:
    """Acked is stored, at the place that was told; told as failed is not; what was sent is answered.

    A set of marks that stood has no place. A node that stood still meanwhile may store a copy of it later.
    """
    places = {(note["sender"], note["id"]): note["seq"] for note in stored}
    open_ids: set[tuple[str, str]] = set()
    for note in notes:
        key = (note["who"], note.get("id", ""))
        if note["what"] == "sent":
            open_ids.add(key)
        elif note["what"] in ("acked", "failed", "unknown"):
            open_ids.discard(key)
        stood = note.get("stood", False) and places.get(key, note["seq"] + 1) > note["seq"]
        if note["what"] == "acked" and places.get(key) != note["seq"] and not stood:
            detail = f"{key[1]} at {note['seq']}: the log has it at {places.get(key)}"
            yield Finding("acked but not stored", note["who"], detail)
        if note["what"] == "failed" and key in places:
            yield Finding("told as failed but stored", note["who"], f"{key[1]} ({note['code']})")
    for who, message_id in sorted(open_ids):
        yield Finding("unanswered", who, message_id)


def doubles(stored: list[Note]) -> Iterator[Finding]:
    """The same id of the same sender is stored once, and no place is taken twice or left out."""
    for (sender, message_id), times in Counter((note["sender"], note["id"]) for note in stored).items():
        if times > 1 and message_id:  # the pieces of a closed message have no ids any more
            yield Finding("stored twice", sender, f"{message_id}: {times} times")
    places = sorted(note["seq"] for note in stored)
    if places != list(range(1, len(places) + 1)):
        yield Finding("the log has a gap", STAGE, f"{len(places)} entries up to {places[-1]}")


def tallies(stored: list[Note]) -> Iterator[Finding]:
    """Each message is marked with what is in the last sets of its users."""
    sets: dict[int, dict[str, Iterable[str]]] = defaultdict(dict)
    for note in sorted(stored, key=lambda one: int(one["seq"])):
        if "tokens" in note:
            sets[note["target"]][note["sender"]] = note["tokens"]
    for note in stored:
        if "said" in note:
            users = dict(Counter(token for tokens in sets[note["seq"]].values() for token in tokens))
            told = note["said"][MARKS].get("reaction", {})
            if users != {token: tally["count"] for token, tally in told.items()}:
                yield Finding("counted otherwise than marked", STAGE, f"{note['seq']}: {told}, not {users}")


def streams(notes: list[Note], stored: list[Note]) -> Iterator[Finding]:
    """A streamed message has all that was written, once, unless it was edited or deleted afterwards."""
    texts = {note["seq"]: note["text"] for note in stored if not note["target"]}
    for note in notes:
        if note["what"] == "streamed":
            text = texts.get(note["seq"], "nothing")
            if text not in ("", note["text"]) and EDITED not in text:
                yield Finding("streamed otherwise than written", note["who"], f"{note['seq']}: {text!r}")


# --- what was seen ----------------------------------------------------------------------------------------


def stays(notes: list[Note]) -> Iterator[Stay]:
    """Each user's stays."""
    users: dict[str, list[Note]] = defaultdict(list)
    for note in notes:
        if note["what"] in ("entered", "seen", "lost"):
            users[note["who"]].append(note)
    for who, mine in users.items():
        starts = [n for n, note in enumerate(mine) if note["what"] == "entered" and not note["recovered"]]
        for start, end in zip(starts, [*starts[1:], len(mine)], strict=True):
            seen = [note for note in mine[start:end] if note["what"] == "seen"]
            there = end == len(mine) and mine[-1]["what"] != "lost"
            yield Stay(who, mine[start]["seq"], seen, there)


def order(stay: Stay) -> Iterator[Finding]:
    """Places grow: none comes again, and none comes late."""
    head, before = 0, set[int]()
    for note in stay.seen:
        seq = note["seq"]
        if seq in before:
            yield Finding("seen twice", stay.who, f"{seq}")
        elif seq < head:
            yield Finding("seen out of order", stay.who, f"{seq} after {head}")
        before.add(seq)
        head = max(head, seq)


def completeness(stay: Stay, stored: list[Note]) -> Iterator[Finding]:
    """Between the first and the last seen there is all that is stored, and who is still there has the end."""
    texts = {note["seq"]: note["text"] for note in stored if not note["target"]}
    changed = {note["target"] for note in stored if "tokens" not in note}
    seen = {note["seq"]: note["text"] for note in stay.seen}
    for seq, text in seen.items():
        if texts.get(seq) != text and seq not in changed:
            yield Finding("seen otherwise than stored", stay.who, f"{seq}: {text!r}, not {texts.get(seq)!r}")
    head = max(texts, default=0)
    last = head if stay.last else max(seen, default=0)
    first = min([stay.welcomed_at + 1, *seen])
    missing = [seq for seq in sorted(texts) if first <= seq <= last and seq not in seen]
    if missing:
        yield Finding("never seen", stay.who, f"{_shortly(missing)} of {first} to {last}")


def states(notes: list[Note], stored: list[Note]) -> Iterator[Finding]:
    """What each who is there shows at the end is what the log has, with edits, threads, meta and marks."""
    texts = {str(note["seq"]): note["text"] for note in stored if not note["target"]}
    there = still_there(notes)
    last = {note["who"]: note["texts"] for note in notes if note["what"] == "holds"}
    said = {str(note["seq"]): note["said"] for note in stored if not note["target"] and "said" in note}
    more = {note["who"]: note.get("said", {}) for note in notes if note["what"] == "holds"}
    for who in sorted(there & last.keys()):
        wrong = [int(seq) for seq, text in last[who].items() if texts.get(seq) != text]
        if wrong:
            yield Finding("shown otherwise than stored", who, _shortly(sorted(wrong)))
        others = [int(seq) for seq, one in more.get(who, {}).items() if said.get(seq, one) != one]
        if others:
            yield Finding("said otherwise than stored", who, _shortly(sorted(others)))


def _shortly(numbers: list[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:5])
    return f"{shown}{', ...' if len(numbers) > 5 else ''} ({len(numbers)})"


# --- who is here ------------------------------------------------------------------------------------------


def rosters(notes: list[Note]) -> Iterator[Finding]:
    """At the end, what each was told of joins and leaves is what a newcomer is told: who is there."""
    [present] = [note for note in notes if note["what"] == "present"][-1:] or [None]
    if present is None:
        return
    fresh = set(present["users"])
    yield from _differences(STAGE, fresh, still_there(notes), "ghost user", "not shown though there")
    for who, told in told_rosters(notes).items():
        wrong = "snapshot and events differ from a fresh snapshot"
        yield from _differences(who, told, fresh, wrong, wrong)


def _differences(who: str, told: set[str], real: set[str], more: str, fewer: str) -> Iterator[Finding]:
    if told - real:
        yield Finding(more, who, f"too many: {', '.join(sorted(told - real))}")
    if real - told:
        yield Finding(fewer, who, f"too few: {', '.join(sorted(real - told))}")


def still_there(notes: list[Note]) -> set[str]:
    """Who is connected at the end."""
    there: dict[str, bool] = {}
    for note in notes:
        if note["what"] in ("entered", "lost"):
            there[note["who"]] = note["what"] == "entered"
    return {who for who, is_there in there.items() if is_there}


def told_rosters(notes: list[Note]) -> dict[str, set[str]]:
    """What each who is there believes: the last list, and what came after it."""
    believed: dict[str, set[str]] = {}
    for note in notes:
        who = note["who"]
        if note["what"] == "roster":
            believed[who] = set(note["users"])
        elif note["what"] == "joined":
            believed.setdefault(who, set()).add(note["user"])
        elif note["what"] == "left":
            believed.setdefault(who, set()).discard(note["user"])
    there = still_there(notes)
    return {who: users for who, users in believed.items() if who in there}


def false_leaves(notes: list[Note], lease: float) -> Iterator[Finding]:
    """Nobody is shown leaving who was there all the time, on a node that was there for the others.

    One that stands still, or does not hear Redis, for longer than a lease is to the others as one that died.
    """
    since: dict[str, tuple[float, int | None]] = {}
    nodes: dict[str, int | None] = {}
    absences = [
        note
        for note in notes
        if note["what"] == "fault"
        and note["kind"] in ABSENT
        and note["until"] - note["began"] > lease / 2  # the lease was renewed some time before
    ]
    for note in notes:
        if note["what"] == "entered":
            since[note["who"]] = (note["at"], note["node"])
            nodes[note["who"]] = note["node"]
        elif note["what"] == "lost":
            since.pop(note["who"], None)
        elif note["what"] == "left" and note["user"] in since:
            entered, node = since[note["user"]]
            held_up = {node, nodes.get(note["who"])}
            there = note["at"] - entered
            if there > 2 * lease and not _absent(absences, held_up, note["at"], 2 * lease):
                detail = f"{note['user']}, there for {there:.1f} s"
                yield Finding("shown leaving while there", note["who"], detail)


def _absent(absences: Iterable[Note], nodes: set[int | None], at: float, after: float) -> bool:
    return any(fault["node"] in nodes and fault["began"] < at < fault["until"] + after for fault in absences)
