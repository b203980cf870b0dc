"""The tables of ``docs/metrics.md`` and ``docs/metrics.zh.md`` from the records; `suite.cli.pages` writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base import markdown
from suite.base.bilingual import Bilingual
from suite.judge.metrics.metric import STATISTICS
from suite.judge.metrics.registry import PHASE_METRICS, RUN_METRICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.judge.metrics.metric import Metric

_DIRECTIONS = {
    "lower": Bilingual("lower", "越低越好"),
    "higher": Bilingual("higher", "越高越好"),
    "none": Bilingual("none", "无"),
}


def latencies(language: str) -> str:
    """One row for each latency: every one has all statistics."""
    quantities = {
        metric.quantity.id: metric.quantity for metric in PHASE_METRICS if metric.quantity
    }
    columns = {"en": ("latency", "name", "formula", "definition"), "zh": ("延迟", "名称", "公式")}
    rows = [
        (
            f"`{quantity.id}`",
            getattr(quantity.title, language),
            getattr(quantity.formula, language),
            quantity.definition,
        )
        for quantity in quantities.values()
    ]
    return markdown.table(columns[language], [row[: len(columns[language])] for row in rows])


def statistics(language: str) -> str:
    """What is taken of every latency."""
    titles = {"en": ("statistic", "name"), "zh": ("统计量", "名称")}
    rows = [(f"`{statistic.id}`", getattr(statistic.name, language)) for statistic in STATISTICS]
    return markdown.table(titles[language], rows)


def _table(metrics: Sequence[Metric], language: str) -> str:
    titles = {
        "en": ("metric", "name", "unit", "better", "formula"),
        "zh": ("指标", "名称", "单位", "优劣", "公式"),
    }
    rows = [
        (
            f"`{metric.id}`",
            getattr(metric.title, language),
            metric.unit,
            getattr(_DIRECTIONS[metric.direction], language),
            getattr(metric.formula, language),
        )
        for metric in metrics
        if metric.quantity is None
    ]
    return markdown.table(titles[language], rows)


def of_a_phase(language: str) -> str:
    """The metrics of a phase that are no latency."""
    return _table(PHASE_METRICS, language)


def of_a_run(language: str) -> str:
    """The metrics of a run."""
    return _table(RUN_METRICS, language)
