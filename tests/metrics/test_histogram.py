"""Histograms: what is counted where, and what that says about a share of it."""

from __future__ import annotations

import pytest

from tornchat.metrics.histogram import LATENCIES, Histogram, quantile


def test_a_value_counts_at_the_first_bound_that_is_not_below_it():
    histogram = Histogram((1.0, 2.0))
    for value in (0.0, 1.0, 1.5, 2.0, 2.1, 99.0):
        histogram.observe(value)
    assert histogram.counts == [2, 2, 2]
    assert histogram.total == pytest.approx(105.6)


def test_quantiles_lie_between_the_bounds_as_if_values_were_spread_evenly():
    bounds = (1.0, 2.0, 4.0)
    assert quantile(bounds, (10, 0, 0, 0), 0.5) == 0.5
    assert quantile(bounds, (0, 10, 10, 0), 0.5) == 2.0
    assert quantile(bounds, (0, 10, 10, 0), 0.75) == 3.0
    assert quantile(bounds, (0, 0, 0, 3), 0.99) == 4.0


def test_of_nothing_there_is_no_quantile():
    assert quantile(LATENCIES, Histogram(LATENCIES).counts, 0.99) is None
