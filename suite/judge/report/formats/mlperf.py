"""MLPerf LoadGen's fields in the form of its summary log; no MLPerf result, and it says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual
from suite.judge.report.formats.format import Format
from suite.judge.report.othertools.loads import Load, loads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.judge.report.formats.format import Subject

_SCENARIOS = {"single_stream": "SingleStream", "offline": "Offline", "server": "Server"}
_PERCENTILES = (50.0, 90.0, 95.0, 97.0, 99.0, 99.9)
_LINE = "=" * 48


def _order(values: Sequence[float], percent: float) -> int:
    """LoadGen's percentile: an order statistic, in nanoseconds."""
    ordered = sorted(values)
    return round(ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)])


def _latencies(title: str, values: Sequence[float]) -> list[str]:
    if not values:
        return [f"{title}: no samples"]
    lines = [
        f"Min {title} (ns)                : {round(min(values))}",
        f"Max {title} (ns)                : {round(max(values))}",
        f"Mean {title} (ns)               : {round(sum(values) / len(values))}",
    ]
    return lines + [
        f"{percent:.2f} percentile {title} (ns)   : {_order(values, percent)}"
        for percent in _PERCENTILES
    ]


def _summary(load: Load) -> list[str]:
    # Its clocks start when a query is due.
    due = [float(answer.last - answer.scheduled) for answer in load.answers]
    first = [float(answer.first - answer.scheduled) for answer in load.answers]
    each = [value * 1e6 for value in load.tpot_ms]
    seconds = load.totals.seconds
    return [
        _LINE,
        "MLPerf Results Summary (fields of LoadGen; not an MLPerf result)",
        _LINE,
        f"SUT name : {load.evidence.plan.engine.title}",
        f"Scenario : {_SCENARIOS.get(load.phase.scenario, load.phase.scenario)}",
        f"Phase    : {load.name}",
        "Mode     : PerformanceOnly",
        f"Completed samples per second    : {len(load.answers) / seconds:.6g}",
        f"Completed tokens per second     : {load.totals.generated / seconds:.6g}",
        f"Samples : {len(load.answers)}, failed : {load.failed}",
        "",
        _LINE,
        "Additional Stats",
        _LINE,
        *_latencies("latency", due),
        *_latencies("First Token latency", first),
        *_latencies("Time to Output Token", each),
        "",
    ]


def render(subject: Subject) -> bytes:
    """A summary for each phase."""
    return "\n".join(line for load in loads(subject) for line in _summary(load)).encode()


FORMAT = Format(
    Bilingual("MLPerf LoadGen's fields", "MLPerf LoadGen 的字段"),
    ".txt",
    "evidence",
    render,
    per_phase=True,
)
