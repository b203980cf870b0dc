from __future__ import annotations

import unicodedata

import pytest

from suite.judge.metrics.registry import REGISTRY, names

UNITS = {
    "ms", "s", "1", "tokens", "tokens/s", "requests", "requests/s", "J", "J/token", "tokens/J", "W",
}  # fmt: skip


@pytest.mark.parametrize("name", REGISTRY)
def test_every_metric_says_what_it_is(name):
    metric = REGISTRY[name]
    assert metric.name == name
    assert metric.unit in UNITS
    assert metric.direction in ("lower", "higher", "none")
    assert set(metric.title) == {"en", "zh"}
    for text in (*metric.title.values(), metric.formula, metric.definition):
        assert text
        assert text == unicodedata.normalize("NFC", text)


def test_titles_are_distinct():
    for language in ("en", "zh"):
        titles = [metric.title[language] for metric in REGISTRY.values()]
        assert len(titles) == len(set(titles))


def test_scopes_divide_the_registry():
    assert len(names("phase")) + len(names("run")) == len(REGISTRY)


def test_headlines():
    headline = {name for name, metric in REGISTRY.items() if metric.headline}
    assert {"ttft_p50", "tpot_p50", "output_throughput", "rouge1", "mfu"} <= headline
    assert len(headline) < 12
