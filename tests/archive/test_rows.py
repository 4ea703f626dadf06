"""An import takes what a client could have sent, and names each other row with its line."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest

from tests.polls import PollsPlugin
from tornchat.archive.jsonl import JsonLines
from tornchat.archive.rows import Rows
from tornchat.archive.source import Source
from tornchat.archive.state import RoomState
from tornchat.errors import SettingsError
from tornchat.kinds import BUILT_IN
from tornchat.marks import Mark
from tornchat.model import Entry, Membership, Mentions, More
from tornchat.service.drafts import Drafts

GOOD = Entry(7, "1", "romeo", "hello", 1_700_000_000_000, "d7", "c7")
NOW = int(time.time() * 1000)
live = Drafts("test", 4000).check


def source_of(folder: Path, *lines: bytes) -> Source:
    path = folder / "hall.jsonl"
    path.write_bytes(JsonLines().begin("hall", "e") + b"".join(lines))
    return Source(path, live)


def row(**changes: object) -> bytes:
    return JsonLines().records([msgspec.structs.replace(GOOD, **changes)])


def reaction(*tokens: str) -> bytes:
    return row(kind="reaction", target=1, text="", more=More(mark=Mark(tokens=tokens, added=tokens)))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (row(sent_at=GOOD.sent_at * 1000), "sent_at"),  # microseconds
        (row(sent_at=NOW + 8 * 24 * 3600 * 1000), "sent_at"),
        (row(sent_at=-1), "sent_at"),
        (row(sent_at=2**63), "sent_at"),
        (row(text="x" * 4001), "longer than 4000"),
        (row(text="a\0b"), "NUL"),
        (row(text=" \n"), "empty"),
        (row(text="bye", kind="deletion", target=1), "a deletion has no text"),
        (row(sender_id=""), "sender_id"),
        (row(sender_id="x" * 1001), "sender_id"),
        (row(sender_username="x" * 1001), "sender_username"),
        (row(sender_username="ro\0meo"), "sender_username"),
        (row(draft_id=""), "draft_id"),
        (row(client_id="x" * 65), "client_id"),
        (row(client_id=""), "client_id"),
        (row(seq=2**60), "seq"),
        (row().replace(b"hello", b"\\ud800"), "JSON"),
        (row().replace(b"hello", b"\xff"), "JSON"),
        (b'{"seq":1,"sender_id":"1"}\n', "missing required field"),
        (b"nonsense\n", "JSON"),
        (b"[" * 100_000 + b"\n", ""),
        (row().replace(b'"text"', b'"kind":"magic","text"'), "kind must be one of"),
        (row(target=1), "has no target"),
        (row(kind="edit", more=More(revision=1)), "as target"),
        (row(kind="edit", target=7, more=More(revision=1)), "as target"),
        (row(kind="edit", target=1), "has a field `more`"),
        (row(kind="edit", target=1, more=More(mark=Mark())), "has no tokens"),
        (row(kind="reaction", target=1, text="", more=More()), "has tokens"),
        (reaction(*map(str, range(21))), "at most 20"),
        (reaction("x" * 33), "1 to 32"),
        (reaction("a\tb"), "control"),
        (reaction("\u2764\ufe0f"), "variation selectors"),
        (row(more=More(meta="[]")), "meta is no JSON object"),
        (row(more=More(data="{}")), "This kind has no `data`"),
        (row(kind="edit", target=1, more=More(revision=1, data="[]")), "data is no JSON object"),
        (row(more=More(thread=7)), "thread is the seq of an earlier entry"),
        (row(more=More(reply_to=-1)), "reply_to is the seq of an earlier entry"),
        (row(more=More(mentions=Mentions(("u",) * 51))), "length <= 50"),
        (row().replace(b":7,", b":1e400,"), ""),
        (row().replace(b":7,", b":" + b"9" * 5000 + b","), ""),
    ],
)
def test_a_row_that_nobody_could_have_sent_is_refused(tmp_path: Path, line: bytes, words: str) -> None:
    source = source_of(tmp_path, row(seq=5), line, row(seq=2**50))
    assert list(source.refused) == [3]
    assert words in source.refused[3]
    assert [(one.line, one.entry.seq) for one in source.rows()] == [(2, 5), (4, 2**50)]


def test_what_a_live_chat_stores_is_taken(tmp_path: Path) -> None:
    good = [
        row(),
        row(seq=8, text=""),  # deleted
        row(seq=9, text="", kind="deletion", target=8, sender_id="(erased)"),
        row(seq=10, text="x" * 4000, sent_at=NOW),
        row(seq=11, client_id=None, sent_at=0),
        row(seq=12, text="hello!", kind="edit", target=7, more=More(revision=1)),
        row(seq=13, text="", kind="edit", target=8, more=More(revision=1)),  # of a deleted message
    ]
    source = source_of(tmp_path, *good)
    assert (source.refused, len(list(source.rows()))) == ({}, 7)


POLLS = {kind.name: kind for kind in PollsPlugin().entry_kinds()}
DATA = '{"options":["tea","coffee"]}'


def test_rows_of_declared_kinds_are_those_that_clients_could_send(tmp_path: Path) -> None:
    closing = More(revision=1, data='{"options":["tea","coffee"],"closed":true}')
    vote = More(mark=Mark(tokens=("1",), added=("1",)))
    good = [
        row(kind="poll", more=More(data=DATA)),
        row(seq=8, kind="vote", target=7, text="", more=vote),
        row(seq=9, kind="close-poll", target=7, text="", more=closing),
        row(seq=10, kind="poll", text=""),  # deleted
    ]
    bad = [
        (row(seq=11, kind="poll"), "missing required field"),
        (row(seq=12, kind="poll", more=More(data='{"options":["tea"]}')), "does not fit its kind"),
        (row(seq=13, kind="poll", more=More(data="[]")), "does not fit its kind"),
        (row(seq=14, kind="poll", target=7, more=More(data=DATA)), "has no target"),
        (row(seq=15, kind="vote", target=7, text="", more=More(mark=Mark(tokens=("1", "2")))), "at most 1"),
        (row(seq=16, kind="close-poll", text="", more=closing), "as target"),
        (row(seq=17, kind="close-poll", target=7, text="", more=vote), "has no tokens"),
    ]
    path = tmp_path / "polls.jsonl"
    path.write_bytes(JsonLines().begin("hall", "e") + b"".join([*good, *(line for line, _ in bad)]))
    source = Source(path, live, BUILT_IN | POLLS)
    assert list(source.refused) == list(range(6, 13))
    for (_, words), told in zip(bad, source.refused.values(), strict=True):
        assert words in told
    undeclared = source_of(tmp_path, *good[:3]).refused
    assert {*undeclared.values()} == {
        f"kind must be one of {', '.join(sorted(BUILT_IN))}; load the plugin that declares it"
    }


def test_entries_of_other_nodes_may_be_of_any_kind_of_the_three_shapes() -> None:
    rows = Rows(live, undeclared=True)
    message = msgspec.structs.replace(GOOD, kind="poll", more=More(data=DATA))
    vote = msgspec.structs.replace(GOOD, kind="vote", target=1, text="", more=More(mark=Mark(tokens=("1",))))
    revision = msgspec.structs.replace(GOOD, kind="close-poll", target=1, text="", more=More(revision=1))
    emptying = msgspec.structs.replace(GOOD, kind="redact", target=1, text="")
    assert [rows.fault(entry) for entry in (message, vote, revision, emptying)] == [""] * 4
    for entry in (revision, vote, emptying):
        late = msgspec.structs.replace(entry, target=7)
        assert "earlier entry as target" in rows.fault(late)
    assert "data is no JSON object" in rows.fault(msgspec.structs.replace(message, more=More(data="[")))


def test_a_state_with_an_id_that_nobody_has_is_refused(tmp_path: Path) -> None:
    state = RoomState(False, None, (Membership("x" * 1001, "member"),))
    with pytest.raises(SettingsError, match="line 2: a user's id"):
        source_of(tmp_path, JsonLines().state(state))


@pytest.mark.parametrize(("field", "text"), [("title", "x" * 81), ("topic", "a\u202eb")])
def test_a_state_with_a_text_that_no_room_has_is_refused(tmp_path: Path, field: str, text: str) -> None:
    state = msgspec.structs.replace(RoomState(False), **{field: text})
    with pytest.raises(SettingsError, match=f"line 2: A {field} has"):
        source_of(tmp_path, JsonLines().state(state))
