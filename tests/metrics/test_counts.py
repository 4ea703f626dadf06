"""What is counted stays bounded, whatever clients send."""

from __future__ import annotations

from tornchat.metrics.counts import Counts


def test_close_codes_of_clients_own_are_counted_as_one():
    counts = Counts()
    for code in (1000, 4001, None, *range(3000, 4000), 4999, 1005):
        counts.close(code)
    assert counts.closed == {"1000": 1, "4001": 1, "none": 1, "other": 1002}
