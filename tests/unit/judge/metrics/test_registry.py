from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from suite.judge.metrics import metric as module
from suite.judge.metrics.metric import STATISTICS
from suite.judge.metrics.registry import (
    PHASE_METRICS,
    REGISTRY,
    RUN_METRICS,
    statistics_by,
)

UNITS = {
    "ms", "s", "1", "tokens", "tokens/s", "requests", "requests/s", "J", "J/token", "tokens/J", "W",
    "GiB", "°C", "MHz",
}  # fmt: skip


@pytest.mark.parametrize("name", REGISTRY)
def test_every_metric_says_what_it_is(name):
    metric = REGISTRY[name]
    assert metric.id == name
    assert metric.unit in UNITS
    assert metric.direction in ("lower", "higher", "none")
    for text in (*metric.title, *metric.formula, metric.definition):
        assert text
        assert text == unicodedata.normalize("NFC", text)


def test_titles_are_distinct():
    for language in ("en", "zh"):
        titles = [getattr(metric.title, language) for metric in REGISTRY.values()]
        assert len(titles) == len(set(titles))


def test_scopes_divide_the_registry():
    assert len(PHASE_METRICS) + len(RUN_METRICS) == len(REGISTRY)


def test_every_module_with_metrics_is_in_the_registry():
    """A topic that the registry does not import would register nothing, without a word."""
    registered = {source.module.rpartition(".")[2] for source in module.SOURCES}
    room = Path(module.__file__).parent
    deciding = {
        path.stem
        for path in room.glob("*.py")
        if "@phase_metric" in path.read_text() or "@run_metrics(" in path.read_text()
    }
    assert deciding == registered


def test_only_ratios_are_written_in_per_cent():
    assert all(metric.unit == "1" for metric in REGISTRY.values() if metric.percent)


def test_places_of_headline_numbers_are_distinct():
    ranks = [metric.headline.rank for metric in REGISTRY.values() if metric.headline]
    assert len(ranks) == len(set(ranks)) == 9


def test_a_latency_has_every_statistic():
    assert list(statistics_by("ttft")) == [statistic.id for statistic in STATISTICS]
    assert statistics_by("ttft")["p999"] is REGISTRY["ttft_p999"]
    assert statistics_by("goodput") == {}


def test_what_needs_a_long_look_is_withheld_beyond_capacity():
    withheld = {metric.id for metric in PHASE_METRICS if metric.withheld and not metric.quantity}
    assert withheld == {
        "normalised_latency_mean", "goodput", "steady_output_throughput", "steady_start_s", "steady_share",
        "drift_ttft", "drift_tpot", "drift_output_throughput",
    }  # fmt: skip
    assert all(metric.withheld for metric in PHASE_METRICS if metric.quantity)
