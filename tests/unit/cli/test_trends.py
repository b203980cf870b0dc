"""What `suite history` and `suite regress` print."""

from __future__ import annotations

import pytest

from suite.cli import trends
from suite.documents.history import MetricTrend, Regressions, SeriesTrend


def trend(metric: str, unit: str) -> MetricTrend:
    return MetricTrend(
        phase="offline",
        metric=metric,
        unit=unit,
        direction="higher",
        trend="worse",
        before=0.8129,
        now=0.5,
        runs_before=5,
        runs_since=1,
        since="run-6",
        why="worse",
    )


def test_a_share_has_no_unit(capsys: pytest.CaptureFixture) -> None:
    series = SeriesTrend(
        series="0" * 64,
        title="CPU",
        newest="run-6",
        runs=6,
        metrics=(trend("rouge1", "1"), trend("output_throughput", "tokens/s")),
        broken=(),
        changed={},
    )
    trends.write_regressions(
        Regressions(history_schema=1, level=0.05, margin=0.02, worse=True, series=(series,))
    )
    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "offline/rouge1 worse 0.8129 -> 0.5 run-6 worse" in rows
    assert "offline/output_throughput worse 0.8129 -> 0.5 tokens/s run-6 worse" in rows
