"""The metrics by the conventions of Prometheus, the page about them, and the Grafana dashboard."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.server.http.metrics.scraping import scraped
from tornchat.server.http.metrics.families import FAMILIES, Family
from tornchat.testing import running_chat

DOCS = Path(__file__).parents[4] / "docs"
DASHBOARD = DOCS / "grafana" / "tornchat.json"


def named(family: Family) -> str:
    return family.name


@pytest.mark.parametrize("family", FAMILIES, ids=named)
def test_names_follow_the_conventions(family: Family) -> None:
    """What `promtool check metrics` looks at."""
    assert re.fullmatch(r"tornchat(_[a-z]+)+", family.name)
    assert family.name.endswith("_total") == (family.kind == "counter")
    assert not re.search(r"_(sum|count|bucket|gauge|counter|histogram)$", family.name)
    assert not re.search(r"_(milliseconds|ms|minutes|kilobytes|kb|mb|percent)(_|$)", family.name)
    assert family.kind != "histogram" or re.search(r"_(seconds|bytes|messages)$", family.name)
    assert family.words.endswith(".")
    for label in family.labels:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", label)
        assert label not in ("le", "quantile", "job", "instance")


def test_no_name_is_there_twice() -> None:
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)


def test_the_page_has_the_same_table() -> None:
    told = re.findall(
        r"^\| `(tornchat_\w+)` \| (\w+) \| (.*?) \| (.*) \|$", (DOCS / "metrics.md").read_text(), re.M
    )
    assert told == [
        (f.name, f.kind, ", ".join(f"`{label}`" for label in f.labels), f.words) for f in FAMILIES
    ]


def queries(node: Any) -> list[str]:
    """Every PromQL expression of a dashboard, wherever it stands."""
    if isinstance(node, list):
        return [query for item in node for query in queries(item)]
    if not isinstance(node, dict):
        return []
    own = [node[key] for key in ("expr", "query", "definition") if isinstance(node.get(key), str)]
    return own + [query for item in node.values() for query in queries(item)]


@pytest.mark.gen_test
async def test_every_query_of_the_grafana_dashboard_names_a_metric_that_is_told() -> None:
    async with running_chat() as chat:
        told = await scraped(chat)
    known = {name for family in told.values() for name in family.names}
    found = queries(json.loads(DASHBOARD.read_text()))
    wanted = {name for query in found for name in re.findall(r"\b(?:tornchat|process|python)_\w+", query)}
    assert len(found) >= 20
    assert wanted - known == set()
