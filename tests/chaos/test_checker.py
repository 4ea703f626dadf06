"""The checker finds each broken promise, and nothing in a record of promises kept."""

from __future__ import annotations

from tests.chaos.checker import check
from tests.chaos.record import Note

LEASE = 5.0


def note(at: float, who: str, what: str, **facts: object) -> Note:
    return {"at": at, "who": who, "what": what, **facts}


def entered(at: float, who: str, seq: int = 0, recovered: bool = False) -> Note:
    return note(at, who, "entered", seq=seq, recovered=recovered, node=0)


def seen(at: float, who: str, *places: int) -> list[Note]:
    return [note(at, who, "seen", seq=seq, text=f"t{seq}") for seq in places]


def stored(count: int) -> list[Note]:
    return [
        note(90, "stage", "stored", seq=seq, sender="romeo", id=f"i{seq}", text=f"t{seq}", target=0)
        for seq in range(1, count + 1)
    ]


def rules(*notes: Note | list[Note]) -> list[str]:
    flat = [item for part in notes for item in (part if isinstance(part, list) else [part])]
    return [finding.rule for finding in check(sorted(flat, key=lambda item: item["at"]), LEASE)]


def good() -> list[Note]:
    """Romeo says four things, breaks off and resumes; Juliet hears them; both are there at the end."""
    return [
        entered(1, "romeo"),
        note(1, "romeo", "roster", users=["romeo"]),
        entered(2, "juliet"),
        note(2, "juliet", "roster", users=["romeo"]),
        note(2.1, "juliet", "joined", user="juliet"),
        note(2.1, "romeo", "joined", user="juliet"),
        *[note(3, "romeo", "sent", id=f"i{seq}") for seq in range(1, 5)],
        note(3, "romeo", "sent", id="refused"),
        *seen(4, "juliet", 1, 2),
        *seen(4, "romeo", 1),
        note(5, "romeo", "lost", reason="cut"),
        note(5.5, "juliet", "left", user="romeo"),
        entered(6, "romeo", 4, recovered=True),
        note(6, "romeo", "roster", users=["romeo", "juliet"]),
        note(6.5, "juliet", "joined", user="romeo"),
        *seen(7, "romeo", 2, 3, 4),
        *seen(7, "juliet", 3, 4),
        *[note(8, "romeo", "acked", id=f"i{seq}", seq=seq) for seq in range(1, 5)],
        note(8, "romeo", "failed", id="refused", code="busy"),
        *stored(4),
        note(99, "stage", "present", users=["romeo", "juliet"]),
    ]


def test_a_good_record_has_no_finding() -> None:
    assert check(good(), LEASE) == []


def test_acked_but_not_stored() -> None:
    assert rules(good(), note(10, "romeo", "acked", id="i9", seq=9)) == ["acked but not stored"]


def test_acked_at_another_place() -> None:
    assert rules(good(), note(10, "romeo", "acked", id="i1", seq=2)) == ["acked but not stored"]


def test_told_as_failed_but_stored() -> None:
    told = note(10, "romeo", "failed", id="i1", code="unavailable")
    assert rules(good(), told) == ["told as failed but stored"]


def test_unanswered() -> None:
    assert rules(good(), note(10, "romeo", "sent", id="i9")) == ["unanswered"]


def test_what_has_no_certain_answer_is_answered() -> None:
    assert rules(good(), note(10, "romeo", "sent", id="x"), note(11, "romeo", "unknown", id="x")) == []


def test_stored_twice() -> None:
    again = note(90, "stage", "stored", seq=5, sender="romeo", id="i1", text="t5", target=0)
    everybody = [*seen(10, "romeo", 5), *seen(10, "juliet", 5)]
    found = rules(good(), again, everybody)
    assert found.count("stored twice") == 1


def test_a_streamed_message_has_what_was_written() -> None:
    written = note(20, "romeo", "streamed", seq=1, text="t1")
    assert rules(good(), written) == []
    assert rules(good(), {**written, "text": "t1 and more"}) == ["streamed otherwise than written"]


def test_a_gap_in_the_log() -> None:
    far = note(90, "stage", "stored", seq=6, sender="romeo", id="i6", text="t6", target=0)
    assert "the log has a gap" in rules(good(), far)


def test_seen_out_of_order() -> None:
    late = [entered(10, "nurse"), *seen(11, "nurse", 1, 3, 2, 4)]
    left = note(12, "nurse", "lost", reason="went")
    assert rules(good(), late, left) == ["seen out of order"]


def test_seen_twice() -> None:
    assert rules(good(), seen(10, "juliet", 4)) == ["seen twice"]


def test_seen_twice_over_a_resume() -> None:
    assert rules(good(), entered(10, "romeo", 4, recovered=True), seen(11, "romeo", 4)) == ["seen twice"]


def test_what_comes_again_after_a_fresh_history_is_not_seen_twice() -> None:
    assert rules(good(), entered(10, "romeo", 4), seen(11, "romeo", 3, 4)) == []


def test_never_seen_in_between() -> None:
    gap = [entered(10, "nurse"), *seen(11, "nurse", 1, 4), note(12, "nurse", "lost", reason="went")]
    assert rules(good(), gap) == ["never seen"]


def test_never_seen_though_resumed() -> None:
    gap = [entered(10, "nurse"), *seen(11, "nurse", 1), note(12, "nurse", "lost", reason="cut")]
    back = [entered(13, "nurse", 4, recovered=True), *seen(14, "nurse", 3, 4)]
    assert rules(good(), gap, back, note(15, "nurse", "lost", reason="went")) == ["never seen"]


def test_never_seen_at_the_end_by_who_is_there() -> None:
    short = [n for n in good() if not (n["what"] == "seen" and n["who"] == "juliet" and n["seq"] == 4)]
    assert rules(short) == ["never seen"]


def test_never_seen_after_the_welcome_that_came_without_history() -> None:
    late = [entered(10, "nurse", 2), *seen(11, "nurse", 4), note(12, "nurse", "lost", reason="went")]
    assert rules(good(), late) == ["never seen"]


def test_seen_otherwise_than_stored() -> None:
    other = [entered(10, "nurse", 4), note(11, "nurse", "seen", seq=4, text="another text")]
    left = note(12, "nurse", "lost", reason="went")
    assert rules(good(), other, left) == ["seen otherwise than stored"]


def test_a_ghost_user() -> None:
    ghosts = note(100, "stage", "present", users=["romeo", "juliet", "tybalt"])
    assert "ghost user" in rules(good(), ghosts)


def test_who_is_there_and_not_shown() -> None:
    assert "not shown though there" in rules(good(), note(100, "stage", "present", users=["romeo"]))


def test_snapshot_and_events_differ_from_a_fresh_snapshot() -> None:
    wrong = "snapshot and events differ from a fresh snapshot"
    assert rules(good(), note(50, "juliet", "joined", user="tybalt")) == [wrong]


def test_shown_leaving_while_there() -> None:
    told = [note(50, "romeo", "left", user="juliet"), note(51, "romeo", "joined", user="juliet")]
    assert rules(good(), told) == ["shown leaving while there"]


def test_who_is_on_a_node_that_stands_still_may_be_shown_leaving() -> None:
    told = [note(50, "romeo", "left", user="juliet"), note(51, "romeo", "joined", user="juliet")]
    assert rules(good(), told, note(49, "stage", "fault", kind="stop node", node=0, began=44, until=49)) == []


def test_who_has_just_come_back_may_be_shown_leaving() -> None:
    back = [note(44, "juliet", "lost", reason="cut"), entered(45, "juliet", 4, recovered=True)]
    told = [note(50, "romeo", "left", user="juliet"), note(51, "romeo", "joined", user="juliet")]
    again = note(45, "juliet", "roster", users=["romeo", "juliet"])
    assert rules(good(), back, again, told) == []


def edited() -> list[Note]:
    """The second message is edited: it has another text than the one that was seen."""
    log = good()
    for one in log:
        if one["what"] == "stored" and one["seq"] == 2:
            one["text"] = "new"
    act = note(90, "stage", "stored", seq=5, sender="romeo", id="i5", text="new", target=2)
    return [*log, act]


def test_an_edit_is_no_finding_and_needs_not_be_seen_as_a_message() -> None:
    held = note(95, "juliet", "holds", texts={"1": "t1", "2": "new"})
    assert check([*edited(), held], LEASE) == []


def test_shown_otherwise_than_stored() -> None:
    earlier = note(94, "juliet", "holds", texts={"2": "t2"})
    assert rules(edited(), earlier) == ["shown otherwise than stored"]
    assert rules(edited(), earlier, note(95, "juliet", "holds", texts={"2": "new"})) == []


def test_said_otherwise_than_stored() -> None:
    log = edited()
    for one in log:
        if one["what"] == "stored" and one["seq"] == 1:
            one["said"] = [None, None, {"n": 1}, [2, 4], {}]
    other = {"reaction": {"a": {"count": 1, "users": ["romeo"]}}}
    for replies, marks, found in (([2, 4], {}, []), ([1, 4], {}, [WRONG]), ([2, 4], other, [WRONG])):
        said = [None, None, {"n": 1}, replies, marks]
        held = note(95, "juliet", "holds", texts={"1": "t1"}, said={"1": said})
        assert rules(log, held) == found


WRONG = "said otherwise than stored"


def marked(count: int, *sets: list[str]) -> list[Note]:
    """Romeo marks the first message with these sets, one after the other; `count` users have the token a."""
    log = good()
    for one in log:
        if one["what"] == "stored" and one["seq"] == 1:
            told = {"reaction": {"a": {"count": count}}} if count else {}
            one["said"] = [None, None, None, None, told]
    act = {"sender": "romeo", "text": "", "target": 1}
    return log + [
        note(90, "stage", "stored", seq=5 + n, id=f"m{n}", tokens=tokens, **act)
        for n, tokens in enumerate(sets)
    ]


def test_a_message_has_the_last_marks_of_its_users() -> None:
    assert rules(marked(1, ["b"], ["a"])) == []
    assert rules(marked(0, ["a"], [])) == []
    for count, sets in ((1, [["a"], []]), (2, [["a"]]), (0, [["a"]]), (1, [["a", "b"]])):
        assert rules(marked(count, *sets)) == ["counted otherwise than marked"]


def test_a_set_that_stood_needs_not_be_stored_or_only_later() -> None:
    for message_id, seq, found in (("x", 5, []), ("m0", 4, []), ("m0", 9, ["acked but not stored"])):
        told = note(10, "romeo", "acked", id=message_id, seq=seq, stood=True)
        assert rules(marked(1, ["a"]), told) == found


def test_a_message_that_is_only_marked_has_the_text_that_was_seen() -> None:
    other = [entered(10, "nurse", 4), note(11, "nurse", "seen", seq=1, text="another text")]
    left = note(12, "nurse", "lost", reason="went")
    assert "seen otherwise than stored" in rules(marked(1, ["a"]), other, left)
