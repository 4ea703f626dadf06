"""What comes from other nodes is checked as what clients send: dropped, counted, logged once a minute."""

from __future__ import annotations

import time

import pytest
from msgspec.structs import replace

from tornchat.cluster.foreign import Foreign
from tornchat.model import Entry, Mentions, More, Participant, Roster
from tornchat.offenders import Offenders

GOOD = Entry(1, "1", "romeo", "Hist", int(time.time() * 1000), "n2-1")
ROMEO = Participant("1", "romeo")


@pytest.fixture
def offenders() -> Offenders:
    return Offenders(time.monotonic)


@pytest.mark.parametrize(
    "change",
    [
        {"text": "a\0b"},
        {"text": "\ud800"},
        {"sender_id": ""},
        {"sender_id": "1" * 1001},
        {"sender_username": "ro\0meo"},
        {"draft_id": ""},
        {"client_id": "c" * 65},
        {"sent_at": -1},
        {"sent_at": 10**18},
        {"seq": -1},
        {"kind": "deletion", "target": 1},
        *({"more": More(meta=text)} for text in ("[]", '{"a":1},"b":{}', '{"a":"' + "x" * 8192 + '"}')),
        *({"more": More(**{field: seq})} for field in ("reply_to", "thread") for seq in (0, GOOD.seq, 2**60)),
        {"more": More(mentions=Mentions(("bob\0",)))},
    ],
    ids=str,
)
def test_an_entry_that_no_client_could_have_sent_is_dropped(
    offenders: Offenders, caplog: pytest.LogCaptureFixture, change: dict[str, object]
) -> None:
    foreign = Foreign(offenders)
    for _ in range(3):
        assert not foreign.admits([GOOD, replace(GOOD, **change)])
    assert offenders.counts["foreign_data"] == 3
    assert len(caplog.records) == 1


def test_good_entries_pass(offenders: Offenders) -> None:
    deleted = replace(GOOD, text="")
    deletion = replace(GOOD, seq=2, text="", kind="deletion", target=1)
    long = replace(GOOD, text="x" * 100_000)
    assert Foreign(offenders).admits([GOOD, deleted, deletion, long])
    assert not offenders.counts


@pytest.mark.parametrize(
    "user", [Participant("", "x"), Participant("1", "x" * 1001), Participant("a\0", "x")]
)
def test_a_roster_is_shown_without_users_that_no_chat_has(
    offenders: Offenders, caplog: pytest.LogCaptureFixture, user: Participant
) -> None:
    foreign = Foreign(offenders)
    assert foreign.known(Roster(3, (user, ROMEO, user), complete=False)) == Roster(3, (ROMEO,), False)
    assert foreign.known(Roster(4, (ROMEO,))) == Roster(4, (ROMEO,))
    assert offenders.counts["foreign_data"] == 2
    assert len(caplog.records) == 1
