"""Messages and what acts on them: whoever applies the same entries has the same messages."""

from __future__ import annotations

import itertools

import pytest

from tornchat.marks import Mark
from tornchat.model import ERASED, Entry, Mentions, More, digest_of

SAID = Entry(
    1, "ann-id", "ann", "Lunch?", 1000, "d1", more=More(mentions=Mentions(("bob-id",)), meta='{"a":1}')
)


def edit(seq: int, revision: int, text: str) -> Entry:
    more = More(revision=revision)
    return Entry(seq, "ann-id", "ann", text, 1000 + seq, f"d{seq}", kind="edit", target=1, more=more)


def reaction(seq: int, token: str) -> Entry:
    mark = Mark(tokens=(token,), added=(token,), counts={token: 1})
    more = More(mark=mark)
    return Entry(seq, "bob-id", "bob", "", 1000 + seq, f"d{seq}", kind="reaction", target=1, more=more)


def deletion(seq: int, by: str = "ann-id") -> Entry:
    return Entry(seq, by, by, "", 1000 + seq, f"d{seq}", kind="deletion", target=1)


def after(message: Entry, *acts: Entry) -> Entry:
    for act in acts:
        message = message.after(act)
    return message


def test_an_edit_gives_a_message_another_text_and_leaves_the_rest() -> None:
    now = after(SAID, edit(2, 1, "Lunch at one?"))
    assert (now.text, now.revision, now.position, now.meta) == ("Lunch at one?", 1, 2, '{"a":1}')
    assert now.more is not None
    assert now.more.edited_at == 1002
    assert (now.seq, now.sender_id, now.sent_at, now.draft_id) == (1, "ann-id", 1000, "d1")


def test_what_acted_before_the_last_entry_that_did_changes_nothing() -> None:
    now = after(SAID, edit(3, 2, "Lunch at two?"))
    assert after(now, edit(2, 1, "Lunch at one?"), edit(3, 2, "Lunch at two?")) == now


def test_a_reaction_is_counted_and_keeps_the_text() -> None:
    now = after(SAID, edit(2, 1, "Lunch at one?"), reaction(3, "+1"))
    assert (now.text, now.position) == ("Lunch at one?", 3)
    assert now.marks["reaction"]["+1"].count == 1


@pytest.mark.parametrize(
    "acts", list(itertools.permutations([edit(2, 1, "Lunch at one?"), reaction(3, "+1"), deletion(4)]))
)
def test_a_deletion_wins_wherever_it_stands(acts: tuple[Entry, ...]) -> None:
    now = after(SAID, *acts)
    assert (now.text, now.meta, dict(now.marks)) == ("", "", {})
    assert now.more is not None
    assert now.more.mentions is None
    assert now.position == 4


def test_the_erasure_of_a_user_takes_the_name_from_the_message() -> None:
    now = after(SAID, deletion(2, ERASED.id))
    assert (now.sender_id, now.sender_username) == (ERASED.id, ERASED.username)


def test_digests_tell_apart_whatever_a_client_says() -> None:
    requests = [
        digest_of("message", None, "Lunch?"),
        digest_of("message", None, "Dinner?"),
        digest_of("edit", 1, "Lunch?", 0),
        digest_of("edit", 1, "Lunch?", 1),
        digest_of("edit", 2, "Lunch?", 0),
        digest_of("message", None, "Lunch?", more=More(reply_to=1)),
        digest_of("message", None, "Lunch?", more=More(thread=1)),
        digest_of("message", None, "Lunch?", more=More(meta="{}")),
        digest_of("message", None, "Lunch?", more=More(mentions=Mentions(("bob-id",)))),
    ]
    assert len(set(requests)) == len(requests)
    assert digest_of("message", None, "Lunch?", more=More(position=7, revision=2)) == digest_of(
        "message", None, "Lunch?", more=More()
    ), "what the server adds does not count"
