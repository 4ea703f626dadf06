"""Collection of metrics. The counters are plain numbers elsewhere; they are converted only when scraped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from tornchat.metrics.histogram import Histogram
from tornchat.server.http.metrics.families import FAMILIES, Family, Node


class ChatCollector(Collector):
    """Collects the metrics of one chat; yields none while it does not run."""

    def __init__(self, node: Callable[[], Node | None]) -> None:
        self._node = node

    def collect(self) -> Iterator[Metric]:
        node = self._node()
        if node is not None:
            for family in FAMILIES:
                yield _metric(family, node)


def registry_of(node: Callable[[], Node | None]) -> CollectorRegistry:
    """Return a registry for one chat, which also contains the standard process metrics."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(ChatCollector(node))
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return registry


def _metric(family: Family, node: Node) -> Metric:
    if family.kind == "histogram":
        return _histograms(family, node)
    form = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    metric = form(family.name, family.words, labels=family.labels)
    for labels, value in family.read(node):
        assert not isinstance(value, Histogram)
        metric.add_metric(labels, value)
    return metric


def _histograms(family: Family, node: Node) -> Metric:
    metric = HistogramMetricFamily(family.name, family.words, labels=family.labels)
    for labels, value in family.read(node):
        assert isinstance(value, Histogram)
        metric.add_metric(labels, _buckets(value), value.total)
    return metric


def _buckets(histogram: Histogram) -> Sequence[tuple[str, float]]:
    """Return pairs of a bound and its cumulative count, as in the exposition format."""
    bounds = [*map(floatToGoString, histogram.bounds), "+Inf"]
    return list(zip(bounds, accumulate(histogram.counts), strict=True))
