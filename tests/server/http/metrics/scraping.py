"""What a running chat tells Prometheus, read by Prometheus' own parser."""

from __future__ import annotations

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.server.http.web import ask
from tornchat.testing import RunningChat


class Told:
    """One metric as it was told: its values by their labels, and every name that a query may use."""

    def __init__(self, metric: Metric) -> None:
        self.kind = metric.type
        self.words = metric.documentation
        self.samples = metric.samples
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
        self.names = {metric.name + suffix for suffix in suffixes.get(metric.type, ("",))}

    def value(self, suffix: str = "", **labels: str) -> float:
        """The value of the one sample with this ending of its name and these labels."""
        [found] = [s.value for s in self.samples if s.name.endswith(suffix) and s.labels == labels]
        return found


async def scraped(chat: RunningChat) -> dict[str, Told]:
    """Name, without `_total`, -> what was told."""
    answer = await ask(chat, "GET", "/metrics")
    assert answer.status == 200, answer.body
    return {metric.name: Told(metric) for metric in text_string_to_metric_families(answer.body.decode())}
