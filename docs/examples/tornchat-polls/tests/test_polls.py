"""`polls`: the contract of kinds, and what it does itself."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest
from msgspec.structs import replace
from tornchat_polls import Poll, PollsPlugin, check_vote, close

from tornchat import Changes, Entry, Mark, More, Refusal
from tornchat.testing import KindsContract, draft

TEA = Poll(("tea", "coffee"))


class TestTheKinds(KindsContract):
    examples: ClassVar = {"poll": [TEA, Poll(("tea", "coffee"), closed=True), Poll(("x" * 200,) * 10)]}
    sets: ClassVar = {"vote": [[], ["1"], ["2"], ["3"], ["tea"]]}

    def make_plugin(self, tmp_path: Path) -> PollsPlugin:
        return PollsPlugin()


def asked(closed: bool = False) -> Entry:
    data = f'{{"options":["tea","coffee"],"closed":{str(closed).lower()}}}'
    return Entry(1, "id-ann", "ann", "Tea?", 0, "d1", kind="poll", more=More(data=data))


@pytest.mark.parametrize(
    ("token", "closed", "code"), [("1", False, ""), ("3", False, "invalid_message"), ("1", True, "rejected")]
)
def test_votes_are_for_options_of_open_polls(token: str, closed: bool, code: str) -> None:
    vote = replace(draft(""), more=More(mark=Mark(tokens=(token,))))
    refusal = check_vote(asked(closed), vote)
    assert (refusal.code if refusal else "") == code


def test_a_poll_is_closed_once() -> None:
    first, second = close(asked(), draft("")), close(asked(closed=True), draft(""))
    assert isinstance(first, Changes)
    assert (first.text, first.data) == ("Tea? (closed)", Poll(("tea", "coffee"), closed=True))
    assert isinstance(second, Refusal)
