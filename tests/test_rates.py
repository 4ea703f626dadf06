"""How often many callers may do something."""

from __future__ import annotations

import pytest

from tornchat.rates import Rates, network_of


def test_each_caller_has_a_rate_of_its_own():
    rates = Rates(per_second=1, burst=1)
    assert [rates.wait(who, 5.0) for who in "aba"] == [0, 0, 1]
    assert rates.wait("a", 6.0) == 0


def test_so_many_callers_are_remembered_and_those_away_longest_are_forgotten():
    rates = Rates(per_second=1, burst=1, most=3)
    for who in "abca":
        rates.wait(who, 5.0)
    rates.wait("d", 5.0)
    assert len(rates) == 3
    assert rates.wait("a", 5.0) > 0
    assert rates.wait("b", 5.0) == 0


def test_buckets_that_are_full_again_take_no_memory():
    rates = Rates(per_second=1, burst=3)
    for who in range(1000):
        rates.wait(who, 5.0)
    assert len(rates) == 1000
    for who in range(1000, 1600):
        rates.wait(who, 6.0)
    assert len(rates) == 600
    assert [rates.wait(1000, 6.0) for _ in range(3)] == [0, 0, 1], "what is not full is kept"


def test_0_per_second_is_no_limit_and_takes_no_memory():
    rates = Rates(per_second=0, burst=1)
    assert not any(rates.wait("a", 5.0) for _ in range(100))
    assert len(rates) == 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("a unix socket", "a unix socket"),
    ],
)
def test_an_ipv6_address_counts_as_its_network(address, network):
    assert network_of(address) == network
