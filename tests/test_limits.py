"""How often one connection may do something."""

from __future__ import annotations

import pytest

from tornchat.rates import STRIKE_SECONDS, STRIKES, Rate, Strikes


def test_a_burst_at_once_and_then_so_many_per_second():
    rate = Rate(per_second=2, burst=3)
    assert [rate.wait(100.0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert rate.wait(100.25) == pytest.approx(0.25)
    assert rate.wait(100.5) == 0
    assert rate.wait(100.5) == pytest.approx(0.5)


def test_who_is_silent_saves_no_more_than_a_burst():
    rate = Rate(per_second=10, burst=2)
    assert [rate.wait(1e6) for _ in range(3)] == [0, 0, pytest.approx(0.1)]


def test_a_refused_try_costs_nothing():
    rate = Rate(per_second=1, burst=1)
    assert rate.wait(5.0) == 0
    assert [rate.wait(5.5) for _ in range(10)] == [0.5] * 10
    assert rate.wait(6.0) == 0


@pytest.mark.parametrize(("per_second", "burst", "allowed"), [(0.0, 1, 1000), (1.0, 0, 1), (1.0, 1, 1)])
def test_0_per_second_is_no_limit_and_a_burst_is_at_least_one(per_second, burst, allowed):
    rate = Rate(per_second, burst)
    assert sum(rate.wait(7.0) == 0 for _ in range(1000)) == allowed


def test_more_than_20_refusals_in_10_seconds_are_too_many():
    strikes = Strikes()
    assert not any(strikes.add(now=0.1 * i) for i in range(STRIKES))
    assert strikes.add(now=5.0)


def test_old_refusals_are_forgotten():
    strikes = Strikes()
    for _ in range(STRIKES):
        assert not strikes.add(now=0.0)
    assert not strikes.add(now=STRIKE_SECONDS)
