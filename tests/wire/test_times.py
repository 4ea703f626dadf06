"""A time that no `datetime` can hold, as only a foreign program stores it, takes no room down."""

from __future__ import annotations

import pytest

from tornchat.model import Entry
from tornchat.server.http.api import forms
from tornchat.wire.classic import Classic
from tornchat.wire.times import timestamp
from tornchat.wire.v1.dialect import V1

FIRST, LAST = "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"


@pytest.mark.parametrize(
    ("sent_at", "shown"),
    [
        (1_710_417_600_999, "2024-03-14T12:00:00Z"),
        (1_710_417_600_999.5, "2024-03-14T12:00:00Z"),
        (1_710_417_600_000_000, LAST),  # microseconds
        (2**63 - 1, LAST),
        (-(2**63), FIRST),
        (float("inf"), LAST),
        (float("nan"), FIRST),
    ],
)
def test_any_time_is_shown(sent_at: float, shown: str) -> None:
    assert timestamp(sent_at) == forms.timestamp(sent_at / 1000) == shown


@pytest.mark.parametrize("dialect", [Classic(), V1()])
def test_an_entry_of_any_time_is_a_frame(dialect: Classic | V1) -> None:
    for sent_at in (2**63 - 1, -(2**63)):
        assert b"chat_message" in dialect.entry(Entry(1, "1", "romeo", "hi", sent_at, "d"))
