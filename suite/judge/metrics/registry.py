"""Every metric, in the order in which cards, pages and documents name them (metric_schema 2)."""

from __future__ import annotations

from suite.judge.metrics import (
    counts,
    devices,
    energy,
    engine,
    foreign,
    in_flight,
    latency,
    lengths,
    offered,
    repetition,
    roles,
    search,
    startup,
    steady,
    summaries,
    throughput,
    utilisation,
)
from suite.judge.metrics.metric import SOURCES, Metric, PhaseSource, RunSource

METRIC_SCHEMA = 2

_TOPICS = (
    latency,
    throughput,
    roles,
    search,
    steady,
    in_flight,
    offered,
    summaries,
    lengths,
    repetition,
    utilisation,
    energy,
    devices,
    engine,
    counts,
    foreign,
    startup,
)
"""Modules that compute metrics, in the order of the card; within a module metrics keep the order of the source."""

_IN_ORDER = [source for topic in _TOPICS for source in SOURCES if source.module == topic.__name__]
PHASE_SOURCES = tuple(source for source in _IN_ORDER if isinstance(source, PhaseSource))
RUN_SOURCES = tuple(source for source in _IN_ORDER if isinstance(source, RunSource))
PHASE_METRICS = tuple(metric for source in PHASE_SOURCES for metric in source.metrics)
RUN_METRICS = tuple(metric for source in RUN_SOURCES for metric in source.metrics)


def _by_id(metrics: tuple[Metric, ...]) -> dict[str, Metric]:
    known: dict[str, Metric] = {}
    for metric in metrics:
        if metric.id in known:
            raise ValueError(f"two metrics are called {metric.id}")
        known[metric.id] = metric
    return known


REGISTRY = _by_id((*PHASE_METRICS, *RUN_METRICS))
"""All metrics by id."""


def statistics_by(quantity: str) -> dict[str, Metric]:
    """The metrics that are statistics of a quantity such as ``ttft``, by statistic such as ``p50``."""
    return {
        metric.statistic.id: metric
        for metric in PHASE_METRICS
        if metric.quantity and metric.statistic and metric.quantity.id == quantity
    }
